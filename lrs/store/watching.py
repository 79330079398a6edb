"""The statements as an administrator watches them: newest first, voided ones too, filtered freely.

The specification's queries know an agent or a verb by its whole identifier (`lrs.store.finding`);
who looks for something types a part of it. So a part is turned into the terms that have it, at most
a hundred, and the walk along ``ref`` goes on from there.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from lrs.store.attachments import hashes_of
from lrs.store.bodies import body_of, some_statements
from lrs.store.bulk import among, finds_any
from lrs.store.database import Database
from lrs.store.runs import is_named
from lrs.store.schema import (
    access_key,
    attachment,
    authority,
    definition,
    statement,
    statement_body,
    term,
)
from lrs.store.waiting import finders
from lrs.xapi.terms import Scope, SpecVersion, TermKind
from lrs.xapi.versions import WRITTEN
from lrs.xapi.wire import as_answer

_MOST_TERMS = 100
_RARE = 1_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look for; None leaves a filter out. Instants are microseconds."""

    actor: str | None = None
    """A part of an agent's identifier, in any case."""
    verb: str | None = None
    """A part of a verb's IRI."""
    activity: str | None = None
    """A part of an activity's IRI or name."""
    key_id: int | None = None
    since: int | None = None
    until: int | None = None
    """Exclusive."""
    voided: bool | None = None


@dataclass(frozen=True, slots=True)
class LatestRow:
    """A statement for the monitor, voided or not, with the name of the key that brought it."""

    seq: int
    id: uuid.UUID
    stored_at: int
    body: dict[str, Any]
    voided: bool
    key_name: str | None


@dataclass(frozen=True, slots=True)
class SeenStatement:
    """One statement with all that is known of it; ``answer`` is the JSON as it is given back."""

    seq: int
    id: uuid.UUID
    stored_at: int
    version: str
    answer: dict[str, Any]
    voided_by: uuid.UUID | None
    key_name: str | None
    attachments_here: frozenset[str]
    """Hashes of those of its attachments whose bytes are stored."""


EVERYTHING = Watch()


def latest(
    database: Database,
    tenant_id: int,
    watch: Watch = EVERYTHING,
    *,
    before: int | None = None,
    above: int | None = None,
    limit: int = 50,
) -> list[LatestRow]:
    """Return the newest statements that are looked for.

    ``before`` and ``above`` are numbers (``seq``) to stay under and over.
    """
    within = [statement.c.seq > above] if above is not None else []
    if before is not None:
        within.append(statement.c.seq < before)
    with database.read() as conn:
        wanted = _wanted(conn, tenant_id, watch)
        if wanted is None:
            return []
        chosen = some_statements(tenant_id, *within, *wanted, limit=limit, newest=True)
        rows = conn.execute(_rows(tenant_id, chosen).order_by(chosen.c.seq.desc())).all()
    return [
        LatestRow(
            seq=row.seq,
            id=uuid.UUID(bytes=bytes(row.statement_id)),
            stored_at=row.stored_at,
            body=orjson.loads(row.body),
            voided=row.voided_by is not None,
            key_name=row.name,
        )
        for row in rows
    ]


def seen_statement(
    database: Database, tenant_id: int, statement_id: uuid.UUID
) -> SeenStatement | None:
    """Return one statement, voided or not; None when the tenant has none of that id."""
    voiding = statement.alias("voiding")
    query = (
        _rows(tenant_id, statement)
        .add_columns(
            statement.c.timestamp_at,
            statement.c.version,
            authority.c.body.label("authority"),
            voiding.c.statement_id.label("voiding_id"),
        )
        .join(
            authority,
            (authority.c.id == statement.c.authority_id) & (authority.c.tenant_id == tenant_id),
        )
        .outerjoin(
            voiding,
            (voiding.c.tenant_id == tenant_id) & (voiding.c.seq == statement.c.voided_by),
        )
        .where(statement.c.statement_id == statement_id.bytes)
    )
    with database.read() as conn:
        row = conn.execute(query).one_or_none()
        if row is None:
            return None
        answer = orjson.loads(_answer(row, statement_id))
        here = _stored_hashes(conn, tenant_id, hashes_of(answer))
    return SeenStatement(
        seq=row.seq,
        id=statement_id,
        stored_at=row.stored_at,
        version=WRITTEN[SpecVersion(row.version)],
        answer=answer,
        voided_by=None if row.voiding_id is None else uuid.UUID(bytes=bytes(row.voiding_id)),
        key_name=row.name,
        attachments_here=here,
    )


