"""The course of the periods, and units' levels beyond it, a block of units in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.levels import Course
from analytics.store.adding import Block, Rows, in_blocks


def add_units(course: Course, untrained: Iterable[Rows], seen: IntArray) -> None:
    """Add units' untrained rows to a course over the periods ``seen``; they come in the units' order."""
    for block in in_blocks(untrained):
        course.add(*_by_unit(block, seen))


def levels_of(untrained: Iterable[tuple[FloatArray, FloatArray]], usual: FloatArray) -> FloatArray:
    """Return what each line has beyond the usual course, from den and num, some lines at once.

    Lines × periods, 0 where there is none; nan for a line that has nothing.
    """
    found = [np.zeros(0)]
    for den, num in untrained:
        size, off = den.sum(axis=1), (num - den * usual).sum(axis=1)
        found.append(np.divide(off, size, out=np.full(len(size), np.nan), where=size > 0))
    return np.concatenate(found)


def _by_unit(block: Block, seen: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return den and num of a block's units, units × periods."""
    shape, parts = (block.clusters, len(seen)), list(block.parts)
    slot = np.concatenate(
        [(p.cluster - block.first) * shape[1] + np.searchsorted(seen, p.period) for p in parts]
    )
    size, num = (
        np.bincount(slot, np.concatenate(values), shape[0] * shape[1]).reshape(shape)
        for values in ([p.den for p in parts], [p.num for p in parts])
    )
    return size.astype(np.float64), num.astype(np.float64)
