"""A start drawn by lot here is tested by the lots themselves: they are drawn anew, many times.

Only draws within the same bounds count, since no other could have come: what was held even when the
lots were drawn is held even here. Each team keeps its own series; the share of draws that do at
least as much is the p value, and the draw that was made is one of them. So stepped-wedge trials are
tested (Ji, Fink, Robyn and Small 2017; Wang and De Gruttola 2017).

The interval is the test turned round (`analytics.estimators.inverting`): every effect that the draws
would not reject once it is taken off the trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.estimators.clusters import series
from analytics.estimators.grid import FloatArray, Grid, IntArray
from analytics.estimators.inverting import Ends, inverted
from analytics.estimators.panel import NEVER, Panel


@dataclass(frozen=True)
class Redraws:
    """Draws as likely as the one that was made: draws × clusters, the month of each start."""

    clusters: IntArray
    starts: IntArray


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The test by drawing the lots anew; the ends of an interval are None where it has no end.

    ``ratio`` are the ends of the logarithm of what happened over what would have happened.
    """

    p: float
    assignments: int
    difference: Ends | None
    ratio: Ends | None


@dataclass(frozen=True)
class _Deals:
    """What the estimate's weights give, the real draw first: from the untrained rows and the trained.

    ``effect`` is what an effect of one in every trained row would give.
    """

    untrained: FloatArray
    trained: FloatArray
    effect: FloatArray


def drawn_anew(panel: Panel, grid: Grid, weights: FloatArray, redraws: Redraws) -> Redrawn | None:
    """Return the test, or None when a cluster was not drawn, or a draw leaves a cell empty."""
    num, den, cohort, cluster = series(panel, grid)
    if not np.isin(cluster, redraws.clusters).all() or len(np.unique(cluster)) < len(cluster):
        return None
    labels = _labels(grid, redraws, cluster)
    if labels is None:
        return None
    deals = _deals(grid, weights, num, den, cohort, labels)
    if deals is None:
        return None
    values = np.abs(deals.untrained + deals.trained)
    as_much = int((values[1:] >= values[0] - 1e-9 * values.max()).sum())
    theta = _inverted(deals.untrained, deals.trained)
    return Redrawn(
        p=(as_much + 1) / len(values),
        assignments=len(labels),
        difference=_inverted(deals.untrained + deals.trained, -deals.effect),
        ratio=None
        if theta is None or theta[0] <= 0
        else (-math.log(theta[1]), -math.log(theta[0])),
    )


def _deals(
    grid: Grid,
    weights: FloatArray,
    num: FloatArray,
    den: FloatArray,
    cohort: IntArray,
    labels: IntArray,
) -> _Deals | None:
    """Deal the clusters' own series to the cohorts, draw by draw; None when a cell is left empty."""
    dealt = np.vstack([cohort, labels])
    on = grid.treated[cohort]
    found = np.zeros((3, len(dealt)))
    for g in np.flatnonzero((weights != 0).any(axis=1)).tolist():
        own, needed = (dealt == g).astype(np.float64), weights[g] != 0
        size = own @ den[:, needed]
        if (size <= 0).any():
            return None
        for at, values in enumerate((np.where(on, 0.0, num), np.where(on, num, 0.0), den * on)):
            found[at] += (own @ values[:, needed] / size) @ weights[g, needed]
    return _Deals(*found)


def _inverted(value: FloatArray, slope: FloatArray) -> Ends | None:
    return inverted(value, slope, (float(value[0]), float(slope[0])))


def _labels(grid: Grid, redraws: Redraws, cluster: np.ndarray) -> IntArray | None:
    """Return each draw's cohorts as rows of the grid; None when one of them is not there."""
    order = np.argsort(redraws.clusters)
    place = order[np.searchsorted(redraws.clusters[order], cluster)]
    starts = redraws.starts[:, place]
    within = np.where(starts > grid.periods[-1], NEVER, starts)
    labels = np.searchsorted(grid.cohorts, within).clip(max=len(grid.cohorts) - 1)
    there = grid.cohorts[labels] == within
    return labels.astype(np.int64) if there.all() and not grid.always[labels].any() else None
