"""Gives statements back: one by its id, pages of those a query finds, all of them in order.

What a page leaves out is decided here: voided statements are in no page
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#214-voided-statements), while
those that point to them are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.asking import Question, ask
from lrs.store.bodies import body_of, some_statements
from lrs.store.bulk import Row, among, one_of
from lrs.store.cursors import Cursor, read_cursor, write_cursor
from lrs.store.database import Database
from lrs.store.finding import Filters, Span, span_of
from lrs.store.registrations import is_of
from lrs.store.schema import authority, statement, statement_body
from lrs.store.terms import agent_name, find_number
from lrs.store.turns import consistent_through
from lrs.store.waiting import finders
from lrs.xapi.queries import StatementQuery
from lrs.xapi.terms import Scope, SpecVersion
from lrs.xapi.wire import as_answer

__all__ = [
    "Found",
    "Page",
    "consistent_through",
    "count",
    "every_statement",
    "recent_bodies",
    "statement_by_id",
    "statements",
    "statements_after",
]

_CHUNK = 2_000
_TENANT = sa.bindparam("tenant_id", type_=sa.Integer)


class Found(NamedTuple):
    """One statement, ready to be answered."""

    id: uuid.UUID
    answer: bytes
    stored_at: int
    seq: int
    timestamp_at: int
    version: SpecVersion
    voided: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Statements ready to be answered, and the token of what comes after them."""

    statements: list[bytes]
    more: str | None
    consistent_through: int
    last_stored: int | None


def statement_by_id(
    database: Database, tenant_id: int, statement_id: uuid.UUID, *, voided: bool
) -> Found | None:
    """Return the statement of that id, if it is voided or not as asked."""
    given = {"tenant_id": tenant_id, "id16": statement_id.bytes}
    with database.read() as conn:
        (rows,) = ask(conn, [Question(_by_id(voided=voided), given)])
    return _found(rows[0]) if rows else None


@cache
def _by_id(*, voided: bool) -> sa.Select[Any]:
    is_voided = statement.c.voided_by.is_not(None) if voided else statement.c.voided_by.is_(None)
    return _answers().where(statement.c.statement_id == sa.bindparam("id16"), is_voided)


def statements(
    database: Database,
    tenant_id: int,
    query: StatementQuery | None,
    *,
    cursor: str | None = None,
) -> Page:
    """Return a page of what the query finds; a cursor brings its own query along.

    Raises `BadInput` for a cursor that was not made for this tenant.
    """
    asked = read_cursor(tenant_id, cursor) if cursor is not None else None
    query = asked.query if asked is not None else query or StatementQuery()
    # The bound comes first: what it promises must be there when the page is read.
    bound = consistent_through(database, tenant_id)
    size = _page_size(database, query)
    with database.read() as conn:
        span = span_of(conn, tenant_id, query)
        if asked is not None:
            span = _rest(span, asked)
        filters = Filters(database, conn, tenant_id, query)
        found = _unvoided(conn, tenant_id, filters, span, size + 1)
    more = None
    if len(found) > size:
        more = write_cursor(tenant_id, Cursor(query, found[size - 1].seq))
    page = found[:size]
    return Page(
        [one.answer for one in page],
        more,
        bound,
        max((one.stored_at for one in page), default=None),
    )


def every_statement(
    database: Database, tenant_id: int, *, since: int | None = None
) -> Iterator[Found]:
    """Yield everything stored, voided statements too, in the order of storing."""
    with database.read() as conn:
        span = span_of(conn, tenant_id, StatementQuery(since=since))
    above = span.above
    while rows := _rows_after(database, tenant_id, above, up_to=span.up_to, limit=_CHUNK):
        yield from map(_found, rows)
        above = rows[-1][_SEQ]


def statements_after(
    database: Database, tenant_id: int, above: int, *, up_to: int | None = None, limit: int
) -> list[Found]:
    """Return statements in the order of commit, voided ones too, from past one number on.

    Numbers are given while the tenant's turn is held (`lrs.store.turns`), so none that is seen later
    is lower than one that was seen: who goes on from the last one misses nothing.
    """
    return [
        _found(row) for row in _rows_after(database, tenant_id, above, up_to=up_to, limit=limit)
    ]


def _rows_after(
    database: Database, tenant_id: int, above: int, *, up_to: int | None, limit: int
) -> list[Row]:
    given = {"tenant_id": tenant_id, "above": above, "limit": limit}
    if up_to is not None:
        given["up_to"] = up_to
    with database.read() as conn:
        (rows,) = ask(conn, [Question(_after(bounded=up_to is not None), given)])
    return rows


