"""Scores clusters from their sums by period, as these pass by: weighted deviations from the means.

What comes out is a line a cluster; rows in memory at once are those of one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, IntArray
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


class _Scored(NamedTuple):
    cohort: IntArray
    cluster: IntArray
    scores: FloatArray

    def part(self, which: slice) -> _Scored:
        """Return some of the clusters."""
        return _Scored(self.cohort[which], self.cluster[which], self.scores[which])


def scored(ordered: Iterable[Rows], weights: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cohort and cluster, from rows that come in that order."""
    known = Weights(weights)
    nobody = _Scored(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, len(known.names))))
    found = _together(nobody, *_each(ordered, known))
    keys = pd.DataFrame({"cohort": found.cohort, "cluster": found.cluster})
    return keys.join(pd.DataFrame(found.scores, columns=known.names))


def _each(ordered: Iterable[Rows], weights: Weights) -> Iterator[_Scored]:
    """Yield the clusters of each part; one that goes on in the next part is yielded with that."""
    last: _Scored | None = None
    for rows in ordered:
        own = _summed(rows, weights.parts(rows))
        if last is not None:
            own = _joined(last, own)
        yield own.part(slice(None, -1))
        last = own.part(slice(-1, None))
    if last is not None:
        yield last


def _summed(rows: Rows, parts: FloatArray) -> _Scored:
    new = np.ones(len(rows.cluster), bool)
    new[1:] = (np.diff(rows.cluster) != 0) | (np.diff(rows.cohort) != 0)
    begins = np.flatnonzero(new)
    return _Scored(rows.cohort[begins], rows.cluster[begins], np.add.reduceat(parts, begins))


def _joined(last: _Scored, own: _Scored) -> _Scored:
    """Put what was left of the part before in front; a cluster that lies in both is added up."""
    if last.cohort[0] != own.cohort[0] or last.cluster[0] != own.cluster[0]:
        return _together(last, own)
    own.scores[0] += last.scores[0]
    return own


def _together(*parts: _Scored) -> _Scored:
    cohort, cluster, scores = zip(*parts, strict=True)
    return _Scored(np.concatenate(cohort), np.concatenate(cluster), np.concatenate(scores))
