"""Spells of people, from one month to before another, laid out month by month."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.estimators.grid import IntArray

_AT_ONCE = 1 << 15
"""Spells that are laid out at once."""


class Spells(NamedTuple):
    """Of whom, from which month to before which other: columns of equal length."""

    person: IntArray
    begins: IntArray
    ends: IntArray


def by_month(into: npt.NDArray[Any], spells: Spells, value: npt.NDArray[Any]) -> None:
    """Put each spell's value down in its months: ``into`` has a line a person and a column a month.

    Persons are lines here, and months columns; what lies beyond the columns is left out.
    """
    for at in range(0, len(value), _AT_ONCE):
        some = slice(at, at + _AT_ONCE)
        begins, ends = (np.clip(month[some], 0, into.shape[1]) for month in spells[1:])
        often = np.maximum(ends - begins, 0)
        before = np.repeat(begins - (often.cumsum() - often), often)
        month = np.arange(len(before)) + before
        into[np.repeat(spells.person[some], often), month] = np.repeat(value[some], often)
