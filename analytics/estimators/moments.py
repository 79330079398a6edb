"""Errors from the sums and products of the clusters' deviations, where clusters are too many to list.

With people as clusters there are as many as there are people, and a table of them would not fit.
Their spread is all that an error needs, and it fits: for each cohort, how many clusters it has, the
sum of their deviations by period, and the sum of the products of every two periods. The clusters
pass by once, in order, in blocks that are always cut in the same places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from analytics.estimators.grid import FloatArray, Grid, IntArray

LISTED = 50_000
"""Clusters up to which a table of them is small, and is used."""

_BLOCK = 1 << 18
_PIECE = 256


class Rows(NamedTuple):
    """Rows of clusters by period, those of one cluster together: columns of equal length.

    ``cluster`` is any number that tells one from the next.
    """

    cohort: IntArray
    cluster: IntArray
    period: IntArray
    num: FloatArray
    den: FloatArray


@dataclass(frozen=True)
class Moments:
    """By cohort: the clusters seen, their deviations added up, and the products of these."""

    clusters: IntArray
    total: FloatArray
    squares: FloatArray


@runtime_checkable
class Summing(Protocol):
    """A panel that can add its clusters up itself."""

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the moments of ``(num - mean * den) / cell's den``; None to have clusters listed."""
        ...


def added_up(rows: Iterable[Rows], grid: Grid, mean: FloatArray) -> Moments:
    """Return the moments of rows that come in the order of their clusters, however they are cut."""
    cohorts, periods = grid.den.shape
    clusters = np.zeros(cohorts, np.int64)
    total, squares = np.zeros((cohorts, periods)), np.zeros((cohorts, periods, periods))
    share = np.divide(1.0, grid.den, out=np.zeros_like(grid.den), where=grid.there)
    for block in _blocks(rows):
        cohort, off = _deviations(block, grid, mean, share)
        for g in np.unique(cohort).tolist():
            own = off[cohort == g]
            clusters[g] += len(own)
            total[g] += own.sum(axis=0)
            squares[g] += _products(own)
    return Moments(clusters, total, squares)


def _deviations(
    rows: Rows, grid: Grid, mean: FloatArray, share: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return each cluster's cohort, as its place in the grid, and its deviations by period."""
    first = np.concatenate([[True], rows.cluster[1:] != rows.cluster[:-1]])
    cluster = np.cumsum(first) - 1
    cohort = np.searchsorted(grid.cohorts, rows.cohort[first])
    period = _places(grid.periods, rows.period)
    width = mean.shape[1]
    off = np.zeros((len(cohort), width))
    expected = mean.take(cohort[cluster] * width + period) * rows.den
    off.put(cluster * width + period, rows.num - expected)
    return cohort, off * share[cohort]


def _products(off: FloatArray) -> FloatArray:
    """Return ``off.T @ off``, in pieces so small that no number of threads changes how it is added."""
    whole = len(off) // _PIECE * _PIECE
    pieces = off[:whole].reshape(-1, _PIECE, off.shape[1])
    rest = off[whole:]
    return np.asarray((pieces.transpose(0, 2, 1) @ pieces).sum(axis=0) + rest.T @ rest)


def _places(periods: IntArray, values: IntArray) -> IntArray:
    """Return where each value stands among the periods; by table, for it is asked for every row."""
    first, span = int(periods[0]), int(periods[-1] - periods[0]) + 1
    if span > _BLOCK:
        return np.searchsorted(periods, values)
    table = np.zeros(span, np.int64)
    table[periods - first] = np.arange(len(periods))
    return np.asarray(table[values - first])


def _blocks(chunks: Iterable[Rows]) -> Iterator[Rows]:
    """Yield whole clusters, cut by their number of rows alone: sums then never move with the chunks."""
    waiting: list[Rows] = []
    for chunk in chunks:
        waiting.append(chunk)
        if sum(len(part.num) for part in waiting) < _BLOCK:
            continue
        rows = _joined(waiting)
        while len(rows.num) >= _BLOCK:
            end = _last_whole(rows, _BLOCK)
            yield _part(rows, slice(0, end))
            rows = _part(rows, slice(end, None))
        waiting = [rows]
    rest = _joined(waiting) if waiting else None
    if rest is not None and len(rest.num):
        yield rest


def _last_whole(rows: Rows, most: int) -> int:
    """Return where the last cluster begins that may go on past ``most`` rows."""
    begins = np.flatnonzero(rows.cluster[1:most] != rows.cluster[: most - 1])
    return int(begins[-1]) + 1 if len(begins) else len(rows.num)


def _joined(parts: list[Rows]) -> Rows:
    return parts[0] if len(parts) == 1 else Rows(*map(np.concatenate, zip(*parts, strict=True)))


def _part(rows: Rows, which: slice) -> Rows:
    cohort, cluster, period, num, den = rows
    return Rows(cohort[which], cluster[which], period[which], num[which], den[which])