@cache
def _after(*, bounded: bool) -> sa.Select[Any]:
    within = [statement.c.seq > sa.bindparam("above")]
    if bounded:
        within.append(statement.c.seq <= sa.bindparam("up_to"))
    chosen = some_statements(_TENANT, *within, limit=sa.bindparam("limit", type_=sa.Integer))
    return _answers(chosen).order_by(chosen.c.seq)


def count(conn: sa.Connection, tenant_id: int) -> int:
    """Return how many statements the tenant has, voided ones included."""
    query = sa.select(sa.func.count()).where(statement.c.tenant_id == tenant_id)
    return int(conn.execute(query).scalar_one())


def _page_size(database: Database, query: StatementQuery) -> int:
    settings = database.settings
    return min(query.limit or settings.page_size, settings.page_size_max)


def _rest(span: Span, asked: Cursor) -> Span:
    if asked.query.ascending:
        return Span(max(span.above, asked.past), span.up_to)
    return Span(span.above, min(span.up_to, asked.past - 1))


def _unvoided(
    conn: sa.Connection, tenant_id: int, filters: Filters, span: Span, wanted: int
) -> list[Found]:
    """Walk until as many are found as are wanted; the few voided ones on the way are passed over."""
    found: list[Found] = []
    ahead: Span | None = span
    while ahead is not None and len(found) < wanted:
        numbers, ahead = filters.walk(ahead, wanted - len(found))
        found.extend(_read(conn, tenant_id, numbers, filters.registration))
    return found


def _read(
    conn: sa.Connection, tenant_id: int, numbers: Sequence[int], registration: str | None
) -> list[Found]:
    if not numbers:
        return []
    given = {"tenant_id": tenant_id, "wanted": list(numbers)}
    (found,) = ask(conn, [Question(_of_numbers(conn.dialect.name), given)])
    rows = {
        row[_SEQ]: row
        for row in found
        if registration is None or is_of(bytes(row[_BODY]), registration)
    }
    return [_found(rows[number]) for number in numbers if number in rows]


@cache
def _of_numbers(dialect: str) -> sa.Select[Any]:
    return _answers().where(one_of(dialect, statement.c.seq), statement.c.voided_by.is_(None))


def _answers(statements: sa.FromClause = statement) -> sa.Select[Any]:
    """Return the rows that `_found` takes, of the tenant that is given when it is run."""
    s = statements.c
    vouching = (authority.c.id == s.authority_id) & (authority.c.tenant_id == s.tenant_id)
    columns = (s.seq, s.statement_id, s.stored_at, s.timestamp_at, s.version, s.voided_by)
    return (
        sa.select(*columns, statement_body.c.body, authority.c.body.label("authority"))
        .join(statement_body, body_of(statements))
        .join(authority, vouching)
        .where(s.tenant_id == _TENANT)
    )


_SEQ, _BODY = 0, 6
"""The places of ``seq`` and ``body`` in such a row."""
_VERSIONS = {int(version): version for version in SpecVersion}


def _found(row: Sequence[Any]) -> Found:
    seq, id16, stored_at, timestamp_at, version, voided_by, body, vouching = row
    statement_id, told = uuid.UUID(bytes=bytes(id16)), _VERSIONS[version]
    answer = as_answer(
        bytes(body),
        id=statement_id,
        stored=stored_at,
        authority_json=vouching.encode(),
        version=told,
        timestamp_default=timestamp_at,
    )
    return Found(statement_id, answer, stored_at, seq, timestamp_at, told, voided_by is not None)


_NAMED_IN = 50


def recent_bodies(database: Database, tenant_id: int, agent: str) -> list[bytes]:
    """Return the newest statements, at most fifty, that name the agent of that normal form."""
    with database.read() as conn:
        number = find_number(database, conn, tenant_id, agent_name(agent))
        if number is None:
            return []
        seqs: set[int] = set()
        for table, scope in product(finders(conn), Scope):  # each an ordered, bounded read
            query = sa.select(table.c.seq).where(
                table.c.term_id == number, table.c.scope == int(scope)
            )
            query = query.order_by(table.c.seq.desc()).limit(_NAMED_IN)
            seqs.update(conn.execute(query).scalars())
        newest = sorted(seqs, reverse=True)[:_NAMED_IN]
        rows = conn.execute(
            sa.select(statement_body.c.body).where(
                statement_body.c.tenant_id == tenant_id,
                among(conn, statement_body.c.seq, newest),
            )
        )
        return [bytes(body) for body in rows.scalars()]
