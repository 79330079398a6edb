"""Reads from the stages how teams and the workforce change, month by month, in sums."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from analytics.impact.rollout import Change
from analytics.store import stage
from analytics.store.stage import FOREVER


def team_changes(conn: sa.Connection) -> list[Change]:
    """Return every change in members and trained members of each team, added up by month."""
    m, own = stage.member.c, stage.learner.c
    learners = stage.member.join(stage.learner, own.person_id == m.person_id)
    begins = sa.case((own.start_ix > m.from_ix, own.start_ix), else_=m.from_ix)
    in_time = own.start_ix < m.to_ix
    parts = (
        _count(m.unit_id, m.from_ix, members=1, of=stage.member),
        _count(m.unit_id, m.to_ix, members=-1, of=stage.member),
        _count(m.unit_id, begins, trained=1, of=learners, where=in_time),
        _count(m.unit_id, m.to_ix, trained=-1, of=learners, where=in_time),
    )
    return [Change(*row) for part in parts for row in conn.execute(part)]


def workforce_changes(conn: sa.Connection) -> list[Change]:
    """Return every change in how many people are employed, as those of one team."""
    e, nobody = stage.employed.c, sa.literal(0, sa.Integer)
    parts = (
        _count(nobody, e.from_ix, members=1, of=stage.employed),
        _count(nobody, e.to_ix, members=-1, of=stage.employed),
    )
    return [Change(*row) for part in parts for row in conn.execute(part)]


def _count(
    unit: sa.ColumnElement[Any],
    month: sa.ColumnElement[Any],
    *,
    of: sa.FromClause,
    where: sa.ColumnElement[bool] | None = None,
    members: int = 0,
    trained: int = 0,
) -> sa.Select[Any]:
    kept = sa.true() if where is None else where
    rows = (
        sa.select(unit.label("unit_id"), month.label("month"))
        .select_from(of)
        .where(kept)
        .subquery()
    )
    n = sa.func.count()
    return (
        sa.select(rows.c.unit_id, rows.c.month, n * members, n * trained)
        .where(rows.c.month < FOREVER)
        .group_by(rows.c.unit_id, rows.c.month)
    )
