"""Stages who was employed and in which team, month by month, as spells that never overlap.

A person belongs to a month when employed on its 15th, and to the team that is the primary one on
that day. Only rows in force count; a correction that comes late changes the next report and no fact.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from analytics.store import stage
from analytics.store.stage import MonthOf, refill
from connectors.store.schema import employment, membership, org_unit


def stage_people(conn: sa.Connection, tenant_id: int) -> None:
    """Fill `stage.employed` and `stage.member`."""
    refill(conn, stage.employed, _employed(tenant_id))
    refill(conn, stage.member, _members(tenant_id))


def _in_force(table: sa.Table, tenant_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (table.c.tenant_id == tenant_id, table.c.superseded_run.is_(None))


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


def _employed(tenant_id: int) -> sa.Select[Any]:
    """Unite spells that touch or overlap: two contracts at once are one person at work."""
    months, _ = _months(employment)
    spells = months.where(*_in_force(employment, tenant_id)).cte("spells")
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


def _members(tenant_id: int) -> sa.Select[Any]:
    """Part the employed months by team; where two teams claim a month, the earlier one keeps it."""
    months, _ = _months(membership, membership.c.unit_id)
    spells = (
        months.where(
            *_in_force(membership, tenant_id),
            membership.c.is_primary == 1,
            membership.c.unit_id.in_(
                sa.select(org_unit.c.id).where(
                    org_unit.c.tenant_id == tenant_id, org_unit.c.kind == "team"
                )
            ),
        )
    ).cte("memberships")
    reached = sa.select(spells, _reach(spells).label("reach")).cte("reached_memberships")
    clipped = sa.select(
        reached.c.person_id,
        _later(sa.func.coalesce(reached.c.reach, 0), reached.c.from_ix).label("from_ix"),
        reached.c.to_ix,
        reached.c.unit_id,
    ).cte("clipped")
    work = stage.employed
    from_ix, to_ix = (
        _later(clipped.c.from_ix, work.c.from_ix),
        _earlier(clipped.c.to_ix, work.c.to_ix),
    )
    return (
        sa.select(
            work.c.person_id, from_ix.label("from_ix"), to_ix.label("to_ix"), clipped.c.unit_id
        )
        .select_from(work.join(clipped, clipped.c.person_id == work.c.person_id))
        .where(from_ix < to_ix)
    )


def _later(a: sa.ColumnElement[int], b: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((a > b, a), else_=b)


def _earlier(a: sa.ColumnElement[int], b: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((a < b, a), else_=b)
