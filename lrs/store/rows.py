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
_DIRECT, _RELATED = int(Scope.DIRECT), int(Scope.RELATED)
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
    refs: _Refs = {}
    for place, (one, key_id) in enumerate(fresh):
        seq = turn.seq + place
        rows.append(_statement_row(tenant_id, seq, turn.stored_at + place, one, numbering, key_id))
        bodies.append((tenant_id, seq, one.statement.raw))
        _add_refs(refs, tenant_id, seq, one, numbering)
    # Along the index: what is written next to each other costs a third less.
    in_order = [row for key in sorted(refs) for row in refs[key]]
    insert_all(
        conn,
        [
            Insert(statement, _STATEMENT_COLUMNS, rows),
            Insert(statement_body, _BODY_COLUMNS, bodies),
            Insert(ref, _REF_COLUMNS, in_order),
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
        _bit(sent.result.completion),
        _bit(sent.result.success),
        sent.result.score_scaled,
        sent.result.duration_s,
    )


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)


_Refs = dict[int, list[Row]]
"""Rows of ``ref`` by term and scope, as one number: the beginning of their index."""


def _add_refs(refs: _Refs, tenant_id: int, seq: int, one: Incoming, numbering: Numbering) -> None:
    """Add the rows that a statement is found by."""
    terms = numbering.terms
    verb = terms[_VERB, one.statement.verb]
    direct: dict[int, int] = {}
    related: dict[int, int] = {}
    for phrase in one.statement.phrases:
        for name, scope, roles in phrase.named:
            term = terms[name]
            found = related if scope else direct
            found[term] = found.get(term, 0) | roles
    for name in one.authority.names:
        term = terms[name]
        related[term] = related.get(term, 0) | _AUTHORITY
    for term, roles in related.items():
        if term in direct:
            direct[term] |= roles
        else:
            _add(refs, term * 2 + 1, (term, _RELATED, seq, verb, tenant_id, roles))
    for term, roles in direct.items():
        _add(refs, term * 2, (term, _DIRECT, seq, verb, tenant_id, roles))


def _add(refs: _Refs, key: int, row: Row) -> None:
    rows = refs.get(key)
    if rows is None:
        refs[key] = [row]
    else:
        rows.append(row)
