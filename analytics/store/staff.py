"""Who was at work, in which team, and who learned what when: bare numbers, for all outcomes of a report.

They are read where they are packed as new as the imports and the facts (`analytics.packing`); else the
stages are filled from the records, and read. Persons are numbers here, and no more.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.estimators.panel import NEVER
from analytics.store import packed, stage
from analytics.store.distinct import are_among
from analytics.store.kept import ended_since, runs_of
from analytics.store.numbers import whole_numbers
from analytics.store.people import stage_people
from analytics.store.person_months import Starts
from analytics.store.schema import packed_people
from analytics.store.spells import Spells


class Staff(NamedTuple):
    """When people were at work, and when in which team; by person and month, never two at once."""

    employed: Spells
    member: Spells
    unit: IntArray

    def of_teams(self, units: Collection[int]) -> Staff:
        """Return the same with the members of these teams alone."""
        which = np.isin(self.unit, list(units))
        member = Spells(*(column[which] for column in self.member))
        return self._replace(member=member, unit=self.unit[which])


class Learners(NamedTuple):
    """Who took up a path, in order: on which day, the day of completion, the first month trained.

    `NEVER` if not.
    """

    person: IntArray
    touched_day: IntArray
    done_day: IntArray
    start: IntArray

    @property
    def first_start(self) -> int | None:
        """Return the first month in which anybody counts as trained."""
        return _or_none(self.start)

    def first_done(self, after: int) -> int | None:
        """Return the day on which the first completed of those whose start is after a month."""
        return _or_none(self.done_day[(self.start > after) & (self.start < NEVER)])

    def starts(self, last: int) -> Starts:
        """Return who starts, and when; a start after the last month is none."""
        there = self.start <= last
        return Starts(self.person[there], self.start[there].astype(np.int64))

    def start_of(self, people: IntArray) -> IntArray:
        """Return when each of these starts, each as often as they are named; `NEVER` if never."""
        return Starts(self.person, self.start).of(people)

    def among(self, people: IntArray, until: int) -> tuple[int, int]:
        """Return how many of some people, who are distinct and in order, took up the path and completed it.

        ``until`` is the last day that counts.
        """
        which = are_among(self.person, people)
        began, done = (int((which & (day <= until)).sum()) for day in self[1:3])
        return began, done


def _or_none(numbers: IntArray) -> int | None:
    first = int(numbers.min(initial=NEVER))
    return None if first == NEVER else first


class People:
    """The people of one report: packed, or those the stages are filled with."""

    def __init__(
        self,
        conn: sa.Connection,
        tenant_id: int | None = None,
        staff: Staff | None = None,
        learners: Learners | None = None,
    ) -> None:
        """``staff`` of a tenant stands in no stage yet; without, and without ``learners``, stages are read."""
        self.conn = conn
        self._unstaged = tenant_id if staff is not None else None
        self._teams: Collection[int] | None = None
        self._staff = staff
        self._learners = learners

    @property
    def staff(self) -> Staff:
        """Return who was at work, and in which team."""
        if self._staff is None:
            self._staff = staff_in(self.conn)
        return self._staff

    @property
    def learners(self) -> Learners:
        """Return who took up the path."""
        if self._learners is None:
            self._learners = learners_in(self.conn)
        return self._learners

    def keep_teams(self, units: Collection[int]) -> None:
        """Leave out who is in other teams than these."""
        self._staff = self.staff.of_teams(units)
        self._teams = units
        if self._unstaged is None:
            self._delete_others()

    def stage(self) -> None:
        """Fill `stage.employed` and `stage.member`, for what is asked in SQL, if they are not."""
        if self._unstaged is not None:
            stage_people(self.conn, self._unstaged)
            self._unstaged = None
            self._delete_others()

    def _delete_others(self) -> None:
        if self._teams is not None:
            member = stage.member
            self.conn.execute(sa.delete(member).where(member.c.unit_id.not_in(self._teams)))


def staff_in(conn: sa.Connection) -> Staff:
    """Read who was at work, and in which team, from the stages."""
    e, m = stage.employed.c, stage.member.c
    at_work = sa.select(e.person_id, e.from_ix, e.to_ix).order_by(e.person_id, e.from_ix)
    members = sa.select(m.person_id, m.from_ix, m.to_ix, m.unit_id)
    *member, unit = whole_numbers(conn, members.order_by(m.person_id, m.from_ix))
    return Staff(Spells(*whole_numbers(conn, at_work)), Spells(*member), unit)


def learners_in(conn: sa.Connection) -> Learners:
    """Read who took up the path from the stage."""
    own = stage.learner.c
    done = (sa.func.coalesce(day, NEVER) for day in (own.done_day, own.start_ix))
    query = sa.select(own.person_id, own.touched_day, *done).order_by(own.person_id)
    return Learners(*whole_numbers(conn, query))


def packed_staff(conn: sa.Connection, tenant_id: int) -> Staff | None:
    """Return what is packed, None where it is not as new as the imports."""
    return unpacked_staff(conn, tenant_id) if is_packed(conn, tenant_id) else None


def unpacked_staff(conn: sa.Connection, tenant_id: int) -> Staff:
    """Return what is packed, whether or not it is as new as the imports."""
    *member, unit = packed.unpack(conn, tenant_id, packed.MEMBER)
    employed = packed.unpack(conn, tenant_id, packed.EMPLOYED)
    return Staff(Spells(*employed), Spells(*member), unit)


def is_packed(conn: sa.Connection, tenant_id: int) -> bool:
    """Return whether people are packed, as new as the imports."""
    line = people_line(conn, tenant_id)
    if line is None or line.made_as != packed.MADE_AS:
        return False
    return not conn.execute(sa.select(runs_of(line, ended_since(line)).exists())).scalar_one()


def people_line(conn: sa.Connection, tenant_id: int) -> sa.Row[Any] | None:
    """Return the line that says what is packed of a tenant's people."""
    line = sa.select(packed_people).where(packed_people.c.tenant_id == tenant_id)
    return conn.execute(line).one_or_none()
