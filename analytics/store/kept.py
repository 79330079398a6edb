"""Outcomes of people by team and month, as they are kept from one report to the next.

What is kept is read only where it is whole and as new as the imports the reader can see; else a report
reads the records, as if nothing were kept (`analytics.cells` makes it anew).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from analytics.store.measure import Measure
from analytics.store.numbers import rows, whole_numbers
from analytics.store.records import Lines, unpacked
from analytics.store.schema import kept_cell, kept_month, kept_outcome, kept_seen
from analytics.store.seen import Bits, Presence
from connectors.store.schema import sync_run


@dataclass(frozen=True)
class Kept:
    """What is kept of one outcome, between two months."""

    tenant_id: int
    metric_id: int
    bits: Bits
    coverage: dict[int, int]
    """How many units have records in each month."""

    def cells(self, first: int, last: int, teams: Collection[int] | None) -> sa.CTE:
        """Return unit_id, period, rows, num, den and num2, of all teams or these."""
        c = kept_cell.c
        rows = sa.select(c.unit_id, c.period, c.rows, c.num, c.den, c.num2).where(
            c.tenant_id == self.tenant_id,
            c.metric_id == self.metric_id,
            c.period.between(first, last),
        )
        return (rows if teams is None else rows.where(c.unit_id.in_(teams))).cte("kept")

    def lines(
        self, conn: sa.Connection, people: sa.Select[tuple[int]] | None = None
    ) -> Iterator[Lines]:
        """Yield what people have, all or these, so many people at once."""
        which = [] if people is None else [kept_seen.c.unit_id.in_(people)]
        return kept_lines(conn, self.bits, *self._own(), *which)

    def presence(self, conn: sa.Connection) -> Presence:
        """Read who has a record in which months."""
        s = kept_seen.c
        lines = sa.select(s.unit_id, s.months).where(*self._own()).order_by(s.unit_id)
        return Presence(self.bits, *whole_numbers(conn, lines))

    def _own(self) -> tuple[sa.ColumnElement[bool], ...]:
        s = kept_seen.c
        return s.tenant_id == self.tenant_id, s.metric_id == self.metric_id


def kept_lines(conn: sa.Connection, bits: Bits, *which: sa.ColumnElement[bool]) -> Iterator[Lines]:
    """Yield what is kept of some people, so many at once; ``bits`` are the months kept."""
    s = kept_seen.c
    lines = sa.select(s.unit_id, s.months, s.nums, s.dens).where(*which)
    return (unpacked(part, bits.first, bits.last - bits.first + 1) for part in rows(conn, lines))


def kept(conn: sa.Connection, measure: Measure) -> Kept | None:
    """Return what is kept of a metric, None where it is not as new as its records and its people."""
    found = kept_row(conn, measure.tenant_id, measure.metric_id)
    if found is None or not found.whole or found.read_as != measure.read_as:
        return None
    if conn.execute(sa.select(runs_of(found, ended_since(found)).exists())).scalar_one():
        return None
    m = kept_month.c
    own = (m.tenant_id == measure.tenant_id, m.metric_id == measure.metric_id)
    months = conn.execute(sa.select(m.period, m.units).where(*own).order_by(m.period))
    return Kept(
        measure.tenant_id,
        measure.metric_id,
        Bits(found.first_ix, found.last_ix),
        {row.period: row.units for row in months},
    )


def kept_row(conn: sa.Connection, tenant_id: int, metric_id: int) -> sa.Row[Any] | None:
    """Return the line of a metric that says what is kept of it."""
    k = kept_outcome.c
    line = sa.select(kept_outcome).where(k.tenant_id == tenant_id, k.metric_id == metric_id)
    return conn.execute(line).one_or_none()


def ended_since(line: sa.Row[Any]) -> sa.ColumnElement[bool]:
    """Return whether an import began, or ended, after what is kept was made."""
    run = sync_run.c
    return sa.or_(run.id > line.upto_run, run.ended_at > line.upto_end)


def runs_of(line: sa.Row[Any], which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return such imports of the tenant."""
    return sa.select(sync_run.c.id).where(sync_run.c.tenant_id == line.tenant_id, which)
