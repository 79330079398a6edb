"""Scores clusters from their sums by period, as these pass by: weighted deviations from the means.

What comes out is a line a cluster; rows in memory at once are those of one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.panel import Scores
from analytics.store.adding import Rows


class Weights:
    """The mean and the weights of each cell: those of a cell that has none are 0."""

    def __init__(self, weights: pd.DataFrame) -> None:
        """``weights`` is that of `analytics.estimators.panel.Panel.scores`."""
        self.names = [str(n) for n in weights.columns if n not in ("cohort", "period", "mean")]
        self._first = int(weights["period"].min()) if len(weights) else 0
        self._width = int(weights["period"].max()) - self._first + 1 if len(weights) else 1
        key = self._key(weights["cohort"].to_numpy(np.int64), weights["period"].to_numpy(np.int64))
        order = np.argsort(key)
        self._known = np.append(key[order], np.iinfo(np.int64).max)
        table = weights[["mean", *self.names]].to_numpy(np.float64)[order]
        self._table = np.vstack([table, np.zeros((1, table.shape[1]))])

    def _key(self, cohort: IntArray, period: IntArray) -> IntArray:
        """Return one number a cell, -1 outside of the periods."""
        at = period - self._first
        within = (at >= 0) & (at < self._width)
        return np.where(within, cohort * self._width + at, -1)

    def parts(self, rows: Rows) -> FloatArray:
        """Return each row's part in each score."""
        key = self._key(rows.cohort, rows.period)
        at = np.searchsorted(self._known, key)
        cell = self._table[np.where(self._known[at] == key, at, len(self._known) - 1)]
        deviation = rows.num - cell[:, 0] * rows.den
        return np.asarray(cell[:, 1:] * deviation[:, None])


def scored(ordered: Iterable[Rows], weights: pd.DataFrame) -> Scores:
    """Return one row per cohort and cluster, from rows that come in that order."""
    known = Weights(weights)
    nobody = Scores(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(known.names))))
    return _together(nobody, *_each(ordered, known))


def _each(ordered: Iterable[Rows], weights: Weights) -> Iterator[Scores]:
    """Yield the clusters of each part; one that goes on in the next part is yielded with that."""
    last: Scores | None = None
    for rows in ordered:
        own = _summed(rows, weights.parts(rows))
        if last is not None:
            own = _joined(last, own)
        yield _part(own, slice(None, -1))
        last = _part(own, slice(-1, None))
    if last is not None:
        yield last


def _summed(rows: Rows, parts: FloatArray) -> Scores:
    new = np.ones(len(rows.cluster), bool)
    new[1:] = (np.diff(rows.cluster) != 0) | (np.diff(rows.cohort) != 0)
    begins = np.flatnonzero(new)
    return Scores(rows.cohort[begins], rows.cluster[begins], np.add.reduceat(parts, begins))


def _part(scores: Scores, which: slice) -> Scores:
    return Scores(scores.cohort[which], scores.cluster[which], scores.values[which])


def _joined(last: Scores, own: Scores) -> Scores:
    """Put what was left of the part before in front; a cluster that lies in both is added up."""
    if last.cohort[0] != own.cohort[0] or last.cluster[0] != own.cluster[0]:
        return _together(last, own)
    own.values[0] += last.values[0]
    return own


def _together(*parts: Scores) -> Scores:
    cohort, cluster, values = zip(*parts, strict=True)
    return Scores(np.concatenate(cohort), np.concatenate(cluster), np.concatenate(values))
