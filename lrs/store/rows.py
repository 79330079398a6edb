"""The rows that a statement becomes: itself, its body, and what it is found by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from lrs.store.authorities import Authority
from lrs.store.bulk import Insert, Row, insert_all
from lrs.store.numbering import Numbering
from lrs.store.schema import ref, statement, statement_body
from lrs.store.turns import Turn
from lrs.xapi.statement import Statement
from lrs.xapi.terms import Role, Scope, TermKind

_DAY = 86_400_000_000
_AUTHORITY = int(Role.AUTHORITY)
_RELATED = int(Scope.RELATED)
_AGENT, _VERB, _ACTIVITY = (
    int(kind) for kind in (TermKind.AGENT, TermKind.VERB, TermKind.ACTIVITY)
)

_STATEMENT_COLUMNS = (
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
_BODY_COLUMNS = ("tenant_id", "seq", "body")
_REF_COLUMNS = ("term_id", "scope", "seq", "verb_id", "tenant_id", "roles")


class Incoming(NamedTuple):
    """A statement, who vouches for it, and whether it may say what activities are called."""

    statement: Statement
    authority: Authority
    defines: bool = True


class New(NamedTuple):
    """A statement that is not there yet, and the key that brought it."""

    incoming: Incoming
    key_id: int | None


def insert_new(
    conn: sa.Connection,
    tenant_id: int,
    turn: Turn,
    fresh: Sequence[New],
    numbering: Numbering,
) -> None:
    """Insert statements, numbered and stamped from the turn on, with all they are found by."""
    rows: list[Row] = []
    bodies: list[Row] = []
    refs: list[Row] = []
    for place, (one, key_id) in enumerate(fresh):
        seq = turn.seq + place
        rows.append(_statement_row(tenant_id, seq, turn.stored_at + place, one, numbering, key_id))
        bodies.append((tenant_id, seq, one.statement.raw))
        refs.extend(_ref_rows(tenant_id, seq, one, numbering))
    refs.sort()  # along the index: what is written next to each other costs a third less
    insert_all(
        conn,
        [
            Insert(statement, _STATEMENT_COLUMNS, rows),
            Insert(statement_body, _BODY_COLUMNS, bodies),
            Insert(ref, _REF_COLUMNS, refs),
        ],
    )


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
        None if sent.actor is None else terms[_AGENT, sent.actor],
        terms[_VERB, sent.verb],
        None if sent.activity is None else terms[_ACTIVITY, sent.activity],
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
    verb = terms[_VERB, one.statement.verb]
    found = {
        terms[kind, value]: (int(scope), int(roles))
        for kind, value, scope, roles in one.statement.refs
    }
    for name in one.authority.names:
        scope, roles = found.get(terms[name], (_RELATED, 0))
        found[terms[name]] = (scope, roles | _AUTHORITY)
    return [(term, scope, seq, verb, tenant_id, roles) for term, (scope, roles) in found.items()]
