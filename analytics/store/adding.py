"""Adds clusters up, a block of them at a time: `Moments` where clusters are too many to list.

A block holds its clusters whole, its rows in any order, and is cut the same way each time; so sums do
not depend on who read the rows, in what order or with how many threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from analytics.estimators.grid import FloatArray, Grid, IntArray
from analytics.estimators.moments import Moments

_BLOCK = 1 << 18
_PIECE = 256


class Rows(NamedTuple):
    """Rows of clusters by period, one each: columns of equal length.

    ``cluster`` is any number that tells one from the next.
    """

    cohort: IntArray
    cluster: IntArray
    period: IntArray
    num: FloatArray
    den: FloatArray


class NotAsSupposed(Exception):
    """What was taken for granted of rows does not hold: they ask for more work."""


class Block(NamedTuple):
    """Some clusters whole, numbered from ``first`` on, and parts of their rows."""

    first: int
    clusters: int
    parts: Iterable[Rows]


def added_up(
    blocks: Iterable[Block], grid: Grid, mean: FloatArray, *, whole: bool = False
) -> Moments:
    """Return the moments of blocks of clusters, each of which lies in one cohort.

    ``whole`` sees to that, and to each having every period once; it raises `NotAsSupposed`.
    """
    cohorts, periods = grid.den.shape
    clusters = np.zeros(cohorts, np.int64)
    total, squares = np.zeros((cohorts, periods)), np.zeros((cohorts, periods, periods))
    for block in blocks:
        seen = _Seen(block.clusters, periods, cohorts) if whole else None
        for g, off in _by_cohort(block, grid, mean, seen):
            clusters[g] += len(off)
            total[g] += off.sum(axis=0)
            squares[g] += products(off, off)
    return shared(clusters, total, squares, grid)


def shared(clusters: IntArray, total: FloatArray, squares: FloatArray, grid: Grid) -> Moments:
    """Return the moments of deviations, each a share of its cell's den."""
    share = np.divide(1.0, grid.den, out=np.zeros_like(grid.den), where=grid.there)
    return Moments(clusters, total * share, squares * share[:, :, None] * share[:, None, :])


class _Seen:
    """Which periods the clusters of a block were seen in."""

    def __init__(self, clusters: int, periods: int, unknown: int) -> None:
        """``unknown`` is the cohort of a cluster that no row told of yet."""
        self._rows = 0
        self._periods = periods
        self._unknown = unknown
        self._cells = np.zeros(clusters * periods, bool)

    def note(self, cells: IntArray, cohort: IntArray, before: IntArray, after: IntArray) -> None:
        """Note rows, and the cohort their clusters lay in before these, if in any, and after."""
        if ((before != cohort) & (before != self._unknown)).any() or (after != cohort).any():
            raise NotAsSupposed
        self._rows += len(cells)
        self._cells[cells] = True

    def see_to(self, of: IntArray) -> None:
        """Raise unless each cluster, whose cohort is known now, was seen in every period once."""
        cells = int(np.count_nonzero(of != self._unknown)) * self._periods
        if not self._rows == int(np.count_nonzero(self._cells)) == cells:
            raise NotAsSupposed


def _by_cohort(
    block: Block, grid: Grid, mean: FloatArray, seen: _Seen | None
) -> Iterator[tuple[int, FloatArray]]:
    """Yield each cohort's place in the grid, and its clusters' deviations by period."""
    cohorts, width = mean.shape
    of = np.full(block.clusters, cohorts)
    off = np.zeros((block.clusters, width))
    flat = off.reshape(-1)
    for rows in block.parts:
        line, period = rows.cluster - block.first, _places(grid.periods, rows.period)
        cohort = _places(grid.cohorts, rows.cohort)
        cells = line * width + period
        before = of[line] if seen is not None else cohort
        of[line] = cohort
        if seen is not None:
            seen.note(cells, cohort, before, of[line])
        expected = mean.take(cohort * width + period) * rows.den
        flat[cells] = rows.num - expected
    if seen is not None:
        seen.see_to(of)
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of, np.arange(cohorts + 1), sorter=order)
    for g in np.flatnonzero(np.diff(ends)).tolist():
        yield g, off.take(order[ends[g] : ends[g + 1]], axis=0)


def _places(known: IntArray, values: IntArray) -> IntArray:
    """Return where each value stands among the known; by table, for it is asked for every row."""
    first, near = int(known[0]), known[known - known[0] < _BLOCK]
    if len(known) - len(near) > 1:
        return np.searchsorted(known, values)
    # Beyond the table lies one value at most: never.
    table = np.full(int(near[-1]) - first + 2, len(known) - 1)
    table[near - first] = np.arange(len(near))
    return np.asarray(table.take(np.minimum(values - first, len(table) - 1)))


def products(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return ``left.T @ right``, in pieces so small that no number of threads changes how it is added."""
    whole = len(left) // _PIECE * _PIECE
    shape = (-1, _PIECE, left.shape[1])
    pieces = left[:whole].reshape(shape).transpose(0, 2, 1) @ right[:whole].reshape(shape)
    return np.asarray(pieces.sum(axis=0) + left[whole:].T @ right[whole:])


def in_blocks(ordered: Iterable[Rows]) -> Iterator[Block]:
    """Yield rows that come cluster by cluster in blocks, cut by their number of rows alone."""
    waiting: list[Rows] = []
    for chunk in ordered:
        waiting.append(chunk)
        if sum(len(part.num) for part in waiting) < _BLOCK:
            continue
        rows = _joined(waiting)
        while len(rows.num) >= _BLOCK:
            end = _last_whole(rows, _BLOCK)
            yield _numbered(_part(rows, slice(0, end)))
            rows = _part(rows, slice(end, None))
        waiting = [rows]
    rest = _joined(waiting) if waiting else None
    if rest is not None and len(rest.num):
        yield _numbered(rest)


def _numbered(ordered: Rows) -> Block:
    """Return rows that come cluster by cluster as a block."""
    first = np.concatenate([[True], ordered.cluster[1:] != ordered.cluster[:-1]])
    line = np.cumsum(first) - 1
    return Block(0, int(line[-1]) + 1, [ordered._replace(cluster=line)])


def _last_whole(rows: Rows, most: int) -> int:
    """Return where the last cluster begins that may go on past ``most`` rows."""
    begins = np.flatnonzero(rows.cluster[1:most] != rows.cluster[: most - 1])
    return int(begins[-1]) + 1 if len(begins) else len(rows.num)


def _joined(parts: list[Rows]) -> Rows:
    """Return the rows of all parts."""
    return parts[0] if len(parts) == 1 else Rows(*map(np.concatenate, zip(*parts, strict=True)))


def _part(rows: Rows, which: slice) -> Rows:
    cohort, cluster, period, num, den = rows
    return Rows(cohort[which], cluster[which], period[which], num[which], den[which])
