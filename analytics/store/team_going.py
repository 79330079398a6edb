"""People who come and go: what is observed of them, and in which team they were, month by month.

What a panel by team needs of them to take their levels off: numbers of their own go in, sums of teams
come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.store import stage
from analytics.store.distinct import are_among
from analytics.store.observed import Observed
from analytics.store.person_months import PersonMonths, Starts
from analytics.store.spells import Spells, by_month
from analytics.store.team_sums import TeamSums

_AT_ONCE = 1 << 15
_Places = npt.NDArray[np.int32]


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

    def to_take_off(self, of: TeamSums, first: int, level: FloatArray) -> FloatArray:
        """Return what to take off sums of teams: six lines as long as these.

        They are rows, num, den and num²/den of who has no level; den × level and den of the others.
        """
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
        team = np.minimum(np.searchsorted(self._teams, of.cluster), len(self._teams) - 1)
        cells = sums[:, team * width + of.period - self.months[0]]
        return np.where(self._teams[team] == of.cluster, cells, 0.0)


def going_of(observed: Observed, people: IntArray, starts: Starts, first: int, last: int) -> Going:
    """Read some people's observations, and their teams, from one month to another."""
    measure, staff = observed.measure, observed.people.staff
    within = (staff.member.begins <= last) & (staff.member.ends > first)
    within &= are_among(staff.member.person, people)
    spells = Spells(*(column[within] for column in staff.member))
    teams, team = np.unique(staff.unit[within], return_inverse=True)
    nobody = np.zeros(0, np.int64)
    months = PersonMonths(spells, Starts(nobody, nobody), np.arange(first, last + 1))
    with _numbered(observed, people) as these:
        months.take(
            observed.records(first, last, these),
            weighed=measure.form == "ratio",
            nothing_counts=measure.fills_zero,
        )
    line = np.searchsorted(months.people, spells.person)
    where = np.zeros(months.num.shape, np.int32)
    by_month(where, Spells(line, spells.begins - first, spells.ends - first), team)
    return Going(months, where, teams, starts.of(teams))


@contextmanager
def _numbered(observed: Observed, people: IntArray) -> Iterator[sa.Select[tuple[int]]]:
    """Yield people as a query: their records are looked up."""
    table = stage.numbered_table(f"going_{observed.measure.metric_id}", "person_id")
    table.create(observed.conn, checkfirst=False)
    stage.fill(observed.conn, table, zip(people.tolist()))
    yield sa.select(table.c.person_id)
    table.drop(observed.conn, checkfirst=False)
