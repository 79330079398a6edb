"""One metric as one observation a unit and month, read as its records lie or, if need be, staged first.

Where no unit has two records in a month, as with most figures by month, each record is an
observation, and is read where it is. Else they are put together a month and kept for the report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

import sqlalchemy as sa

from analytics.store.kept import kept
from analytics.store.measure import Measure, quickest
from analytics.store.numbers import records_of
from analytics.store.records import Lines, Records
from analytics.store.seen import Presence, Seen, seen
from analytics.store.staff import People
from analytics.store.stage import refill, temporary_table


class Observed:
    """A metric's observations: unit, period, num and den."""

    def __init__(self, conn: sa.Connection, measure: Measure, people: People | None = None) -> None:
        """Look at what is kept of them, or at the records where that is not as new.

        Without ``people`` they are those of the stages.
        """
        self.conn = conn
        self.people = People(conn) if people is None else people
        self.kept = None if measure.grain == "team" else kept(conn, measure)
        self.measure = measure if self.kept else quickest(conn, measure)
        self.teams: Collection[int] | None = None
        """The teams that count, where not all do."""
        self._table: sa.Table | None = None
        self._seen = None if self.kept else self._one_each()
        if not self.kept and not self._seen:
            self._table = self._staged()

    def _one_each(self) -> Seen | None:
        """Return who was seen when, if that shows that records can be read one by one."""
        if self.measure.events or self.measure.grain == "team":
            return None
        found = seen(self.conn, self.measure)
        if found is not None and not found.one_each:
            found.drop()
            return None
        return found

    def _staged(self) -> sa.Table:
        table = temporary_table(
            f"observed_{self.measure.metric_id}",
            sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("period", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("num", sa.Double),
            sa.Column("den", sa.Double),
        )
        table.create(self.conn, checkfirst=False)
        refill(self.conn, table, self.measure.by_month())
        return table

    def rows(self) -> sa.FromClause:
        """Return the observations, to select from."""
        if self._table is not None:
            return self._table
        return self.measure.one_by_one().cte("observed")

    def records(
        self, first: int, last: int, people: sa.Select[tuple[int]] | None = None
    ) -> Iterator[Records | Lines]:
        """Yield the observations, of all people or these, from one month to another as numbers."""
        if self.kept is not None:
            yield from (some.between(first, last) for some in self.kept.lines(self.conn, people))
        else:
            rows = self.rows()
            within = sa.select(rows).where(rows.c.period.between(first, last))
            if people is not None:
                within = within.where(rows.c.unit_id.in_(people))
            yield from records_of(self.conn, within, weighed=self.measure.form == "ratio")

    def coverage(self) -> dict[int, int]:
        """Return how many units have records in each month."""
        if self.kept is not None:
            return self.kept.coverage
        if self._seen is not None:
            return self._seen.coverage
        period = self.rows().c.period
        counts = sa.select(period, sa.func.count().label("units")).group_by(period).order_by(period)
        return {row.period: row.units for row in self.conn.execute(counts)}

    def event_days(self) -> list[int] | None:
        """Return the days on which there was an event, in order; None where records are no events."""
        if not self.measure.counts_events:
            return None
        return list(self.conn.execute(self.measure.days()).scalars())

    def met(
        self,
        unit: sa.ColumnElement[int],
        begins: sa.ColumnElement[int],
        ends: sa.ColumnElement[int],
    ) -> sa.ColumnElement[bool]:
        """Return whether a unit is observed from one month to before another: where nothing is kept."""
        if self._seen is not None:
            own = self._seen.table.c
            return sa.exists().where(own.unit_id == unit, self._seen.within(begins, ends))
        rows = self.rows().c
        return sa.exists().where(rows.unit_id == unit, rows.period >= begins, rows.period < ends)

    def always_met(
        self, unit: sa.ColumnElement[int], months: Collection[int]
    ) -> sa.ColumnElement[bool]:
        """Return whether a unit is observed in each of these months: where nothing is kept."""
        if self._seen is not None:
            own = self._seen.table.c
            return sa.exists().where(own.unit_id == unit, self._seen.bits.hold(own.months, months))
        rows = self.rows().c
        count = sa.select(sa.func.count()).where(rows.unit_id == unit, rows.period.in_(months))
        return count.scalar_subquery() == len(months)

    @cached_property
    def presence(self) -> Presence | None:
        """Return who is observed in which months, where that is kept."""
        return None if self.kept is None else self.kept.presence(self.conn)

    def keep_teams(self, units: Collection[int]) -> None:
        """Leave out what is recorded of other teams than these."""
        self.teams = units
        self.people.keep_teams(units)
        if self._table is not None and self.measure.grain == "team":
            rows = self._table
            self.conn.execute(sa.delete(rows).where(rows.c.unit_id.not_in(units)))

    def drop(self) -> None:
        """Give back the room."""
        self.__dict__.pop("presence", None)
        if self._seen is not None:
            self._seen.drop()
        if self._table is not None:
            self._table.drop(self.conn, checkfirst=False)
