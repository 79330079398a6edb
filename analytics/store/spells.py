"""Spells of people, from one month to before another, laid out month by month."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.estimators.grid import IntArray


class Spells(NamedTuple):
    """Of whom, from which month to before which other: columns of equal length."""

    person: IntArray
    begins: IntArray
    ends: IntArray


def by_month(into: npt.NDArray[Any], spells: Spells, value: IntArray | int | bool) -> None:
    """Put each spell's value down in its months: ``into`` has a line a person and a column a month.

    Persons are lines here, and months columns; what lies beyond the columns is left out.
    """
    begins, ends = (np.clip(at, 0, into.shape[1]) for at in spells[1:])
    often = np.maximum(ends - begins, 0)
    line = np.repeat(spells.person, often)
    month = np.arange(int(often.sum())) + np.repeat(begins - (often.cumsum() - often), often)
    into[line, month] = np.repeat(value, often) if isinstance(value, np.ndarray) else value
