"""Activity facts: what each actor did with each activity, by verb and day, as sums.

A refresh appends the sums of the statements that came since the last one and moves the watermark in
the same transaction, so a refresh that breaks off leaves nothing behind and two at once do not
count twice. A statement that was voided after it was counted is appended once more, negative; one
that was voided before is never counted. Reports sum the rows. `scale.md`, "Refresh", rules this.

A tenant's `seq` follows the order of commit, therefore everything up to the highest one that can be
seen is there.
"""

from __future__ import annotations

import sqlalchemy as sa

from analytics.store.schema import activity_fact, fact_watermark
from lrs.store.bulk import upsert
from lrs.store.database import Database
from lrs.store.schema import statement

# Bounds the time one refresh holds the turn to write, and what the database sorts at once.
SLICE = 500_000

_SUMS = ("n", "completed", "incomplete", "succeeded", "failed", "scored", "score_sum", "duration_s")


def refresh_facts(database: Database, tenant_id: int) -> int:
    """Take in every statement the facts do not hold yet; return how many were looked at."""
    seen = 0
    while _is_behind(database, tenant_id):
        with database.write() as conn:
            seen += _take_slice(conn, tenant_id)
    return seen


def watermark(conn: sa.Connection, tenant_id: int) -> int:
    """Return the last statement that the facts hold."""
    held = sa.select(fact_watermark.c.seq).where(fact_watermark.c.tenant_id == tenant_id)
    return int(conn.execute(held).scalar() or 0)


def _is_behind(database: Database, tenant_id: int) -> bool:
    with database.read() as conn:
        return watermark(conn, tenant_id) < _newest(conn, tenant_id)


def _newest(conn: sa.Connection, tenant_id: int) -> int:
    newest = sa.select(sa.func.max(statement.c.seq)).where(statement.c.tenant_id == tenant_id)
    return int(conn.execute(newest).scalar() or 0)


def _take_slice(conn: sa.Connection, tenant_id: int) -> int:
    after = _locked_watermark(conn, tenant_id)
    upto = min(_newest(conn, tenant_id), after + SLICE)
    if upto <= after:
        return 0
    _append(conn, _counted(tenant_id, after, upto), sign=1)
    _append(conn, _taken_back(tenant_id, after, upto), sign=-1)
    conn.execute(
        sa.update(fact_watermark).where(fact_watermark.c.tenant_id == tenant_id).values(seq=upto)
    )
    return upto - after


def _locked_watermark(conn: sa.Connection, tenant_id: int) -> int:
    """Return the watermark, held until the transaction ends: refreshes take turns."""
    conn.execute(
        upsert(conn, fact_watermark).values(tenant_id=tenant_id, seq=0).on_conflict_do_nothing()
    )
    held = sa.select(fact_watermark.c.seq).where(fact_watermark.c.tenant_id == tenant_id)
    return int(conn.execute(held.with_for_update()).scalar_one())


def _counted(tenant_id: int, after: int, upto: int) -> sa.ColumnElement[bool]:
    """Select what to add. A later voiding is left for the slice that holds it."""
    s = statement.c
    return sa.and_(
        s.tenant_id == tenant_id,
        s.seq > after,
        s.seq <= upto,
        sa.or_(s.voided_by.is_(None), s.voided_by > upto),
    )


def _taken_back(tenant_id: int, after: int, upto: int) -> sa.ColumnElement[bool]:
    """Select what an earlier slice added and this one's statements void."""
    s = statement.c
    return sa.and_(
        s.tenant_id == tenant_id, s.voided_by > after, s.voided_by <= upto, s.seq <= after
    )


def _append(conn: sa.Connection, chosen: sa.ColumnElement[bool], *, sign: int) -> None:
    s = statement.c
    key = (s.tenant_id, s.actor_id, s.activity_id, s.verb_id, s.day_no)
    sums = (
        sa.func.count(),
        sa.func.sum(_one_when(s.completion == 1)),
        sa.func.sum(_one_when(s.completion == 0)),
        sa.func.sum(_one_when(s.success == 1)),
        sa.func.sum(_one_when(s.success == 0)),
        sa.func.count(s.score_scaled),
        sa.func.sum(sa.func.coalesce(s.score_scaled, sa.literal(0.0, sa.Double))),
        sa.func.sum(sa.func.coalesce(s.duration_s, sa.literal(0.0, sa.Double))),
    )
    # A statement about a statement or an agent has no activity; an anonymous group is nobody.
    named = sa.and_(chosen, s.actor_id.is_not(None), s.activity_id.is_not(None))
    rows = sa.select(*key, *(total * sign for total in sums)).where(named).group_by(*key)
    columns = [column.name for column in key] + list(_SUMS)
    conn.execute(sa.insert(activity_fact).from_select(columns, rows))


def _one_when(condition: sa.ColumnElement[bool]) -> sa.Case[int]:
    return sa.case((condition, 1), else_=0)
