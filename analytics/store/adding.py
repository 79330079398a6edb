"""Adds clusters up, a block of them at a time: `Moments` where clusters are too many to list.

A block holds its clusters whole, its rows in any order, and is cut the same way each time; so sums do
not depend on who read the rows, in what order or with how many threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray
from analytics.estimators.moments import Moments

_BLOCK = 1 << 18
_PIECE = 256
_NONE = np.iinfo(np.int64).min
"""No cohort."""


class Rows(NamedTuple):
    """Rows of clusters by period, one each: columns of equal length.

    ``cluster`` is any number that tells one from the next.
    """

    cohort: IntArray
    cluster: IntArray
    period: IntArray
    num: FloatArray
    den: FloatArray


class Block(NamedTuple):
    """Some clusters whole, numbered from ``first`` on, and parts of their rows.

    ``complete`` says that each has a row of every period of the grid, with a den of one.
    """

    first: int
    clusters: int
    parts: Iterable[Rows]
    complete: bool = False


def added_up(blocks: Iterable[Block], grid: Grid, mean: FloatArray) -> Moments:
    """Return the moments of blocks of clusters, each of which lies in one cohort."""
    cohorts, periods = grid.den.shape
    clusters = np.zeros(cohorts, np.int64)
    total, squares = np.zeros((cohorts, periods)), np.zeros((cohorts, periods, periods))
    for block in blocks:
        for g, off in _by_cohort(block, grid, mean):
            clusters[g] += len(off)
            total[g] += off.sum(axis=0)
            squares[g] += products(off, off)
    return shared(clusters, total, squares, grid)


def shared(clusters: IntArray, total: FloatArray, squares: FloatArray, grid: Grid) -> Moments:
    """Return the moments of deviations, each a share of its cell's den."""
    share = np.divide(1.0, grid.den, out=np.zeros_like(grid.den), where=grid.there)
    return Moments(clusters, total * share, squares * share[:, :, None] * share[:, None, :])


def _by_cohort(block: Block, grid: Grid, mean: FloatArray) -> Iterator[tuple[int, FloatArray]]:
    """Yield each cohort's place in the grid, and its clusters' deviations by period."""
    width = mean.shape[1]
    of = np.full(block.clusters, _NONE)
    off = np.zeros((block.clusters, width))
    flat = off.reshape(-1)
    for rows in block.parts:
        cell = np.subtract(rows.cluster, block.first, dtype=np.int64)
        period, told = _places(grid.periods, rows.period), rows.num
        if not block.complete:
            of_mean = _places(grid.cohorts, rows.cohort) * width + period
            told = told - mean.take(of_mean) * rows.den
        of[cell] = rows.cohort
        cell *= width
        cell += period
        flat[cell] = told
    order = np.argsort(of, kind="stable")
    first, last = (np.searchsorted(of, grid.cohorts, side, order) for side in ("left", "right"))
    for g in np.flatnonzero(last > first).tolist():
        of_cohort = off.take(order[first[g] : last[g]], axis=0)
        if block.complete:
            of_cohort -= mean[g]
        yield g, of_cohort


def _places(known: IntArray, values: IntArray) -> IntArray:
    """Return where each value stands among the known; by table, for it is asked for every row."""
    first, near = int(known[0]), known[known - known[0] < _BLOCK]
    if len(known) == int(known[-1]) - first + 1:
        return np.subtract(values, first, dtype=np.int64)
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


def part_by_part(rows: Iterable[Rows], ends: Iterable[int]) -> Iterator[Iterator[Rows]]:
    """Yield the rows up to each end, of rows whose clusters come part after part."""
    coming, left = iter(rows), list[Rows]()

    def upto(end: int) -> Iterator[Rows]:
        while (some := left.pop() if left else next(coming, None)) is not None:
            beyond = some.cluster > end
            if beyond.any():
                left.append(_part(some, beyond))
                yield _part(some, ~beyond)
                return
            yield some

    return map(upto, ends)


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


def _part(rows: Rows, which: slice | BoolArray) -> Rows:
    cohort, cluster, period, num, den = rows
    return Rows(cohort[which], cluster[which], period[which], num[which], den[which])
