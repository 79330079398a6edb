"""The one way statements get into the store, for POST, PUT and import alike.

Terms and authority get their numbers first; then, in one transaction and while the tenant's turn is
held (`lrs.store.turns`), ids that are there already are compared, the rest is numbered, stamped and
stored with everything it is found by. A batch is stored whole or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from lrs.errors import Conflict
from lrs.store.attachments import keep_attachments
from lrs.store.authorities import Authority, as_authority
from lrs.store.bulk import Row, insert_rows, one_of
from lrs.store.database import Database
from lrs.store.definitions import NewDefinitions
from lrs.store.numbering import Numbering
from lrs.store.pointing import settle
from lrs.store.schema import ref, statement, statement_body
from lrs.store.turns import Turn, take_turn
from lrs.xapi.comparing import same_statement
from lrs.xapi.multipart import Part
from lrs.xapi.statement import Statement
from lrs.xapi.terms import Role, Scope, TermKind

_DAY = 86_400_000_000
_AUTHORITY = int(Role.AUTHORITY)
NO_PARTS: Mapping[str, Part] = MappingProxyType({})

_STATEMENT = (
    "tenant_id",
    "seq",
    "statement_id",
    "stored_at",
    "timestamp_at",
    "day_no",
    "actor_id",
    "verb_id",
    "activity_id",
    "authority_id",
    "key_id",
    "version",
    "completion",
    "success",
    "score_scaled",
    "duration_s",
)
_BODY = ("tenant_id", "seq", "body")
_REF = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one statement; ``new`` is False when the same one was there already."""

    id: uuid.UUID
    new: bool


class Incoming(NamedTuple):
    """A statement, who vouches for it, and whether it may say what activities are called."""

    statement: Statement
    authority: Authority
    defines: bool = True


