"""Covariates that tell something: what is constant, or follows from the others, is left out."""

from __future__ import annotations

import numpy as np

from analytics.estimators.grid import FloatArray

_NOTHING = 1e-7
"""Share of a column's own spread below which what is left of it is rounding."""


def telling(columns: FloatArray) -> FloatArray:
    """Return the columns that tell something, centred and scaled."""
    kept = columns[:, which_tell(columns)]
    return np.asarray((kept - kept.mean(axis=0)) / kept.std(axis=0)) if kept.size else kept


def which_tell(columns: FloatArray) -> list[int]:
    """Return which columns tell something that those before them do not."""
    kept: list[int] = []
    directions: list[FloatArray] = []
    for at, column in enumerate(columns.T):
        if not np.ptp(column) > 0:
            continue
        left = _beside(column - column.mean(), directions)
        if left is not None:
            kept.append(at)
            directions.append(left)
    return kept


def follows_from(column: FloatArray, columns: FloatArray) -> bool:
    """Return whether a column is a sum of the others: its own effect cannot be told from theirs."""
    if not np.ptp(column) > 0:
        return False
    design = np.column_stack([np.ones(len(column)), columns])
    left = column - design @ np.linalg.lstsq(design, column, rcond=None)[0]
    return bool(np.std(left) < _NOTHING * np.std(column))


def _beside(column: FloatArray, directions: list[FloatArray]) -> FloatArray | None:
    """Return what a column has that the directions have not, at length one; None when nothing."""
    left, length = column, float(np.linalg.norm(column))
    for _ in range(2):  # the second time takes off what rounding left
        for direction in directions:
            left = left - (left @ direction) * direction
    rest = float(np.linalg.norm(left))
    return left / rest if rest > _NOTHING * length else None
