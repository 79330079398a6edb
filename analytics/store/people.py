"""Stages who was employed and in which team, month by month, as spells that never overlap.

A person belongs to a month when employed on its 15th, and to the team that is the primary one on
that day. Only rows in force count; a correction that comes late changes the next report and no fact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import stage
from analytics.store.stage import MonthOf, add, refill
from connectors.store.schema import employment, membership, org_unit


class AsOf(NamedTuple):
    """Whose people, and as it was before which imports; None: as it is now."""

    tenant_id: int
    before: sa.Select[Any] | None

    def in_force(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """Return which rows of a history hold."""
        own, holds = table.c.tenant_id == self.tenant_id, table.c.superseded_run.is_(None)
        if self.before is None:
            return sa.and_(own, holds)
        held = sa.or_(holds, table.c.superseded_run.in_(self.before))
        return sa.and_(own, held, table.c.run_id.not_in(self.before))


def stage_people(
    conn: sa.Connection, tenant_id: int, *, before: sa.Select[Any] | None = None
) -> None:
    """Fill `stage.employed` and `stage.member`, as of now or of before some imports.

    Most people have one row in force, which needs no look at others: only the rest is put in order.
    """
    as_of = AsOf(tenant_id, before)
    for into, table, alone, together in (
        (stage.employed, employment, _employed_once, _employed),
        (stage.member, membership, _member_once, _members),
    ):
        refill(conn, stage.several, _several(table, as_of))
        refill(conn, into, alone(as_of))
        add(conn, into, together(as_of))


def _several(table: sa.Table, as_of: AsOf) -> sa.Select[Any]:
    """Return who has more than one row in force."""
    own = table.c.person_id
    many = sa.select(own).where(as_of.in_force(table)).group_by(own)
    return many.having(sa.func.count() > 1)


def _is_several(person: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    return person.in_(sa.select(stage.several.c.person_id))


def _months(table: sa.Table, *more: sa.ColumnElement[Any]) -> tuple[sa.Select[Any], MonthOf]:
    """Return the rows of a table of history with their first and one-past-last month."""
    begins, ends = MonthOf(table.c.valid_from, "begins"), MonthOf(table.c.valid_to, "ends")
    rows = sa.select(
        table.c.person_id,
        begins.month.label("from_ix"),
        ends.month_or_forever.label("to_ix"),
        *more,
    ).select_from(table.join(begins.table, begins.on).outerjoin(ends.table, ends.on))
    return rows, begins


def _reach(rows: sa.CTE) -> sa.ColumnElement[int]:
    """Return how far the person's earlier spells reach."""
    return sa.func.max(rows.c.to_ix).over(
        partition_by=rows.c.person_id,
        order_by=(rows.c.from_ix, rows.c.to_ix),
        rows=(None, -1),
    )


def _employed_once(as_of: AsOf) -> sa.Select[Any]:
    months, _ = _months(employment)
    alone = sa.not_(_is_several(employment.c.person_id))
    spells = months.where(as_of.in_force(employment), alone).cte("spells")
    return sa.select(*spells.c).where(spells.c.from_ix < spells.c.to_ix)


def _employed(as_of: AsOf) -> sa.Select[Any]:
    """Unite spells that touch or overlap: two contracts at once are one person at work."""
    months, _ = _months(employment)
    several = _is_several(employment.c.person_id)
    spells = months.where(as_of.in_force(employment), several).cte("spells")
    reached = (
        sa.select(spells, _reach(spells).label("reach"))
        .where(spells.c.from_ix < spells.c.to_ix)
        .cte("reached")
    )
    begins_anew = sa.case(
        (sa.or_(reached.c.reach.is_(None), reached.c.from_ix > reached.c.reach), 1), else_=0
    )
    islands = sa.select(
        reached.c.person_id,
        reached.c.from_ix,
        reached.c.to_ix,
        sa.func.sum(begins_anew)
        .over(
            partition_by=reached.c.person_id,
            order_by=(reached.c.from_ix, reached.c.to_ix),
            rows=(None, 0),
        )
        .label("island"),
    ).cte("islands")
    return sa.select(
        islands.c.person_id,
        sa.func.min(islands.c.from_ix).label("from_ix"),
        sa.func.max(islands.c.to_ix).label("to_ix"),
    ).group_by(islands.c.person_id, islands.c.island)


def _memberships(as_of: AsOf, several: sa.ColumnElement[bool]) -> sa.CTE:
    months, _ = _months(membership, membership.c.unit_id)
    teams = sa.select(org_unit.c.id).where(
        org_unit.c.tenant_id == as_of.tenant_id, org_unit.c.kind == "team"
    )
    return months.where(
        as_of.in_force(membership),
        membership.c.is_primary == 1,
        membership.c.unit_id.in_(teams),
        several,
    ).cte("memberships")


def _member_once(as_of: AsOf) -> sa.Select[Any]:
    return _at_work(_memberships(as_of, sa.not_(_is_several(membership.c.person_id))))


def _members(as_of: AsOf) -> sa.Select[Any]:
    """Part the employed months by team; where two teams claim a month, the earlier one keeps it."""
    spells = _memberships(as_of, _is_several(membership.c.person_id))
    reached = sa.select(spells, _reach(spells).label("reach")).cte("reached_memberships")
    clipped = sa.select(
        reached.c.person_id,
        _later(sa.func.coalesce(reached.c.reach, 0), reached.c.from_ix).label("from_ix"),
        reached.c.to_ix,
        reached.c.unit_id,
    ).cte("clipped")
    return _at_work(clipped)


def _at_work(spells: sa.CTE) -> sa.Select[Any]:
    """Return what of the spells lies within months at work."""
    work = stage.employed
    from_ix = _later(spells.c.from_ix, work.c.from_ix)
    to_ix = _earlier(spells.c.to_ix, work.c.to_ix)
    return (
        sa.select(
            work.c.person_id, from_ix.label("from_ix"), to_ix.label("to_ix"), spells.c.unit_id
        )
        .select_from(work.join(spells, spells.c.person_id == work.c.person_id))
        .where(from_ix < to_ix)
    )


def _later(a: sa.ColumnElement[int], b: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((a > b, a), else_=b)


def _earlier(a: sa.ColumnElement[int], b: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((a < b, a), else_=b)