class Beside:
    """Something more that is done in the transaction of a batch, while the tenant's turn is held."""

    def named(self, conn: sa.Connection, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
        """Return the batch, in the same order, with the ids that its statements are to have."""
        return incoming

    def keep(self, conn: sa.Connection, stored: Sequence[tuple[int, Statement]]) -> None:
        """Keep what belongs to statements just stored; each comes with its seq."""


def write_statements(
    database: Database,
    tenant_id: int,
    statements: Sequence[Statement],
    *,
    authority: Mapping[str, Any],
    key_id: int | None,
    parts: Mapping[str, Part] = NO_PARTS,
    besides: Sequence[Beside] = (),
    defines: bool = True,
) -> list[Written]:
    """Store a batch whole, or raise `Conflict` and store nothing of it.

    ``parts`` are the attachments that came along, by hash. Without ``defines`` what is known of
    activities stays as it is.
    """
    vouching = as_authority(authority)
    incoming = [Incoming(one, vouching, defines) for one in statements]
    return store_batch(
        database,
        tenant_id,
        incoming,
        key_id=key_id,
        on_conflict=_refuse,
        parts=parts,
        besides=besides,
    )


def store_batch(
    database: Database,
    tenant_id: int,
    incoming: Sequence[Incoming],
    *,
    key_id: int | None,
    on_conflict: Callable[[int, Statement], None],
    parts: Mapping[str, Part] = NO_PARTS,
    besides: Sequence[Beside] = (),
) -> list[Written]:
    """Store a batch of statements with ids of their own; the answer is in the same order.

    ``on_conflict`` is told the place of each statement whose id is taken by another: what it raises
    undoes the batch; when it returns, that statement alone is left out.
    """
    if not incoming:
        return []
    numbering = Numbering(database, tenant_id, incoming)
    with database.write(first=None if numbering.is_whole else numbering.make) as conn:
        turn = take_turn(database, conn, tenant_id)
        for beside in besides:
            incoming = beside.named(conn, incoming)
        there = _there_already(conn, tenant_id, incoming)
        fresh = _fresh(incoming, there, on_conflict)
        definitions = NewDefinitions(
            database.memory,
            tenant_id,
            (d for one in fresh if one.defines for d in one.statement.definitions),
        )
        _insert(conn, tenant_id, turn, fresh, numbering, key_id)
        settle(conn, tenant_id, turn.seq, [one.statement for one in fresh])
        if parts:
            stored = [(turn.seq + n, one.statement.body) for n, one in enumerate(fresh)]
            keep_attachments(conn, tenant_id, parts, stored)
        for beside in besides:
            beside.keep(conn, [(turn.seq + n, one.statement) for n, one in enumerate(fresh)])
        definitions.store(conn, numbering.terms)
    numbering.remember()
    definitions.remember()
    return [Written(one.statement.id, one.statement.id not in there) for one in incoming]


def taken(sent: Statement, where: str) -> Conflict:
    """Return the error of a statement whose id another one has."""
    return Conflict(
        f"another statement is stored under the id {sent.id}",
        where=where,
        hint="a statement cannot be changed: void it and send the new one under a new id",
    )


def _refuse(place: int, sent: Statement) -> None:
    raise taken(sent, f"$[{place}].id")


class _Stored(NamedTuple):
    version: int
    body: bytes


def _there_already(
    conn: sa.Connection, tenant_id: int, incoming: Sequence[Incoming]
) -> dict[uuid.UUID, _Stored]:
    """Return those of the ids that are taken, with what is stored under them."""
    wanted = [one.statement.id.bytes for one in incoming]
    rows = conn.execute(_taken(conn.dialect.name), {"tenant_id": tenant_id, "wanted": wanted})
    return {uuid.UUID(bytes=bytes(id16)): _Stored(version, body) for id16, version, body in rows}


@cache
def _taken(dialect: str) -> sa.Select[Any]:
    return (
        sa.select(statement.c.statement_id, statement.c.version, statement_body.c.body)
        .join(
            statement_body,
            (statement_body.c.tenant_id == statement.c.tenant_id)
            & (statement_body.c.seq == statement.c.seq),
        )
        .where(
            statement.c.tenant_id == sa.bindparam("tenant_id"),
            one_of(dialect, statement.c.statement_id),
        )
    )


def _fresh(
    incoming: Sequence[Incoming],
    there: Mapping[uuid.UUID, _Stored],
    on_conflict: Callable[[int, Statement], None],
) -> list[Incoming]:
    fresh = []
    for place, one in enumerate(incoming):
        stored = there.get(one.statement.id)
        if stored is None:
            fresh.append(one)
        elif not _is_same(stored, one.statement):
            on_conflict(place, one.statement)
    return fresh


def _is_same(stored: _Stored, sent: Statement) -> bool:
    """Data 2.3.1: what counts is the meaning, not the bytes; the bytes are only quicker to compare."""
    if stored.body == sent.raw:
        return True
    return same_statement(orjson.loads(stored.body), sent.body, sent.version)


def _insert(
    conn: sa.Connection,
    tenant_id: int,
    turn: Turn,
    fresh: Sequence[Incoming],
    numbering: Numbering,
    key_id: int | None,
) -> None:
    rows: list[Row] = []
    bodies: list[Row] = []
    refs: list[Row] = []
    for place, one in enumerate(fresh):
        seq = turn.seq + place
        rows.append(_statement_row(tenant_id, seq, turn.stored_at + place, one, numbering, key_id))
        bodies.append((tenant_id, seq, one.statement.raw))
        refs.extend(_ref_rows(tenant_id, seq, one, numbering))
    insert_rows(conn, statement, _STATEMENT, rows)
    insert_rows(conn, statement_body, _BODY, bodies)
    insert_rows(conn, ref, _REF, refs)


def _statement_row(
    tenant_id: int,
    seq: int,
    stored_at: int,
    one: Incoming,
    numbering: Numbering,
    key_id: int | None,
) -> Row:
    sent, terms = one.statement, numbering.terms
    timestamp_at = stored_at if sent.timestamp_at is None else sent.timestamp_at
    return (
        tenant_id,
        seq,
        sent.id.bytes,
        stored_at,
        timestamp_at,
        timestamp_at // _DAY,
        None if sent.actor is None else terms[TermKind.AGENT, sent.actor],
        terms[TermKind.VERB, sent.verb],
        None if sent.activity is None else terms[TermKind.ACTIVITY, sent.activity],
        numbering.authority(one.authority),
        key_id,
        int(sent.version),
        _bit(sent.completion),
        _bit(sent.success),
        sent.score_scaled,
        sent.duration_s,
    )


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _ref_rows(tenant_id: int, seq: int, one: Incoming, numbering: Numbering) -> list[Row]:
    terms = numbering.terms
    verb = terms[TermKind.VERB, one.statement.verb]
    found = {
        terms[kind, value]: (int(scope), int(roles))
        for kind, value, scope, roles in one.statement.refs
    }
    for name in one.authority.names:
        scope, roles = found.get(terms[name], (int(Scope.RELATED), 0))
        found[terms[name]] = (scope, roles | _AUTHORITY)
    return [(term, scope, seq, verb, tenant_id, roles) for term, (scope, roles) in found.items()]
