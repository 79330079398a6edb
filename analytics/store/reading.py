"""Reads an outcome's records once: the line of each person, the people of each month, the sums of each team.

A range of people is in memory at a time. Records are read as they lie; only where somebody has two in
a month, or one that is no observation by itself, are those of the range put together in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.store import stage
from analytics.store.distinct import distinct
from analytics.store.measure import Measure
from analytics.store.numbers import numbers, records_of
from analytics.store.records import Packing, Records
from analytics.store.spells import Spells, by_month
from analytics.store.staff import Staff
from connectors.store.schema import person

IN_MEMORY = 1 << 23
"""Months of people who are read at once."""

_AT_ONCE = 1 << 15
TeamMonth = tuple[int, int, int, float, float, float]
"""Month, team, people observed, num, den and num²/den, added up."""


class Months(NamedTuple):
    """The months of an outcome from the first to the last; of which records are read; which are added up."""

    first: int
    last: int
    read: tuple[int, ...]
    added_up: tuple[int, ...]

    @property
    def width(self) -> int:
        """Return how many there are."""
        return self.last - self.first + 1


class Reading:
    """The records of one outcome in some months."""

    def __init__(
        self,
        conn: sa.Connection,
        measure: Measure,
        parts: Sequence[Measure],
        months: Months,
        kept: Callable[[int, int], Iterable[Records]],
        staff: Staff,
        *,
        singly: bool,
    ) -> None:
        """``parts`` read runs of months; ``kept`` has the others, of people of these numbers.

        ``singly`` tries first whether each record is an observation by itself.
        """
        self._conn = conn
        self._measure = measure
        self._parts = parts
        self._months = months
        self._kept = kept
        self._singly = singly and not measure.events
        self._staff = staff
        self._teams = distinct(staff.unit)
        self._sums = np.zeros((4, len(self._teams) * months.width))
        self._people = np.zeros(months.width, np.int64)

    def people(self) -> Iterator[Packing]:
        """Yield some people after others, each range to be done with before the next.

        What `coverage` and `cells` tell is whole after the last.
        """
        of_tenant = person.c.tenant_id == self._measure.tenant_id
        ends = sa.select(sa.func.min(person.c.id), sa.func.max(person.c.id)).where(of_tenant)
        lowest, highest = self._conn.execute(ends).one()
        step = max(IN_MEMORY // self._months.width, 1)
        for base in range(lowest, highest + 1, step) if lowest is not None else ():
            upto = min(base + step - 1, highest)
            packing = Packing(base, upto - base + 1, self._months.first, self._months.width)
            for records in self._kept(base, upto):
                packing.take(records)
            for part in self._parts:
                self._read(packing, part.of_units(base, upto))
            self._people += packing.there.sum(axis=0)
            self._add_up(packing, base, upto)
            yield packing
            packing.forget()  # two ranges at once would take twice the room

    def _read(self, packing: Packing, part: Measure) -> None:
        """Read some months of these people."""
        first = self._months.first if part.first is None else part.first
        last = self._months.last if part.last is None else part.last
        if self._singly:
            rows, observed = 0, True
            for records in self._as_they_lie(part):
                some = records.between(first, last)
                rows += len(some.num)
                observed &= some.den is None or bool((some.den > 0).all())
                packing.take(some)
            if observed and rows == packing.between(first, last):
                return
            packing.empty(first, last)
            self._singly = False
        for records in records_of(self._conn, part.by_month(), weighed=part.form == "ratio"):
            packing.take(records)

    def _as_they_lie(self, part: Measure) -> Iterator[Records]:
        for columns in numbers(self._conn, part.singly()):
            unit, day = columns[:, :2].astype(np.int64).T
            month = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
            # What lies beyond the calendar is in no month.
            month[(day < 0) | (day > stage.LAST_DAY)] = -1
            den = columns[:, 3] if part.form == "ratio" else None
            yield Records(unit, month, columns[:, 2], den)

    def _add_up(self, packing: Packing, base: int, upto: int) -> None:
        """Add to the sums of the teams what these people have, in the months they were there."""
        nothing_counts, width = self._measure.fills_zero, self._months.width
        every = np.arange(self._months.first, self._months.last + 1)
        others = ~np.isin(every, self._months.added_up)
        for begin in range(base, upto + 1, _AT_ONCE):
            people = slice(begin - base, min(begin + _AT_ONCE, upto + 1) - base)
            team = self._team_of(begin, base + people.stop - 1)
            counts = team >= 0 if nothing_counts else (team >= 0) & packing.there[people]
            counts[:, others] = False
            line, month = np.nonzero(counts)
            num, den = packing.at(people.start + line, month)
            if nothing_counts:
                den = np.ones(len(num))
            cell = team[line, month] * width + month
            for which, value in enumerate((None, num, den, num * num / den)):
                self._sums[which] += np.bincount(cell, value, self._sums.shape[1])

    def _team_of(self, begin: int, end: int) -> IntArray:
        """Return the place of each person's team by month, from one person to another; -1: in none."""
        member, months = self._staff.member, self._months
        these = slice(*np.searchsorted(member.person, (begin, end + 1)).tolist())
        person_id, begins, ends = (column[these] for column in member)
        team = np.full((end - begin + 1, months.width), -1, np.int64)
        by_month(
            team,
            Spells(person_id - begin, begins - months.first, ends - months.first),
            np.searchsorted(self._teams, self._staff.unit[these]),
        )
        return team

    @property
    def coverage(self) -> list[tuple[int, int, int]]:
        """Return the months that were read, how many people have records in each, and if one each."""
        counts = zip(
            range(self._months.first, self._months.last + 1), self._people.tolist(), strict=True
        )
        one_each = int(self._singly)
        return [(month, n, one_each) for month, n in counts if n and month in self._months.read]

    def cells(self, month: int) -> list[TeamMonth]:
        """Return the sums of the teams in a month that was read."""
        sums = self._sums.reshape(4, len(self._teams), self._months.width)[
            :, :, month - self._months.first
        ]
        there = np.flatnonzero(sums[0] > 0)
        rows, num, den, num2 = sums[:, there].tolist()
        team = self._teams[there].tolist()
        each = zip(team, map(int, rows), num, den, num2, strict=True)
        return [(month, *row) for row in each]
