"""A test turned round: the interval of every effect that it does not reject (Rosenbaum 2002).

Each deal of the lots gives a value that is linear in the effect that is taken off the trained. So
where one deal begins to do less than the one that was made is worked out, not searched for, and the
interval never contradicts the p value of the same deals.
"""

from __future__ import annotations

import math

import numpy as np

from analytics.estimators.estimate import LEVEL, Estimate
from analytics.estimators.grid import FloatArray
from analytics.estimators.student import quantile

Ends = tuple[float, float]
REJECTED = 1 - LEVEL
"""The p value below which an effect is rejected."""


def inverted(value: FloatArray, slope: FloatArray, made: tuple[float, float]) -> Ends | None:
    """Return between which effects ``value + effect * slope`` is not rejected; None without an end.

    ``made`` are the value and slope of the deal that was made, which is one of them. Another does as
    much as that one for every effect from the estimate up to where the two are equally far from
    nothing.
    """
    least = math.ceil(REJECTED * len(value) - 1e-9)
    if made[1] == 0:
        return None
    estimate, steep = -made[0] / made[1], abs(made[1])
    off = value + estimate * slope
    up = np.sort(_reach(off, slope, steep))[-least]
    down = np.sort(_reach(off, -slope, steep))[-least]
    ends = (float(estimate - down), float(estimate + up))
    return ends if np.isfinite(ends).all() else None


def _reach(off: FloatArray, slope: FloatArray, steep: float) -> FloatArray:
    """Return how far ``|off + x * slope| >= x * steep`` holds, for x from 0."""
    endless = np.abs(slope) >= steep * (1 - 1e-12)
    safe = np.where(endless, 0.0, slope)
    reach = np.maximum(off / (steep - safe), -off / (steep + safe))
    return np.where(endless, np.inf, reach)


def agreeing(estimate: Estimate, p: float) -> Estimate:
    """Return the estimate with an interval that holds no effect just where ``p`` does not reject it.

    Where a test finds less than the estimate's own error would, the error is the one that gives its
    p; where it finds more, the end that reached past nothing is moved, and the error stays. An
    error that is not known is not made up.
    """
    if estimate.se <= 0:
        return estimate
    rejects = p < REJECTED
    if rejects != (estimate.low <= 0 <= estimate.high) or estimate.value == 0:
        return estimate
    se = abs(estimate.value) / -quantile(min(p, 0.5) / 2, estimate.df)
    told = Estimate(estimate.value, se, estimate.df)
    if not rejects:
        return told
    low, high = (estimate.low, told.high) if told.value < 0 else (told.low, estimate.high)
    return estimate.between(low, high)


def with_ends(estimate: Estimate, ends: Ends | None, p: float) -> Estimate | None:
    """Return the estimate with the interval of the test that gave ``p``; None where that has no ends.

    Nor has it any for this estimate where the test weighs otherwise and its interval misses it.
    """
    if ends is None or not ends[0] <= estimate.value <= ends[1]:
        return None
    low, high = ends
    if p >= REJECTED:  # what several deals do alike may lie at nothing, but for rounding
        low, high = min(low, 0.0), max(high, 0.0)
    return agreeing(estimate.between(low, high), p)
