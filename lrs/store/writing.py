"""The one way statements get into the store, for POST, PUT and import alike.

Terms and authority get their numbers first; then, in one transaction and while the tenant's turn is
held (`lrs.store.turns`), ids that are there already are compared, the rest is numbered, stamped and
stored with everything it is found by. A batch is stored whole or not at all. Batches that wait for
the same turn share one transaction (`lrs.store.together`); what is wrong with one of them is its own
matter, and the others are stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
import structlog

from lrs.errors import Conflict, VerkanError
from lrs.store.asking import Question, ask
from lrs.store.attachments import keep_attachments
from lrs.store.authorities import as_authority
from lrs.store.bulk import Row, one_of
from lrs.store.database import Database
from lrs.store.definitions import NewDefinitions
from lrs.store.numbering import Numbering
from lrs.store.pointing import asking_who_points, settle
from lrs.store.rows import Incoming, New, insert_new
from lrs.store.schema import statement, statement_body
from lrs.store.together import Outcome
from lrs.store.turns import Turn, asking_for_turn, take_turn, turn_of
from lrs.xapi.comparing import same_statement
from lrs.xapi.multipart import Part
from lrs.xapi.statement import Statement

_MOST_TOGETHER = 1_000
_log = structlog.get_logger("lrs.store")
NO_PARTS: Mapping[str, Part] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one statement; ``new`` is False when the same one was there already."""

    id: uuid.UUID
    new: bool


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
    batch = _Batch(incoming, key_id, on_conflict, parts, besides)
    return database.together.run(
        tenant_id, batch, partial(_store_together, database, tenant_id), _goes_along
    )


class _Batch(NamedTuple):
    """What one request, or one piece of an import, brings."""

    incoming: Sequence[Incoming]
    key_id: int | None
    on_conflict: Callable[[int, Statement], None]
    parts: Mapping[str, Part]
    besides: Sequence[Beside]

    @property
    def is_plain(self) -> bool:
        """Return whether there is nothing but statements to store."""
        return not (self.parts or self.besides)


def _goes_along(group: Sequence[_Batch], batch: _Batch) -> bool:
    """Return whether a batch may share the transaction of others."""
    statements = sum(len(one.incoming) for one in group) + len(batch.incoming)
    return statements <= _MOST_TOGETHER and batch.is_plain and all(one.is_plain for one in group)


def _store_together(
    database: Database, tenant_id: int, batches: Sequence[_Batch]
) -> list[Outcome[list[Written]]]:
    """Store several batches, each whole or not at all; return what became of each."""
    if len(batches) > 1:
        try:
            return _store(database, tenant_id, batches)
        except VerkanError as exc:  # the database is away, or full: so it is for each of them
            return [exc] * len(batches)
        except Exception as exc:  # one of them has something that no rule foresaw; the others go on
            _log.warning("batches are stored one by one", batches=len(batches), exc_info=exc)
    return [_store_alone(database, tenant_id, batch) for batch in batches]


def _store_alone(database: Database, tenant_id: int, batch: _Batch) -> Outcome[list[Written]]:
    try:
        return _store(database, tenant_id, [batch])[0]
    except Exception as exc:  # raised again in the thread whose batch it is
        return exc


def _store(
    database: Database, tenant_id: int, batches: Sequence[_Batch]
) -> list[Outcome[list[Written]]]:
    """Store batches in one transaction; only a lone one may have parts or something beside it."""
    whole = [one for batch in batches for one in batch.incoming]
    numbering = Numbering(database, tenant_id, whole)
    with database.write(first=None if numbering.is_whole else numbering.make) as conn:
        if batches[0].besides:
            take_turn(database, conn, tenant_id)
            batches = [_named(conn, batches[0])]
        seen = _look(database, conn, tenant_id, batches, numbering)
        sorted_out = _sort_out(batches, seen.there)
        fresh, seq = sorted_out.fresh, seen.turn.seq
        insert_new(conn, tenant_id, seen.turn, fresh, numbering)
        settle(conn, tenant_id, seq, [one.incoming.statement for one in fresh], seen.pointed_to)
        if len(batches) == 1:
            _keep_beside(conn, tenant_id, seq, batches[0], fresh)
        definitions = seen.definitions
        if len(fresh) < len(whole):
            telling = _telling(one.incoming for one in fresh)
            definitions = NewDefinitions(database.memory, tenant_id, numbering.terms, telling)
        definitions.store(conn, seen.defined)
    numbering.remember()
    definitions.remember()
    return sorted_out.outcomes


