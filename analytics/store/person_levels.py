"""What people's own level does to the mean of a side, where they come and go: in a panel by person.

The rule is that of `analytics.estimators.levels`. Whoever is observed all the time moves no mean, and
stands for their cohort: together they are one unit whose level is that of the cohort. Of all others
each one's level, from the months before they started, is put in its place.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.levels import Course, are_followed
from analytics.store.courses import levels_of
from analytics.store.person_months import PersonMonths

_AT_ONCE = 8_192


def take_levels_off(people: PersonMonths) -> int | None:
    """Take people's levels off; return how many have none, for they were never seen before they started.

    They are left out. Where everybody is there all the time, or people are not followed from before to
    after, all stay as they are: None.
    """
    going = _who_come_and_go(people)
    if not going.any():
        return None
    sides = _Sides(people)
    lines = np.flatnonzero(going & sides.compared[sides.of])
    num, den = sides.untrained_of(~going)
    course = Course(len(people.months))
    course.add(den, num)
    for own in sides.untrained(lines):
        course.add(*own)
    usual = course.solved()
    if usual is None:
        return None
    level = levels_of(sides.untrained(lines), usual)
    without = np.isnan(level)
    trained = sides.trained_rows(lines[without])
    every = float(people.totals().rows[sides.after].sum())
    if not are_followed(every - trained, every):
        return None
    known, level = lines[~without], level[~without]
    stand_in = sides.stand_ins(levels_of([(den, num)], usual), known, level)
    people.leave_out(lines[without])
    people.take_off(known, level - stand_in[sides.of[known]])
    return int(without.sum())


def _who_come_and_go(people: PersonMonths) -> BoolArray:
    """Return who is observed in some of the months that anybody is, and not in all."""
    there = people.den > 0
    months = there.any(axis=0)
    return np.asarray(there.any(axis=1) & ~there[:, months].all(axis=1))


class _Sides:
    """Which cohort each line is of, and which of its months were before the start.

    Who was trained by the first month with figures is compared with nobody.
    """

    def __init__(self, people: PersonMonths) -> None:
        self._people = people
        start, months = people.cohorts[:, None], people.months
        self.of = np.searchsorted(people.cohorts, people.cohort)
        self.compared = people.cohorts > months[np.argmax(people.den.any(axis=0))]
        self.before = self.compared[:, None] & (months < start)
        self.after = self.compared[:, None] & (months >= start)

    def untrained_of(self, which: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return num and den, by cohort and month, of the untrained months of some."""
        sums = np.zeros((2, *self.before.shape))
        for g, lines in self._people.slabs():
            these = which[lines]
            sums[0, g] += self._people.num[lines][these].sum(axis=0)
            sums[1, g] += self._people.den[lines][these].sum(axis=0)
        num, den = np.where(self.before, sums, 0.0)
        return num, den

    def untrained(self, lines: IntArray) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield den and num of the lines, some at once, while untrained."""
        for at in range(0, len(lines), _AT_ONCE):
            these = lines[at : at + _AT_ONCE]
            own = self.before[self.of[these]]
            den, num = (np.where(own, x[these], 0.0) for x in (self._people.den, self._people.num))
            yield den, num

    def trained_rows(self, lines: IntArray) -> float:
        """Return how many observations there are of some after their start."""
        there = self._people.den[lines] > 0
        return float(np.count_nonzero(there & self.after[self.of[lines]]))

    def stand_ins(self, own: FloatArray, lines: IntArray, level: FloatArray) -> FloatArray:
        """Return, by cohort, its ``own`` level, of who is always there; else the mean of the others'."""
        weight = self._people.den[lines].sum(axis=1, dtype=np.float64)
        size, off = (np.bincount(self.of[lines], by, len(own)) for by in (weight, weight * level))
        mean = np.divide(off, size, out=np.zeros(len(own)), where=size > 0)
        return np.where(np.isnan(own), mean, own)
