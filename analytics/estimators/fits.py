"""Fits to cells, as weights on the cells' means: imputation, two-way fixed effects, trends.

The imputation estimator (Borusyak, Jaravel & Spiess 2024) fits cohort and period effects to the
untrained cells and reads the effect as what is left over in the trained ones. With a working
covariance (`working`) the same fit is weighted by how a unit's months move together, and predicts
from the cohort's own earlier residuals (best linear unbiased prediction). Unbiased under parallel
trends whatever the working covariance; a good one only makes it more precise.

The trend-adjusted effect is the jump at the start that a straight line of each cohort's own cannot
explain. It asks whether an effect is more than a drift that was under way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, Grid

Covariance = Callable[[int], FloatArray]
"""Gives, for a cohort's row, the covariance of its cells' means over the periods, up to scale."""


def by_exposure(grid: Grid) -> Covariance:
    """Return the plain working covariance: independent cells, as precise as they are large."""
    variance = 1.0 / np.where(grid.den > 0, grid.den, 1.0)
    return lambda g: np.diag(variance[g])


def one_course(grid: Grid) -> FloatArray:
    """Return the design of cohorts that are alike but for chance: period dummies alone."""
    rows, columns = grid.den.shape
    return np.array(np.broadcast_to(np.eye(columns), (rows, columns, columns)))


def additive(grid: Grid, *, lines: bool = False) -> FloatArray:
    """Return the design: period and cohort dummies, and if asked a straight line a cohort."""
    rows, columns = grid.den.shape
    period = one_course(grid)
    dummy = np.repeat(np.eye(rows)[:, None, :], columns, axis=1)
    time = (grid.periods - grid.periods.mean()) / max(float(np.ptp(grid.periods)), 1.0)
    parts = [period, dummy]
    if lines:
        parts.append(dummy * time[None, :, None])
    return np.concatenate(parts, axis=2)


class Fit:
    """A generalised least-squares fit to some cells; blocks of one cohort are all it inverts."""

    def __init__(
        self, grid: Grid, design: FloatArray, use: BoolArray, covariance: Covariance
    ) -> None:
        self.design, self.use, self._covariance = design, use, covariance
        self._weighted = np.zeros_like(design)
        for g in np.flatnonzero(use.any(axis=1)).tolist():
            u = use[g]
            self._weighted[g, u] = np.linalg.solve(covariance(g)[np.ix_(u, u)], design[g, u])
        self._normal = np.einsum("gtp,gtq->pq", self._weighted, design)
        self._inverse = np.linalg.pinv(self._normal, rcond=1e-11, hermitian=True)

    @property
    def reachable(self) -> BoolArray:
        """Return the cells whose expectation the fitted cells identify."""
        projected = self.design @ (self._inverse @ self._normal)
        scale = 1.0 + np.abs(self.design).max()
        return np.asarray(np.abs(projected - self.design).max(axis=2) < 1e-6 * scale)

    def identifies(self, wanted: FloatArray) -> bool:
        """Return whether the fitted cells identify a combination of the coefficients."""
        off = wanted @ self._inverse @ self._normal - wanted
        return float(np.abs(off).max()) < 1e-6 * (1.0 + float(np.abs(wanted).max()))

    def of_coefficients(self, wanted: FloatArray) -> FloatArray:
        """Return the weights on the cells' means of a combination of the coefficients."""
        return np.asarray(self._weighted @ (self._inverse @ wanted))

    def fitted(self, mean: FloatArray) -> FloatArray:
        """Return the expectation of every cell."""
        moments = np.einsum("gtp,gt->p", self._weighted, np.where(self.use, mean, 0.0))
        return np.asarray(self.design @ (self._inverse @ moments))

    def of_prediction(self, target: FloatArray) -> FloatArray:
        """Return the weights of the best prediction of ``sum(target * mean)``."""
        blup = np.zeros_like(target)
        for g in np.flatnonzero((target != 0).any(axis=1)).tolist():
            u = self.use[g]
            whole = self._covariance(g)
            if u.any():
                blup[g, u] = np.linalg.solve(whole[np.ix_(u, u)], whole[u] @ target[g])
        wanted = np.einsum("gtp,gt->p", self.design, target - blup)
        return blup + self.of_coefficients(wanted)


def fit_untrained(grid: Grid, covariance: Covariance) -> Fit:
    """Return the fit of cohort and period effects to the cells without training."""
    return Fit(grid, additive(grid), grid.untreated, covariance)


def common(grid: Grid) -> FloatArray:
    """Return each cell's mean by cohort, period, and one effect of training for all."""
    trained = grid.treated[:, :, None].astype(float)
    design = np.concatenate([additive(grid), trained], axis=2)
    return Fit(grid, design, grid.there, by_exposure(grid)).fitted(grid.mean)


def imputation(grid: Grid, covariance: Covariance | None = None) -> FloatArray | None:
    """Return the weights of the imputation estimate, averaged over trained units and periods."""
    return effect_of_training(grid, fit_untrained(grid, covariance or by_exposure(grid)))


def effect_of_training(grid: Grid, fit: Fit) -> FloatArray | None:
    """Return the weights of the trained cells' mean less what a fit to the untrained foretells."""
    trained = grid.treated & fit.reachable
    if not trained.any():
        return None
    target = np.where(trained, grid.den, 0.0) / grid.den[trained].sum()
    return np.asarray(target - fit.of_prediction(target))


def twfe(grid: Grid) -> FloatArray | None:
    """Return the weights of the two-way fixed effects coefficient, the commonly used wrong one."""
    return _jump(grid, additive(grid), grid.there, by_exposure(grid))


def trend_adjusted(grid: Grid, covariance: Covariance) -> FloatArray | None:
    """Return the weights of the jump at the start, beside a line of each cohort's own.

    A cohort seen in a single period before its start takes no part: its line would be that of the time
    after, and the jump whatever that one period was, a bad month that people were sent for as well.
    Where the time after the start is long, its first two periods are left out: an effect that takes
    two periods to settle would otherwise pass for the beginning of a line.
    """
    event = grid.periods[None, :] - grid.cohorts[:, None]
    after = (grid.treated & (event >= 0)).sum(axis=1)[grid.starts]
    settling = 2 if len(after) and np.median(after) >= 6 else 0
    has_line = grid.never | (grid.untreated.sum(axis=1) >= 2)
    use = grid.there & has_line[:, None] & ~(grid.treated & (event < settling))
    return _jump(grid, additive(grid, lines=True), use, covariance)


def _jump(
    grid: Grid, design: FloatArray, use: BoolArray, covariance: Covariance
) -> FloatArray | None:
    """Return the weights of the coefficient of being trained, beside ``design``."""
    trained = grid.treated[:, :, None].astype(float)
    fit = Fit(grid, np.concatenate([design, trained], axis=2), use, covariance)
    wanted = np.zeros(fit.design.shape[2])
    wanted[-1] = 1.0
    return fit.of_coefficients(wanted) if fit.identifies(wanted) else None
