"""Whether a key has sent the very same bytes again, and they were stored."""

from __future__ import annotations

import uuid
from itertools import chain
from typing import Any

import sqlalchemy as sa

from lrs.store.schema import repair, statement, statement_body, term
from lrs.store.waiting import finders
from lrs.xapi.digests import digest16
from lrs.xapi.statement import Statement
from lrs.xapi.terms import TermKind

# What the store gives a statement that is posted without an id is a random UUID; what a replay
# gives is made from the refusal, and is not something the sender sent again.
_RANDOM = 4


def was_sent_again(
    conn: sa.Connection,
    tenant_id: int,
    key_id: int,
    sent: Statement,
    raw: bytes,
    *,
    since: int,
) -> bool:
    """Return whether these bytes, which hold no id, were stored when they came another time.

    With a timestamp the same bytes are the same event, whenever they came. Without one, only what
    was stored after ``since``, an instant in microseconds, is the same event sent again.
    """
    queries = [_stored(table, tenant_id, key_id, sent, raw) for table in finders(conn)]
    if sent.timestamp_at is None:
        queries = [query.where(statement.c.stored_at >= since) for query in queries]
    found = chain.from_iterable(conn.execute(query).scalars() for query in queries)
    return any(uuid.UUID(bytes=bytes(id16)).version == _RANDOM for id16 in found)


def _stored(
    finder: sa.FromClause, tenant_id: int, key_id: int, sent: Statement, raw: bytes
) -> sa.Select[Any]:
    """Return the query for the statements that came with a key as these bytes."""
    kind, value = (TermKind.VERB, sent.verb) if sent.actor is None else (TermKind.AGENT, sent.actor)
    beside = (statement.c.tenant_id, statement.c.seq)
    return (
        sa.select(statement.c.statement_id)
        .select_from(term)
        .join(finder, finder.c.term_id == term.c.id)
        .join(statement, (statement.c.tenant_id == tenant_id) & (statement.c.seq == finder.c.seq))
        .join(statement_body, sa.and_(*_same(statement_body, beside)))
        .outerjoin(repair, sa.and_(*_same(repair, beside)))
        .where(
            term.c.tenant_id == tenant_id,
            term.c.kind == int(kind),
            term.c.digest == digest16(value),
            statement.c.key_id == key_id,
            (statement_body.c.body == raw) | (repair.c.received == raw),
        )
    )


def _same(
    table: sa.Table, beside: tuple[sa.Column[int], sa.Column[int]]
) -> tuple[sa.ColumnElement[bool], ...]:
    tenant_id, seq = beside
    return (table.c.tenant_id == tenant_id, table.c.seq == seq)
