"""People who come and go: what is observed of them, and in which team they were, month by month.

What a panel by team needs of them to take their levels off: numbers of their own go in, sums of teams
come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.store import stage
from analytics.store.numbers import whole_numbers
from analytics.store.observed import Observed
from analytics.store.person_months import PersonMonths, Starts
from analytics.store.spells import Spells, by_month

_AT_ONCE = 1 << 15
_Places = npt.NDArray[np.int32]


class Off(NamedTuple):
    """What to take off: by cohort, team and month, the sums of who has no level, and the others' levels.

    ``rows`` have cohort, team, period; rows, num, den and num²/den of the former; den × level and den
    of the latter. ``trained`` is how many observations of the former are after the start.
    """

    rows: Iterator[tuple[float, ...]]
    trained: float


class Going:
    """The people who come and go of one panel."""

    def __init__(
        self, months: PersonMonths, team: _Places, teams: IntArray, start: IntArray
    ) -> None:
        """``team`` is the place among ``teams`` of each person's, by month, and any where there is none.

        ``start`` is each team's.
        """
        self._of = months
        self._team = team
        self._teams = teams
        self._start = start
        self.months = months.months
        self.people = months.people

    def _parts(self) -> Iterator[slice]:
        for at in range(0, len(self.people), _AT_ONCE):
            yield slice(at, at + _AT_ONCE)

    def _before(self, lines: slice, first: int) -> BoolArray:
        """Return which months count as untrained: not those of teams that started by the first month."""
        start = self._start[self._team[lines]]
        return np.asarray((start > first) & (self.months < start))

    def sums(self, cohorts: IntArray) -> FloatArray:
        """Return num and den by cohort and month: 2 × cohorts × months."""
        width = len(self.months)
        found = np.zeros((2, len(cohorts) * width))
        of_team = np.searchsorted(cohorts, self._start)
        for lines in self._parts():
            den = self._of.den[lines]
            line, month = np.nonzero(den)
            cell = of_team[self._team[lines][line, month]] * width + month
            for which, values in enumerate((self._of.num[lines], den)):
                found[which] += np.bincount(cell, values[line, month], found.shape[1])
        return found.reshape(2, len(cohorts), width)

    def untrained(self, first: int) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield den and num of people, some at once, in the months before their team's start."""
        for lines in self._parts():
            before = self._before(lines, first)
            den, num = (np.where(before, x[lines], 0.0) for x in (self._of.den, self._of.num))
            yield den, num

    def to_take_off(self, first: int, level: FloatArray) -> Off:
        """Return what to take off the sums of teams."""
        width = len(self.months)
        sums = np.zeros((6, len(self._teams) * width))
        for lines in self._parts():
            den = self._of.den[lines]
            line, month = np.nonzero(den)
            team = self._team[lines][line, month]
            compared = self._start[team] > first
            line, month, team = line[compared], month[compared], team[compared]
            own_den, own_num = den[line, month].astype(np.float64), self._of.num[lines][line, month]
            own = level[lines][line]
            lost = np.isnan(own)
            values = [np.where(lost, x, 0.0) for x in (1.0, own_num, own_den, own_num**2 / own_den)]
            values += [np.where(lost, 0.0, x) for x in (own_den * np.nan_to_num(own), own_den)]
            cell = team * width + month
            for which, value in enumerate(values):
                sums[which] += np.bincount(cell, value, sums.shape[1])
        there = np.flatnonzero(sums[[0, 5]].any(axis=0))
        team, month = np.divmod(there, width)
        key = self._start[team], self._teams[team], self.months[month]
        after = self.months[month] >= self._start[team]
        columns = [*(part.tolist() for part in key), *sums[:, there].tolist()]
        return Off(zip(*columns, strict=True), float(sums[0, there][after].sum()))


def going_of(observed: Observed, people: sa.Select[tuple[int]], first: int, last: int) -> Going:
    """Read some people's observations, and their teams, from one month to another."""
    conn, measure, m = observed.conn, observed.measure, stage.member.c
    spells = sa.select(m.person_id, m.from_ix, m.to_ix, m.unit_id).where(
        m.from_ix <= last, m.to_ix > first, m.person_id.in_(people)
    )
    *spell, unit = whole_numbers(conn, spells)
    started = stage.unit_start.c
    # A start after the last month is none: nothing in the panel is trained by then.
    starts = sa.select(started.unit_id, started.start_ix).where(started.start_ix <= last)
    teams, team = np.unique(unit, return_inverse=True)
    start = Starts(*whole_numbers(conn, starts)).of(teams)
    nobody = np.zeros(0, np.int64)
    months = PersonMonths(Spells(*spell), Starts(nobody, nobody), np.arange(first, last + 1))
    months.take(
        observed.records(first, last, people),
        weighed=measure.form == "ratio",
        nothing_counts=measure.fills_zero,
    )
    person, begins, ends = spell
    line = np.searchsorted(months.people, person)
    where = np.zeros(months.num.shape, np.int32)
    by_month(where, Spells(line, begins - first, ends - first), team)
    return Going(months, where, teams, start)
