"""In which months people are in another team than they were before some imports.

What was taken back and what came instead is staged alike, and compared: how spells of one person bear on
each other is left to the one place that knows (`people`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import stage
from analytics.store.people import stage_people
from analytics.store.stage import MonthOf, refill, temporary_table
from connectors.store.schema import employment, membership

_MOST = 20_000
"""Spells that changed up to which it is worth while to look at each."""


class Spell(NamedTuple):
    """A person in a team, from one month to before another."""

    person_id: int
    from_ix: int
    to_ix: int
    unit_id: int


def months_moved(conn: sa.Connection, tenant_id: int, runs: sa.Select[Any]) -> set[range] | None:
    """Return the months in which somebody changed sides by these imports; None: too many to list.

    Leaves `stage` filled as of now.
    """
    member = stage.member
    columns = (sa.Column(c.name, c.type, primary_key=c.primary_key) for c in member.c)
    before = temporary_table("member_before", *columns)
    before.create(conn, checkfirst=False)
    stage_people(conn, tenant_id, before=runs)
    refill(conn, before, sa.select(member))
    stage_people(conn, tenant_id)
    gone = _only_in(conn, before, member)
    come = _only_in(conn, member, before)
    before.drop(conn, checkfirst=False)
    passing = list(_passing(conn, tenant_id, runs))
    if any(len(found) > _MOST for found in (gone, come, passing)):
        return None
    return changed(gone, come) | {range(*months) for months in passing}


def changed(gone: Iterable[Spell], come: Iterable[Spell]) -> set[range]:
    """Return the months in which spells that went and spells that came differ."""
    ends = {(s.person_id, s.from_ix, s.unit_id): s.to_ix for s in gone}
    months: set[range] = set()
    for spell in come:
        before = ends.pop((spell.person_id, spell.from_ix, spell.unit_id), spell.from_ix)
        months.add(range(min(before, spell.to_ix), max(before, spell.to_ix)))
    return months | {range(from_ix, to_ix) for (_, from_ix, _), to_ix in ends.items()}


def _only_in(conn: sa.Connection, one: sa.Table, other: sa.Table) -> list[Spell]:
    names = Spell._fields
    rows = sa.except_(
        sa.select(*(one.c[name] for name in names)), sa.select(*(other.c[name] for name in names))
    )
    return [Spell(*row) for row in conn.execute(rows.limit(_MOST + 1))]


def _passing(
    conn: sa.Connection, tenant_id: int, runs: sa.Select[Any]
) -> Iterator[tuple[int, int]]:
    """Yield the months of rows that these imports both wrote and took back.

    An import that is under way may have been seen with them.
    """
    for table in (employment, membership):
        begins, ends = MonthOf(table.c.valid_from, "begins"), MonthOf(table.c.valid_to, "ends")
        rows = (
            sa.select(begins.month, ends.month_or_forever)
            .select_from(table.join(begins.table, begins.on).outerjoin(ends.table, ends.on))
            .where(
                table.c.tenant_id == tenant_id,
                table.c.run_id.in_(runs),
                table.c.superseded_run.in_(runs),
            )
            .distinct()
            .limit(_MOST + 1)
        )
        yield from (tuple(row) for row in conn.execute(rows))
