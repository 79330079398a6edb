"""What a unit's own level does to the mean of its side, where units come and go.

The mean of those who are there moves when weak units leave, whatever was done to anybody. A unit's
level is what it has, untrained, beyond the course of all: the two-way fit of the untrained rows, units
by periods (the first step of Borusyak, Jaravel and Spiess 2024). Taken off each row, but for the mean
of its cohort, it leaves the means of a cohort that is always whole as they are, and others as if
those who are there had been alike all along.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, IntArray

FOLLOWED = 0.5
"""Share of the trained rows whose unit is seen untrained, too, below which units are not followed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of units over periods, both counted from 0; ``cohort`` is each unit's own."""

    unit: IntArray
    period: IntArray
    cohort: IntArray
    treated: BoolArray
    num: FloatArray
    den: FloatArray

    @property
    def units(self) -> int:
        """Return how many units there are."""
        return len(self.cohort)

    @property
    def periods(self) -> int:
        """Return how many periods there are."""
        return int(self.period.max()) + 1

    def by_unit(self, values: FloatArray) -> FloatArray:
        """Return the sum over the rows of each unit."""
        return np.bincount(self.unit, values, self.units).astype(np.float64)


class Course:
    """The course of the periods, from units that are added as they come; it needs no order."""

    def __init__(self, periods: int) -> None:
        self._normal = np.zeros((periods, periods))
        self._within = np.zeros(periods)
        self._size = np.zeros(periods)

    def add(self, size: FloatArray, num: FloatArray) -> None:
        """Add the untrained rows of some units: units × periods, 0 where there is none."""
        of_unit = size.sum(axis=1)[:, None]
        share = np.divide(size, of_unit, out=np.zeros_like(size), where=of_unit > 0)
        self._size += size.sum(axis=0)
        self._normal += np.diag(size.sum(axis=0)) - size.T @ share
        self._within += num.sum(axis=0) - share.T @ num.sum(axis=1)

    def solved(self) -> FloatArray | None:
        """Return the course, 0 where nobody is untrained; None where it cannot be told.

        As where two spans of time share no unit, so that nobody tells what lies between them.
        """
        there = self._size > 0
        own = self._normal[np.ix_(there, there)]
        least = 1e-9 * float(np.abs(own).max(initial=0.0))
        if not there.any() or np.linalg.matrix_rank(own, tol=least) < there.sum() - 1:
            return None
        found = np.zeros(len(there))
        found[there] = np.linalg.lstsq(own, self._within[there], rcond=1e-12)[0]
        return found


def are_followed(seen_before: float, trained_rows: float) -> bool:
    """Return whether units are followed from before to after, told by their rows after the start."""
    return trained_rows > 0 and seen_before >= FOLLOWED * trained_rows


def shifts(rows: Rows) -> tuple[FloatArray, BoolArray] | None:
    """Return what to take off each row's num, and which rows to keep: those whose level is known.

    None where units are not followed from before to after, as where each is asked once, or nothing
    tells their course.
    """
    untrained = ~rows.treated & (rows.den > 0)
    seen = rows.by_unit(untrained.astype(np.float64)) > 0
    keep = seen[rows.unit]
    if not are_followed(float((keep & rows.treated).sum()), float(rows.treated.sum())):
        return None
    slot = rows.unit[untrained] * rows.periods + rows.period[untrained]
    shape = (rows.units, rows.periods)
    size, num = (
        np.bincount(slot, values[untrained], shape[0] * shape[1]).reshape(shape).astype(np.float64)
        for values in (rows.den, rows.num)
    )
    course = Course(rows.periods)
    course.add(size, num)
    over_time = course.solved()
    if over_time is None:
        return None
    off = num.sum(axis=1) - size @ over_time
    of_unit = size.sum(axis=1)
    level = np.divide(off, of_unit, out=np.zeros_like(off), where=of_unit > 0)
    weight = np.where(seen, rows.by_unit(rows.den), 0.0)
    total = np.bincount(rows.cohort, weights=weight)
    mean = np.bincount(rows.cohort, weights=weight * level) / np.where(total > 0, total, 1.0)
    return np.where(keep, rows.den * (level - mean[rows.cohort])[rows.unit], 0.0), keep
