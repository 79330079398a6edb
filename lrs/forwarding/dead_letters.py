"""What a target refused for good, kept with the reason until somebody sends it again or drops it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lrs.access.ring import now_us
from lrs.forwarding.targets import DEAD, WAITING
from lrs.store.bulk import among
from lrs.store.schema import delivery, forwarding, statement

_PIECE = 1_000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A statement that a target refused. The instant is microseconds."""

    id: int
    target_id: int
    target: str
    statement_id: uuid.UUID | None
    """None: the statement is here no more."""
    tries: int
    error: str | None
    made_at: int


def list_dead(
    conn: sa.Connection,
    tenant_id: int,
    *,
    limit: int,
    target_id: int | None = None,
    before: int | None = None,
) -> list[DeadLetter]:
    """Return dead letters, the latest first; ``before`` is the id of the last of the page before."""
    query = (
        sa.select(
            delivery.c.id,
            delivery.c.target_id,
            forwarding.c.name,
            statement.c.statement_id,
            delivery.c.tries,
            delivery.c.error,
            delivery.c.made_at,
        )
        .join(forwarding, forwarding.c.id == delivery.c.target_id)
        .outerjoin(
            statement,
            (statement.c.tenant_id == delivery.c.tenant_id)
            & (statement.c.seq == delivery.c.from_seq),
        )
        .where(*_dead(tenant_id, target_id))
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(delivery.c.id < before)
    return [_letter(row) for row in conn.execute(query)]


def _letter(row: Any) -> DeadLetter:
    id16 = row.statement_id
    return DeadLetter(
        id=row.id,
        target_id=row.target_id,
        target=row.name,
        statement_id=None if id16 is None else uuid.UUID(bytes=bytes(id16)),
        tries=row.tries,
        error=row.error,
        made_at=row.made_at,
    )


def dead_ids(conn: sa.Connection, tenant_id: int, target_id: int | None = None) -> list[int]:
    """Return the numbers of all dead letters, of one target or of all, the oldest first."""
    query = sa.select(delivery.c.id).where(*_dead(tenant_id, target_id)).order_by(delivery.c.id)
    return list(conn.execute(query).scalars())


def retry_dead(conn: sa.Connection, tenant_id: int, ids: Sequence[int]) -> int:
    """Have dead letters sent again, at once; return how many."""
    again = {"state": WAITING, "tries": 0, "next_at": now_us()}
    return _each_piece(conn, tenant_id, ids, sa.update(delivery).values(**again))


def drop_dead(conn: sa.Connection, tenant_id: int, ids: Sequence[int]) -> int:
    """Let dead letters go for good; return how many. The statements themselves stay."""
    return _each_piece(conn, tenant_id, ids, sa.delete(delivery))


def _each_piece(conn: sa.Connection, tenant_id: int, ids: Sequence[int], change: Any) -> int:
    done = 0
    wanted = [each for each in dict.fromkeys(ids) if 0 < each < 2**63]
    for begin in range(0, len(wanted), _PIECE):
        some = among(conn, delivery.c.id, wanted[begin : begin + _PIECE])
        done += conn.execute(change.where(*_dead(tenant_id, None), some)).rowcount
    return done


def _dead(tenant_id: int, target_id: int | None) -> tuple[sa.ColumnElement[bool], ...]:
    dead = (delivery.c.tenant_id == tenant_id, delivery.c.state == DEAD)
    return dead if target_id is None else (*dead, delivery.c.target_id == target_id)
