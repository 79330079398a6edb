"""The course of the periods from rows that come unit by unit, a block of units in memory at a time."""

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
