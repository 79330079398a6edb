"""A start drawn by lot here is tested by the lots themselves: they are drawn anew, many times.

Only draws within the same bounds count, since no other could have come: what was held even when the
lots were drawn is held even here. Each team keeps its own series; the share of draws that do at
least as much is the p value, and the draw that was made is one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.checks.few import series
from analytics.estimators.grid import FloatArray, Grid, IntArray
from analytics.estimators.panel import NEVER, Panel
from analytics.estimators.permutation import Permuted


@dataclass(frozen=True)
class Redraws:
    """Draws as likely as the one that was made: draws × clusters, the month of each start."""

    clusters: IntArray
    starts: IntArray


def drawn_anew(panel: Panel, grid: Grid, weights: FloatArray, redraws: Redraws) -> Permuted | None:
    """Return the p value, or None when some cluster was not seen in every period, or not drawn."""
    num, den, cohort, cluster = series(panel, grid)
    needed = (weights != 0).any(axis=0)
    if not np.isin(cluster, redraws.clusters).all() or (den[:, needed] <= 0).any():
        return None
    labels = _labels(grid, redraws, cluster)
    if labels is None:
        return None
    mean = np.divide(num, den, out=np.zeros_like(num), where=den > 0)
    share = weights / np.maximum(np.bincount(cohort, minlength=len(weights)), 1)[:, None]
    parts = mean @ share.T
    rows = np.arange(len(cohort))
    observed = abs(float(parts[rows, cohort].sum()))
    values = np.abs(parts[rows, labels].sum(axis=1))
    as_much = int((values >= observed - 1e-9 * max(1.0, observed)).sum())
    spread = float(np.sqrt((values**2).mean()))
    return Permuted((as_much + 1) / (len(values) + 1), len(values), exact=False, spread=spread)


def _labels(grid: Grid, redraws: Redraws, cluster: np.ndarray) -> IntArray | None:
    """Return each draw's cohorts as rows of the grid; None when one of them is not there."""
    order = np.argsort(redraws.clusters)
    place = order[np.searchsorted(redraws.clusters[order], cluster)]
    starts = redraws.starts[:, place]
    within = np.where(starts > grid.periods[-1], NEVER, starts)
    labels = np.searchsorted(grid.cohorts, within).clip(max=len(grid.cohorts) - 1)
    there = grid.cohorts[labels] == within
    return labels.astype(np.int64) if there.all() and not grid.always[labels].any() else None
