"""Does the answer hang on how it was asked? Other bases, another estimator, a trend taken out."""

from __future__ import annotations

import numpy as np

from analytics.estimators.errors import Measured
from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.group_time import group_time, simple

_ROUNDING = 1e-9
FAR_BACK = 4
"""Periods before the start of the second base: far enough to lie before a dip."""


def base_gaps(
    grid: Grid, comparison: str, one: FloatArray | None, imputed: FloatArray | None
) -> dict[str, FloatArray | None]:
    """Return the differences of the estimate from each base to the imputation estimate."""
    far = simple(group_time(grid, comparison, back=FAR_BACK))
    return {
        "gap_base_1": _less(one, imputed),
        f"gap_base_{FAR_BACK}": _less(far, imputed),
    }


def _less(one: FloatArray | None, other: FloatArray | None) -> FloatArray | None:
    if one is None or other is None:
        return None
    gap = one - other
    # With two periods all are the same estimate; what is left then is rounding, not disagreement.
    return np.where(np.abs(gap) > _ROUNDING * np.abs(one).max(), gap, 0.0)


def disagreement(measured: Measured) -> dict[str, float | int] | None:
    """Return the smallest p of the differences, corrected for their number (Holm)."""
    found = [measured[name].p for name in measured.names if name.startswith("gap_base_")]
    if not found:
        return None
    return {"p": min(1.0, min(found) * len(found)), "comparisons": len(found)}


def agrees(effect: float, adjusted: float | None, p: float | None) -> bool:
    """Return whether the trend-adjusted effect has the same sign and p < .05."""
    return adjusted is not None and p is not None and p < 0.05 and adjusted * effect > 0
