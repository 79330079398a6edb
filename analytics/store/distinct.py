"""Who is among whom, of a million or more: by order, for numpy's own hashing costs many times as much."""

from __future__ import annotations

import numpy as np

from analytics.estimators.grid import BoolArray, IntArray


def distinct(numbers: IntArray) -> IntArray:
    """Return each of some numbers once, in order."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def are_among(numbers: IntArray, known: IntArray) -> BoolArray:
    """Return which numbers are among those known, which are distinct and in order."""
    if not len(known):
        return np.zeros(len(numbers), bool)
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.asarray(known[at] == numbers)
