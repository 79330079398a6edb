"""Start drawn by lot: what each cohort would have had is foretold from all its months before.

Where chance alone decides who starts when, cohorts are alike but for chance, and one course over the
periods serves them all. How a cohort stood above or below it before its start foretells how it would
have stood later: as far as months hang together, which the working covariance tells (`working`). With
a lasting level and noise alone it is the analysis of covariance on the mean before; shocks that fade
make the last months count for more. The effect is what the trained had less what was foretold, in
every period, whatever its course.

It is the mixed model of stepped-wedge trials (Hussey and Hughes 2007; with fading, Kasza and others
2019) with an effect for each cohort and period, and one of the class of Roth and Sant'Anna (2023)
that takes off the differences before the start by a set of weights. `efficient` takes off one of
them, the last, by a weight of its own; the few numbers of the covariance bear all of them with some
forty clusters. The draw makes it unbiased whatever the covariance; a good one makes it precise. The
covariance is that of all clusters about one course, whoever was drawn: with clusters of one size the
weights are the same for every draw, so that drawing the lots anew is an exact test.
"""

from __future__ import annotations

import numpy as np

from analytics.estimators import fits
from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.poisson import RateRatio


def adjusted(grid: Grid, covariance: fits.Covariance | None) -> FloatArray | None:
    """Return the weights of the mean effect; None without a covariance to foretell by."""
    if covariance is None:
        return None
    alike = fits.Fit(grid, fits.one_course(grid), grid.untreated, covariance)
    return fits.effect_of_training(grid, alike)


def rate_ratio(grid: Grid, weights: FloatArray) -> RateRatio | None:
    """Return what happened to the trained over what was foretold, from the effect's own weights.

    The logarithm's weights are those of the two parts, each over its size: linear to first order.
    """
    there = float(np.where(grid.treated, weights * grid.mean, 0.0).sum())
    without = there - float((weights * grid.mean).sum())
    if there <= 0 or without <= 0:
        return None
    size = float(grid.den[grid.treated & (weights != 0)].sum())
    share = np.where(grid.treated, weights / there, weights / without)
    return RateRatio(float(np.log(there / without)), share, there * size, without * size)
