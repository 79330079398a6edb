"""What came in since somebody began to wait for it: the first statement, or why there was none."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from lrs.store.bodies import OF_ITS_STATEMENT
from lrs.store.refusals import COMPANION
from lrs.store.schema import access_key, refused, statement, statement_body

_LOOKED_AT = 20_000
"""Statements passed in one look; who waits looks again from where this one ended."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The first statement that came."""

    seq: int
    statement_id: bytes
    stored_at: int
    body: dict[str, object]
    key_name: str | None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The latest refusal there was instead."""

    id: int
    refused_at: int
    code: str
    path: str | None
    message: str


def newest_seq(conn: sa.Connection, tenant_id: int) -> int:
    """Return the number of the tenant's newest statement; 0 when there is none."""
    query = sa.select(sa.func.max(statement.c.seq)).where(statement.c.tenant_id == tenant_id)
    return int(conn.execute(query).scalar_one() or 0)


def first_arrival(
    conn: sa.Connection, tenant_id: int, *, above: int, key_id: int | None = None
) -> tuple[Arrived | None, int]:
    """Return the first statement above that number, and the number that was looked up to.

    With a key, only a statement that the key brought counts.
    """
    some = (
        sa.select(statement.c.seq, statement.c.key_id)
        .where(statement.c.tenant_id == tenant_id, statement.c.seq > above)
        .order_by(statement.c.seq)
        .limit(_LOOKED_AT)
        .subquery()
    )
    found = sa.select(sa.func.min(some.c.seq)).select_from(some)
    reached = conn.execute(sa.select(sa.func.max(some.c.seq))).scalar_one()
    if reached is None:
        return None, above
    first = conn.execute(found if key_id is None else found.where(some.c.key_id == key_id))
    seq = first.scalar_one()
    return (None if seq is None else _arrived(conn, tenant_id, seq)), int(reached)


def _arrived(conn: sa.Connection, tenant_id: int, seq: int) -> Arrived:
    row = conn.execute(
        sa.select(
            statement.c.seq,
            statement.c.statement_id,
            statement.c.stored_at,
            statement_body.c.body,
            access_key.c.name,
        )
        .join(statement_body, OF_ITS_STATEMENT)
        .outerjoin(
            access_key,
            (access_key.c.id == statement.c.key_id) & (access_key.c.tenant_id == tenant_id),
        )
        .where(statement.c.tenant_id == tenant_id, statement.c.seq == seq)
    ).one()
    return Arrived(
        row.seq, bytes(row.statement_id), row.stored_at, orjson.loads(row.body), row.name
    )


def latest_refusal(
    conn: sa.Connection, tenant_id: int, *, since: int, key_id: int | None = None
) -> TurnedAway | None:
    """Return the newest refusal from that instant (microseconds) on; with a key, of that key's."""
    query = sa.select(
        refused.c.id, refused.c.refused_at, refused.c.code, refused.c.path, refused.c.message
    ).where(
        refused.c.tenant_id == tenant_id,
        refused.c.refused_at >= since,
        refused.c.code != COMPANION,  # it was not the fault of these
    )
    if key_id is not None:
        query = query.where(refused.c.key_id == key_id)
    row = conn.execute(query.order_by(refused.c.refused_at.desc()).limit(1)).one_or_none()
    return None if row is None else TurnedAway(*row)


def last_stored(conn: sa.Connection, tenant_id: int) -> dict[str, int]:
    """Return by key when it last brought a statement, as far as the newest statements tell it."""
    some = (
        sa.select(statement.c.key_id, statement.c.stored_at)
        .where(statement.c.tenant_id == tenant_id)
        .order_by(statement.c.seq.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    rows = conn.execute(
        sa.select(access_key.c.key, sa.func.max(some.c.stored_at))
        .join(some, some.c.key_id == access_key.c.id)
        .where(access_key.c.tenant_id == tenant_id)
        .group_by(access_key.c.key)
    )
    return {key: int(at) for key, at in rows}
