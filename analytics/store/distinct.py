"""Who is among whom, of a million or more, and what is known of each: by order, for numpy's own hashing
costs many times as much.
"""

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


def looked_up(numbers: IntArray, known: IntArray, values: IntArray, otherwise: int) -> IntArray:
    """Return the value of each number, ``otherwise`` of one that is not among those known, as above."""
    if not len(known):
        return np.full(len(numbers), otherwise)
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.where(known[at] == numbers, values[at], otherwise)