def _rows(tenant_id: int, statements: sa.FromClause) -> sa.Select[Any]:
    s = statements.c
    brought_by = (access_key.c.id == s.key_id) & (access_key.c.tenant_id == tenant_id)
    return (
        sa.select(
            *(s.seq, s.statement_id, s.stored_at, s.voided_by),
            statement_body.c.body,
            access_key.c.name,
        )
        .join(statement_body, body_of(statements))
        .outerjoin(access_key, brought_by)
        .where(s.tenant_id == tenant_id)
    )


def _wanted(
    conn: sa.Connection, tenant_id: int, watch: Watch
) -> list[sa.ColumnElement[bool]] | None:
    """Return the conditions of the query; None when nothing can meet them."""
    wanted = list(_of_the_row(watch))
    for part, kind in (
        (watch.actor, TermKind.AGENT),
        (watch.verb, TermKind.VERB),
        (watch.activity, TermKind.ACTIVITY),
    ):
        if part:
            numbers = _terms_with(conn, tenant_id, kind, part)
            if not numbers:
                return None
            wanted.append(_names(conn, numbers))
    return wanted


def _of_the_row(watch: Watch) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if watch.key_id is not None:
        wanted.append(statement.c.key_id == watch.key_id)
    if watch.since is not None:
        wanted.append(statement.c.stored_at >= watch.since)
    if watch.until is not None:
        wanted.append(statement.c.stored_at < watch.until)
    if watch.voided is not None:
        is_voided = statement.c.voided_by.is_not(None)
        wanted.append(is_voided if watch.voided else ~is_voided)
    return wanted


def _terms_with(conn: sa.Connection, tenant_id: int, kind: TermKind, part: str) -> Sequence[int]:
    """Return the terms of that kind whose identifier has the part; an activity's name counts too."""
    has = term.c.value.icontains(part, autoescape=True)
    if kind == TermKind.ACTIVITY:
        has |= definition.c.body.icontains(part, autoescape=True)
    query = (
        sa.select(term.c.id)
        .outerjoin(definition, definition.c.term_id == term.c.id)
        .where(term.c.tenant_id == tenant_id, term.c.kind == int(kind), has)
        .limit(_MOST_TERMS)
    )
    return conn.execute(query).scalars().all()


def _names(conn: sa.Connection, numbers: Sequence[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a statement names one of the terms.

    What is rare is read from the index as a whole. What is common is asked of each statement on
    the way down, which ends as soon as the page is full.
    """
    scope = int(Scope.DIRECT)
    found, *waiting = (
        sa.select(rows.c.seq).where(among(conn, rows.c.term_id, numbers), rows.c.scope == scope)
        for rows in finders(conn)
    )
    some = found.limit(_RARE + 1).subquery()
    if conn.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() <= _RARE:
        return statement.c.seq.in_(sa.union_all(found, *waiting) if waiting else found)
    too = term.alias().c
    named = is_named(conn.dialect.name, too.id, scope, statement.c.seq)
    any_of_them = sa.select(too.id).where(among(conn, too.id, numbers), named)
    on_the_way = finds_any(any_of_them.correlate(statement))
    return sa.or_(on_the_way, *map(statement.c.seq.in_, waiting))


def _answer(row: sa.Row[Any], statement_id: uuid.UUID) -> bytes:
    return as_answer(
        bytes(row.body),
        id=statement_id,
        stored=row.stored_at,
        authority_json=row.authority.encode(),
        version=SpecVersion(row.version),
        timestamp_default=row.timestamp_at,
    )


def _stored_hashes(conn: sa.Connection, tenant_id: int, hashes: list[str]) -> frozenset[str]:
    if not hashes:
        return frozenset()
    query = sa.select(attachment.c.sha2).where(
        attachment.c.tenant_id == tenant_id, among(conn, attachment.c.sha2, hashes)
    )
    return frozenset(conn.execute(query).scalars())
