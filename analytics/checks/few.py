"""With fewer than twelve clusters no formula for the error can be trusted: deal the starts anew.

Each cluster's own series is kept and the cohorts are dealt among the clusters in every way; what
the estimate's weights give is compared with what they gave in fact. A single trained cluster is
this test's extreme: the rank of its effect among the placebo effects of the others.

Clusters that were not all seen in every period cannot take each other's place. There the wild
bootstrap (Cameron, Gelbach & Miller 2008) turns the sign of whole clusters' deviations from a course
without any effect, in every way, and asks how often the t value is as large.
"""

from __future__ import annotations

import numpy as np

from analytics.estimators import fits
from analytics.estimators.clusters import series
from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.panel import Panel
from analytics.estimators.permutation import Permuted, deal_test

FEW = 12


def are_dealt(clusters: int, trained: int) -> bool:
    """Return whether so few take part, or one alone was trained, that p comes of dealing anew."""
    return clusters < FEW or trained == 1


def dealt_anew(panel: Panel, grid: Grid, weights: FloatArray) -> Permuted | None:
    """Return the permutation p value, or None when some cluster was not seen in every period, or
    lies in two cohorts.
    """
    num, den, cohort, cluster = series(panel, grid)
    needed = (weights != 0).any(axis=0)
    crossed = len(np.unique(cluster)) < len(cluster)
    if len(np.unique(cohort)) < 2 or crossed or (den[:, needed] <= 0).any():
        return None
    mean = np.divide(num, den, out=np.zeros_like(num), where=den > 0)
    share = weights / np.maximum(np.bincount(cohort, minlength=len(weights)), 1)[:, None]
    trained = grid.treated[cohort].astype(np.float64)
    return deal_test(mean @ share.T, cohort, -trained @ share.T)


def signs_flipped(panel: Panel, grid: Grid, weights: FloatArray) -> Permuted | None:
    """Return the wild bootstrap's p value, or None when some cohort is a single cluster, or a
    cluster lies in two cohorts.
    """
    num, den, cohort, cluster = series(panel, grid)
    alone = (np.bincount(cohort)[np.unique(cohort)] < 2).any()
    if len(cohort) > FEW or alone or len(np.unique(cluster)) < len(cluster):
        return None
    plain = fits.Fit(grid, fits.additive(grid), grid.there, fits.by_exposure(grid))
    share = np.divide(weights, grid.den, out=np.zeros_like(weights), where=grid.den > 0)
    left = (num - plain.fitted(grid.mean)[cohort] * den) * share[cohort]
    ways = np.arange(2 ** len(cohort))[:, None] >> np.arange(len(cohort))
    each = 1.0 - 2.0 * (ways & 1).astype(np.float64)
    values = np.abs(_t_values(each, left, den, grid, cohort))
    as_much = values >= values[0] - 1e-9 * max(1.0, values[0])
    # All signs turned at once give as much again.
    least_p = 2 / len(each)
    return Permuted(float(as_much.mean()), len(each), exact=True, spread=0.0, least_p=least_p)


def _t_values(
    signs: FloatArray, left: FloatArray, den: FloatArray, grid: Grid, cohort: np.ndarray
) -> FloatArray:
    """Return the effect over its error for each way of turning the clusters' signs."""
    total, square = np.zeros(len(signs)), np.zeros(len(signs))
    for g in np.unique(cohort):
        own = cohort == g
        turned = signs[:, own, None] * left[own]
        moved = turned.sum(axis=1)[:, None, :] * (den[own] / np.maximum(grid.den[g], 1e-300))
        parts = (turned - moved).sum(axis=2)
        parts -= parts.mean(axis=1, keepdims=True)
        n = int(own.sum())
        square += n / (n - 1) * (parts**2).sum(axis=1)
        total += turned.sum(axis=(1, 2))
    return np.divide(total, np.sqrt(square), out=np.zeros(len(signs)), where=square > 0)