class _Seen(NamedTuple):
    """What is there when the turn is taken."""

    turn: Turn
    there: dict[uuid.UUID, _Stored]
    pointed_to: list[Row]
    definitions: NewDefinitions
    defined: list[Row]


def _look(
    database: Database,
    conn: sa.Connection,
    tenant_id: int,
    batches: Sequence[_Batch],
    numbering: Numbering,
) -> _Seen:
    """Take the turn, and look at what the batches may meet."""
    whole = [one for batch in batches for one in batch.incoming]
    ids = [one.statement.id.bytes for one in whole]
    definitions = NewDefinitions(database.memory, tenant_id, numbering.terms, _telling(whole))
    dialect = conn.dialect.name
    *turn, there, pointed_to, defined = ask(
        conn,
        [
            *asking_for_turn(database, tenant_id),
            Question(_taken(dialect), {"tenant_id": tenant_id, "wanted": ids}),
            asking_who_points(dialect, tenant_id, ids),
            definitions.asking(dialect),
        ],
    )
    return _Seen(
        turn_of(database, turn),
        {uuid.UUID(bytes=bytes(id16)): _Stored(*stored) for id16, *stored in there},
        pointed_to,
        definitions,
        defined,
    )


def _telling(incoming: Iterable[Incoming]) -> Iterator[Statement]:
    """Yield the statements that may say what activities are called."""
    return (one.statement for one in incoming if one.defines)


def _named(conn: sa.Connection, batch: _Batch) -> _Batch:
    incoming = batch.incoming
    for beside in batch.besides:
        incoming = beside.named(conn, incoming)
    return batch._replace(incoming=incoming)


def _keep_beside(
    conn: sa.Connection, tenant_id: int, seq: int, batch: _Batch, fresh: Sequence[New]
) -> None:
    stored = [(seq + n, one.incoming.statement) for n, one in enumerate(fresh)]
    if batch.parts:
        keep_attachments(conn, tenant_id, batch.parts, [(seq, sent.body) for seq, sent in stored])
    for beside in batch.besides:
        beside.keep(conn, stored)


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


class _SortedOut(NamedTuple):
    """What is to be stored of several batches, and what became of each."""

    fresh: list[New]
    outcomes: list[Outcome[list[Written]]]


def _sort_out(batches: Sequence[_Batch], there: dict[uuid.UUID, _Stored]) -> _SortedOut:
    """Compare ids that are taken; what one batch brings is there for those behind it."""
    fresh: list[New] = []
    outcomes: list[Outcome[list[Written]]] = []
    for batch in batches:
        try:
            new = _fresh(batch, there)
        except VerkanError as exc:
            if len(batches) == 1:
                raise  # so that nothing at all is left of it
            outcomes.append(exc)
            continue
        sent = [one.statement for one in batch.incoming]
        outcomes.append([Written(one.id, one.id not in there) for one in sent])
        fresh += new
        if len(batches) > 1:
            stored = (one.incoming.statement for one in new)
            there |= {one.id: _Stored(int(one.version), one.raw) for one in stored}
    return _SortedOut(fresh, outcomes)


def _fresh(batch: _Batch, there: Mapping[uuid.UUID, _Stored]) -> list[New]:
    fresh = []
    for place, one in enumerate(batch.incoming):
        stored = there.get(one.statement.id)
        if stored is None:
            fresh.append(New(one, batch.key_id))
        elif not _is_same(stored, one.statement):
            batch.on_conflict(place, one.statement)
    return fresh


def _is_same(stored: _Stored, sent: Statement) -> bool:
    """Data 2.3.1: what counts is the meaning, not the bytes; the bytes are only quicker to compare."""
    if stored.body == sent.raw:
        return True
    return same_statement(orjson.loads(stored.body), sent.body, sent.version)
