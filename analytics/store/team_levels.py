"""What people's own level does to the mean of a team and its side, where they come and go.

The rule is that of `analytics.estimators.levels`, at the cost of those who come and go. Whoever is in one
team all the time moves no mean, and stands for their cohort: together they are one unit whose level
is that of the cohort. Of all others each one's level, from the months before whatever team they were in
had started, is put in its place. Their observations alone are looked at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.levels import Course, are_followed
from analytics.store import stage
from analytics.store.courses import levels_of
from analytics.store.distinct import are_among, distinct
from analytics.store.numbers import whole_numbers
from analytics.store.observed import Observed
from analytics.store.team_going import Going, going_of
from analytics.store.team_sums import Cells

if TYPE_CHECKING:
    from analytics.store.team_panel import TeamPanel

_ROUNDING = 1e-9


def take_levels_off(panel: TeamPanel, observed: Observed) -> int | None:
    """Take people's levels off a panel that nothing has been asked of; return how many have none.

    They were never seen before their team had started, and are no longer in the panel. Where everybody
    is there all the time, or people are not followed from before to after, it stays as it is: None.
    """
    if panel.measure.grain == "team":
        return None
    months = distinct(panel.sums.period)
    people = _who_come_and_go(panel, observed, months)
    if not len(people):
        return None
    going = going_of(observed, people, panel.starts, panel.first, panel.last)
    taken = _Levels(panel, going, first=int(months[0]))
    return taken.left_out() if taken.are_told() else None


def _who_come_and_go(panel: TeamPanel, observed: Observed, months: IntArray) -> IntArray:
    """Return everybody behind the panel who was not in one place, and observed, all the time."""
    if not len(months):
        return months
    people = distinct(panel.behind.person)
    always = _looked_up if observed.kept is None else _always_there
    return people[~are_among(people, distinct(always(panel, observed, months)))]


def _always_there(panel: TeamPanel, observed: Observed, months: IntArray) -> IntArray:
    member = observed.people.staff.member
    through: IntArray = member.person[(member.begins <= months[0]) & (member.ends > months[-1])]
    if panel.measure.fills_zero or observed.presence is None:
        return through
    bits = int(observed.presence.bits.mask(months, months + 1).sum())
    always: IntArray = through[observed.presence.of(through) & bits == bits]
    return always


def _looked_up(panel: TeamPanel, observed: Observed, months: IntArray) -> IntArray:
    m = stage.member.c
    through = sa.and_(m.from_ix <= int(months[0]), m.to_ix > int(months[-1]))
    if not panel.measure.fills_zero:
        through = sa.and_(through, observed.always_met(m.person_id, months.tolist()))
    return np.asarray(whole_numbers(panel.conn, sa.select(m.person_id).where(through))[0])


class _Levels:
    """The levels of a panel's people who come and go."""

    def __init__(self, panel: TeamPanel, going: Going, *, first: int) -> None:
        self._panel = panel
        self._sums = panel.sums
        self._cells = Cells(panel.sums)
        self._going = going
        self._first = first
        self._level = np.zeros(0)

    def are_told(self) -> bool:
        """Put the panel's sums without the levels in the place of those there are, if they can be told."""
        sums, going, first = self._sums, self._going, self._first
        cohorts, num, den = self._who_stay()
        before = (cohorts[:, None] > first) & (going.months < cohorts[:, None])
        course = Course(len(going.months))
        pool = np.where(before, den, 0.0), np.where(before, num, 0.0)
        course.add(*pool)
        for own in going.untrained(first):
            course.add(*own)
        usual = course.solved()
        if usual is None:
            return False
        self._level = levels_of(going.untrained(first), usual)
        off = going.to_take_off(sums, first, self._level)
        after = (sums.cohort > first) & (sums.period >= sums.cohort)
        trained = float(sums.rows[after].sum())
        if not are_followed(trained - float(off[0][after].sum()), trained):
            return False
        pools = zip(cohorts.tolist(), levels_of([pool], usual).tolist(), strict=True)
        of_pool = {cohort: level for cohort, level in pools if not math.isnan(level)}
        self._take_off(off, of_pool)
        return True

    def _who_stay(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the cohorts, and num and den by cohort and month, of those who are always there."""
        cells, months = self._cells, self._going.months
        cohorts, at = np.unique(cells.cohort, return_inverse=True)
        every = np.zeros((2, len(cohorts), len(months)))
        for which, column in enumerate((self._sums.num, self._sums.den)):
            every[which, at, cells.period - months[0]] = cells.sum(column)
        num, den = every - self._going.sums(cohorts)
        there = den > _ROUNDING * every[1]  # of what is left where nobody is
        return cohorts, np.where(there, num, 0.0), np.where(there, den, 0.0)

    def _take_off(self, off: FloatArray, of_pool: dict[int, float]) -> None:
        """Leave out who has no level, and put what stands in for it in the place of each other's."""
        sums, of, (rows, num, den, num2, level, kept) = self._sums, self._cells.of, off
        back, spread = self._moved(off, of_pool)
        size = sums.den - den
        self._panel.sums = sums._replace(
            rows=sums.rows - rows,
            num=sums.num - num - level + kept * back[of],
            den=size,
            num2=sums.num2 - num2 + size * spread[of],
        ).at(sums.rows - rows > 0.5)

    def _moved(self, off: FloatArray, of_pool: dict[int, float]) -> tuple[FloatArray, FloatArray]:
        """Return, for each cell, the level that stands in for its people's, and how the squares differ.

        The level is that of who is always there, else the mean of the others. The spread about a
        cell's mean is to be that of the observations as they are.
        """
        sums, by_cell = self._sums, self._cells
        _, lost_num, lost_den, _, level, kept = off
        columns = (sums.num, sums.den, lost_num, lost_den, level, kept)
        cells = np.column_stack([by_cell.sum(column) for column in columns])
        back = _stand_ins(by_cell.cohort, cells, of_pool)
        num, den = cells[:, 0] - cells[:, 2], cells[:, 1] - cells[:, 3]
        there = den > _ROUNDING * cells[:, 1]
        size = np.where(there, den, 1.0)
        mean, moved = num / size, (num - cells[:, 4] + cells[:, 5] * back) / size
        return back, np.where(there, moved**2 - mean**2, 0.0)

    def left_out(self) -> int:
        """Take those out of the people behind the panel who have no level; return how many they are."""
        behind = self._panel.behind
        unknown = np.sort(self._going.people[np.isnan(self._level)])
        without: BoolArray = (behind.cohort > self._first) & are_among(behind.person, unknown)
        self._panel.behind = behind.where(~without)
        return len(distinct(behind.person[without]))


def _stand_ins(cohort: IntArray, cells: FloatArray, of_pool: dict[int, float]) -> FloatArray:
    """Return, for each cell, the level of its cohort: of who is always there, else the others' mean."""
    starts, at = np.unique(cohort, return_inverse=True)
    off, kept = (np.bincount(at, cells[:, column]) for column in (4, 5))
    mean = off / np.where(kept > 0, kept, 1.0)
    return np.array([of_pool.get(int(g), mean[n]) for n, g in enumerate(starts)])[at]
