"""Everything that is measured of one panel, in two passes: effects, leads, naive numbers, checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators import adjusted, efficient, fits, group_time, naive
from analytics.estimators.clusters import series
from analytics.estimators.errors import Measured, Spread, deviations_of, measure
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray, Grid, grid_of
from analytics.estimators.moments import LISTED
from analytics.estimators.panel import Panel
from analytics.estimators.poisson import RateRatio, rate_ratio
from analytics.estimators.question import Question
from analytics.estimators.working import fitted_covariance

ENOUGH_BESIDE = 0.10
"""A comparison beside less than a tenth of the trained time is none."""


@dataclass(frozen=True)
class Study:
    """A panel and a question; what follows is worked out when first asked for."""

    panel: Panel
    question: Question

    @cached_property
    def grid(self) -> Grid:
        """Return the cells."""
        return grid_of(self.panel)

    @cached_property
    def deviations(self) -> Spread:
        """Return the clusters' deviations: the second pass."""
        return deviations_of(self.panel, self.grid)

    @cached_property
    def effects(self) -> group_time.GroupTime:
        """Return the group-time effects."""
        return group_time.group_time(self.grid, self.question.comparison)

    @cached_property
    def compared(self) -> bool:
        """Return whether enough of the trained time has anyone untrained beside it."""
        trained = float(self.grid.den[self.grid.treated].sum())
        beside = float(self.effects.size[self.effects.event >= 0].sum())
        return beside > 0 and beside >= ENOUGH_BESIDE * trained

    @cached_property
    def trained_rows(self) -> BoolArray:
        """Return the cohorts an effect is estimated for."""
        rows = np.zeros(len(self.grid.cohorts), bool)
        rows[np.unique(self.effects.cohort[self.effects.event >= 0])] = True
        return rows

    @cached_property
    def comparison_rows(self) -> BoolArray:
        """Return the cohorts that stand for the untrained in some effect."""
        after = np.flatnonzero(self.effects.event >= 0)
        rows = np.zeros(len(self.grid.cohorts), bool)
        for at in after.tolist():
            used = self.effects.weights[at].any(axis=1)
            used[self.effects.cohort[at]] = False
            rows |= used
        return rows

    def clusters_in(self, cohorts: BoolArray) -> int:
        """Return how many clusters lie in some cohorts: one that lies in several is one."""
        if not self.grid.there.any():
            return int(self.grid.clusters[cohorts].sum())
        return self.deviations.clusters_in(cohorts)

    @cached_property
    def fitted(self) -> fits.Covariance | None:
        """Return the fitted covariance of the cells; None when there is too little to fit it to."""
        return fitted_covariance(self.grid, self.deviations.pooled)

    @cached_property
    def drawn(self) -> fits.Covariance | None:
        """Return the covariance by which a draw by lot foretells; None as for `fitted`.

        It is that of all clusters about one course, which does not hang on who was drawn: so what
        other lots would have given is weighed as what these gave. Beyond `LISTED` clusters chance
        leaves no difference.
        """
        if self.grid.clusters.sum() > LISTED:
            return self.fitted
        return fitted_covariance(self.grid, series(self.panel, self.grid).covariance)

    @property
    def covariance(self) -> fits.Covariance:
        """Return the working covariance of the cells."""
        return self.fitted or fits.by_exposure(self.grid)

    @cached_property
    def simple(self) -> FloatArray | None:
        """Return the weights of the mean effect over all trained units and periods."""
        return group_time.simple(self.effects)

    @cached_property
    def headline_weights(self) -> FloatArray | None:
        """Return the weights of the effect that is told.

        Asked to compare with the never trained only, it is the group-time estimate; otherwise the
        imputation estimate with the working covariance, more precise under the same assumption.
        A start drawn by lot allows more still: the efficient estimate, or the adjusted one.
        """
        if self.adjusts:
            return self.adjusted
        if self.efficient is not None:
            return self.efficient
        if self.question.comparison == "never":
            return self.simple
        return fits.imputation(self.grid, self.covariance)

    @cached_property
    def adjusts(self) -> bool:
        """Return whether the effect that is told is the one adjusted for all periods before.

        It is where whole clusters were drawn, as in the trials it comes from, and for our own draw.
        Of units that were drawn one by one, as published, the efficient estimate is told.
        """
        whole = int(self.grid.people.sum()) > int(self.grid.clusters.sum())
        asked = self.question.comparison != "never" and (whole or self.question.own_draw)
        return asked and self.adjusted is not None

    @cached_property
    def adjusted(self) -> FloatArray | None:
        """Return the weights of the effect beside what all periods before foretell, for a draw."""
        if not self.question.randomised_timing:
            return None
        return adjusted.adjusted(self.grid, self.drawn)

    @cached_property
    def efficient(self) -> FloatArray | None:
        """Return the weights of the efficient estimate, for a start drawn by lot."""
        if not self.question.randomised_timing:
            return None
        return efficient.efficient(self.grid, self.deviations, self.question.comparison)

    @cached_property
    def poisson(self) -> RateRatio | None:
        """Return the ratio of rates of the log-linear model, for events per exposure."""
        return rate_ratio(self.grid) if self.question.per_exposure else None

    @cached_property
    def drawn_ratio(self) -> RateRatio | None:
        """Return the ratio to what was foretold, for events per exposure where that is told."""
        if not (self.question.per_exposure and self.adjusts) or self.adjusted is None:
            return None
        return adjusted.rate_ratio(self.grid, self.adjusted)

    @cached_property
    def weights(self) -> dict[str, FloatArray | None]:
        """Return the weights of everything that is told beside the headline and the leads."""
        return {
            "headline": self.headline_weights,
            "simple": self.simple,
            "group": group_time.group(self.effects),
            "dynamic": group_time.dynamic(self.effects),
            "imputation": fits.imputation(self.grid),
            "efficient": self.efficient,
            "adjusted": self.adjusted,
            "trend_adjusted": fits.trend_adjusted(self.grid, self.covariance),
            **naive.naive(self.grid),
        }

    @cached_property
    def measured(self) -> Measured:
        """Return the estimates of `weights` with their errors."""
        tilts = dict(self.tilts)
        if self.weights["headline"] is self.weights["simple"]:
            tilts["headline"] = tilts["simple"]
        return measure(self.deviations, self.weights, tilts)

    @cached_property
    def tilts(self) -> dict[str, FloatArray]:
        """Return how the shares of the cohorts move each average over them."""
        return group_time.tilts(self.effects)

    @cached_property
    def log_poisson(self) -> Estimate | None:
        """Return the logarithm of the log-linear model's ratio with its error."""
        return self._logarithm(self.poisson)

    @cached_property
    def log_ratio(self) -> Estimate | None:
        """Return the logarithm of the ratio that is told with its error."""
        return self._logarithm(self.drawn_ratio or self.poisson)

    def _logarithm(self, ratio: RateRatio | None) -> Estimate | None:
        if ratio is None:
            return None
        cov, df = self.deviations.covariance(ratio.weights[None])
        return Estimate(ratio.log, float(np.sqrt(max(cov[0, 0], 0.0))), float(df[0]))

    @cached_property
    def events(self) -> dict[int, Estimate]:
        """Return the effect by periods since the start, negative before it."""
        times = [int(e) for e in np.unique(self.effects.event)]
        weights = {str(e): group_time.at_event(self.effects, e) for e in times}
        told = measure(self.deviations, weights, self.tilts)
        return {e: told[str(e)] for e in times if str(e) in told.names}
