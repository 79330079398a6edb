"""How a unit's periods move together: a covariance to weight with, never to test with.

Four parts, each of which companies show: a level that lasts, a drift, shocks that fade from period
to period, and noise. They are fitted to the pooled covariance of the clusters' deviations from
their cohort by non-negative least squares, on a grid of the rate of fading. Errors never rest on it:
they come from the clusters themselves (`errors`).
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from analytics.estimators.fits import Covariance, by_exposure
from analytics.estimators.grid import FloatArray, Grid

_FADING = np.arange(0.0, 0.96, 0.05)
_LEAST_CLUSTERS = 12


def working_covariance(grid: Grid, pooled: FloatArray) -> Covariance:
    """Return the fitted covariance of each cohort's cells; the plain one when there is too little."""
    return fitted_covariance(grid, pooled) or by_exposure(grid)


def fitted_covariance(grid: Grid, pooled: FloatArray) -> Covariance | None:
    """Return the fitted covariance of each cohort's cells, or None when there is too little."""
    enough = int(grid.clusters[~grid.always].sum()) >= _LEAST_CLUSTERS
    if not enough or not np.isfinite(pooled).all() or np.trace(pooled) <= 0:
        return None
    omega = _fitted(pooled, grid.periods.astype(np.float64))
    return lambda g: omega / max(int(grid.clusters[g]), 1)


def _fitted(pooled: FloatArray, time: FloatArray) -> FloatArray:
    centred = time - time.mean()
    lag = np.abs(time[:, None] - time[None, :])
    lag = lag / max(float(lag[lag > 0].min(initial=1.0)), 1.0)
    drift = np.outer(centred, centred) / max(float((centred**2).mean()), 1.0)
    best, least = pooled, np.inf
    for rate in _FADING:
        parts = [np.ones_like(lag), np.eye(len(time)), drift]
        parts += [rate**lag] if rate > 0 else []
        design = np.stack([part.ravel() for part in parts], axis=1)
        share, off = optimize.nnls(design, pooled.ravel())
        if off < least * (1 - 1e-9):
            best, least = (design @ share).reshape(pooled.shape), off
    # A little noise keeps the matrix well away from singular.
    return best + np.eye(len(time)) * (0.01 * float(np.trace(best)) / len(time))
