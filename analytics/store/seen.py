"""Which units have a record in which months: a line a unit, a bit a month.

It takes one pass, and no sorting, to know how many units have a record each month, whether any has two
in one, and who is behind a figure: none of these needs the records again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.store.distinct import looked_up
from analytics.store.measure import Measure
from analytics.store.stage import add_up, numbered_table, united

BITS = 62
"""Months from the first record to the last: as many as a whole number has bits to spare."""


class Bits(NamedTuple):
    """The months of which the bits of a whole number tell, from the lowest to the highest."""

    first: int
    last: int

    def within(
        self,
        months: sa.ColumnElement[int],
        begins: sa.ColumnElement[int],
        ends: sa.ColumnElement[int],
    ) -> sa.ColumnElement[bool]:
        """Return whether any of these bits is of a month from one to before another."""
        one = sa.literal(1, sa.BigInteger)
        up_to = (one.bitwise_lshift(self._place(month)) for month in (ends, begins))
        asked = next(up_to) - next(up_to)
        return months.bitwise_and(asked) > 0

    def hold(self, months: sa.ColumnElement[int], asked: Collection[int]) -> sa.ColumnElement[bool]:
        """Return whether these bits are of all the months that are asked for."""
        bits = sum(1 << (month - self.first) for month in asked)
        return months.bitwise_and(bits) == bits

    def mask(self, begins: IntArray, ends: IntArray) -> IntArray:
        """Return the bits of the months from one to before another."""
        one, last = np.int64(1), self.last - self.first + 1
        first, end = (np.clip(at - self.first, 0, last) for at in (begins, ends))
        return (one << end) - (one << first)

    def _place(self, month: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
        """Return a month as the number of its bit, of those there are."""
        return sa.case(
            (month <= self.first, 0),
            (month > self.last, self.last - self.first + 1),
            else_=month - self.first,
        )


class Presence(NamedTuple):
    """Who has a record in which months: people in order, and the bits of each."""

    bits: Bits
    person: IntArray
    months: IntArray

    def of(self, people: IntArray) -> IntArray:
        """Return the bits of each of these, none where somebody has no record."""
        return looked_up(people, self.person, self.months, 0)


class Seen:
    """A metric's units and their months, in a short-lived table."""

    def __init__(self, conn: sa.Connection, measure: Measure, first: int, last: int) -> None:
        self.conn = conn
        self.first = first
        self.last = last
        self.table = numbered_table(
            f"seen_{measure.metric_id}",
            "unit_id",
            sa.Column("records", sa.BigInteger),
            united("months"),
        )
        self.table.create(conn, checkfirst=False)
        add_up(conn, self.table, measure.bits(first))
        self.records, self.coverage = self._counted()

    def _counted(self) -> tuple[int, dict[int, int]]:
        own = self.table.c
        records = sa.cast(sa.func.coalesce(sa.func.sum(own.records), 0), sa.BigInteger)
        months = range(self.first, self.last + 1)
        units = (
            sa.func.count(sa.func.nullif(own.months.bitwise_and(1 << at), 0))
            for at in range(len(months))
        )
        total, *counts = self.conn.execute(sa.select(records, *units)).one()
        return int(total), {month: n for month, n in zip(months, counts, strict=True) if n}

    @property
    def bits(self) -> Bits:
        """Return which months the bits tell of."""
        return Bits(self.first, self.last)

    @property
    def one_each(self) -> bool:
        """Return whether no unit has two records in a month, nor one that is no observation."""
        return self.records == sum(self.coverage.values())

    def within(
        self, begins: sa.ColumnElement[int], ends: sa.ColumnElement[int]
    ) -> sa.ColumnElement[bool]:
        """Return whether a unit has a record from one month to before another."""
        return self.bits.within(self.table.c.months, begins, ends)

    def drop(self) -> None:
        """Give back the room."""
        self.table.drop(self.conn, checkfirst=False)


def seen(conn: sa.Connection, measure: Measure) -> Seen | None:
    """Return the months of a metric's units; None where its records reach over too many."""
    first, last = conn.execute(measure.reach()).one()
    if first is None or last - first >= BITS:
        return None
    return Seen(conn, measure, first, last)
