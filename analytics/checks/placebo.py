"""Effects where there can be none: of a start that was none, and on outcomes that training cannot move.

They change no grade: the dip and the slope before the start are tested already, with one degree of
freedom each. They are told because a reader sees at once what they mean.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.group_time import group_time, simple


def false_start(grid: Grid, comparison: str) -> tuple[FloatArray, int] | None:
    """Return the weights of the effect of a start too early, and by how many periods.

    Only cells without training take part. The start is moved to the middle of the time that most
    of the trained were seen before it; who was seen for less takes no part.
    """
    before = grid.untreated[grid.starts].sum(axis=1)
    early = int(np.median(before)) // 2 if len(before) else 0
    if early < 1:
        return None
    untrained = {name: np.where(grid.untreated, getattr(grid, name), 0.0) for name in _SUMS}
    moved = replace(grid, cohorts=_moved(grid, early), **untrained)
    weights = simple(group_time(moved, comparison))
    return None if weights is None else (weights, early)


_SUMS = ("num", "den", "num2", "rows")


def _moved(grid: Grid, early: int) -> np.ndarray:
    """Return the starts, so many seen periods earlier."""
    cohorts = grid.cohorts.copy()
    for g in grid.starts.tolist():
        seen = np.flatnonzero(grid.untreated[g])
        cohorts[g] = grid.periods[seen[max(len(seen) - early, 0)]]
    return cohorts
