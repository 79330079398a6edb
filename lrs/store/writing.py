"""The one way statements get into the store, for POST, PUT and import alike.

Terms and authority get their numbers first; then, in one transaction and while the tenant's turn is
held (`lrs.store.turns`), ids that are there already are compared, the rest is numbered, stamped and
stored with everything it is found by. On PostgreSQL all of that is one exchange where nothing stands in
the way (`lrs.store.in_one_piece`). A batch is stored whole or not at all. Batches that wait for
the same turn share one transaction (`lrs.store.together`); what is wrong with one of them is its own
matter, and the others are stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql

from lrs.errors import Conflict, VerkanError
from lrs.store.asking import Question, ask
from lrs.store.attachments import keep_attachments
from lrs.store.authorities import as_authority
from lrs.store.bodies import OF_ITS_STATEMENT
from lrs.store.bulk import Row, one_of
from lrs.store.database import Database
from lrs.store.definitions import NewDefinitions, change_definitions
from lrs.store.gathered import gather
from lrs.store.numbering import Missing, Numbering
from lrs.store.pointing import asking_who_points, is_to_settle, settle
from lrs.store.preparing import WORTH_A_TRANSACTION, Prepared, made_whole, number_ahead
from lrs.store.rows import Incoming, Numbered, Ready, insert_new
from lrs.store.schema import statement, statement_body
from lrs.store.together import Outcome
from lrs.store.turns import Turn, asking_for_turn, take_turn, turn_of
from lrs.store.waiting import put_many_in_order
from lrs.xapi.comparing import same_statement
from lrs.xapi.multipart import Part
from lrs.xapi.statement import Statement

if TYPE_CHECKING:
    from lrs.store.in_one_piece import OnePiece

_MOST_TOGETHER = 1_000
_log = structlog.get_logger("lrs.store")
NO_PARTS: Mapping[str, Part] = MappingProxyType({})


class Written(NamedTuple):
    """What became of one statement; ``new`` is False when the same one was there already."""

    id: uuid.UUID
    new: bool


def all_new(incoming: Iterable[Incoming]) -> list[Written]:
    """Return what became of statements where nothing was there yet."""
    return [Written(one.statement.id, True) for one in incoming]


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
    prepared: Prepared | None = None,
) -> list[Written]:
    """Store a batch of statements with ids of their own; the answer is in the same order.

    ``on_conflict`` is told the place of each statement whose id is taken by another: what it raises
    undoes the batch; when it returns, that statement alone is left out. ``prepared`` is what
    `number_ahead` made of the very same batch, if that was done already.
    """
    if not incoming:
        return []
    batch = Batch(
        incoming,
        key_id,
        on_conflict,
        parts,
        besides,
        prepared
        or number_ahead(database, tenant_id, incoming, gather(incoming), is_final=not besides),
    )
    return database.together.run(
        tenant_id, batch, partial(_store_together, database, tenant_id), _goes_along
    )


def prepare(database: Database, tenant_id: int, incoming: Sequence[Incoming], key_id: int) -> Batch:
    """Prepare what came under a key to be stored side by side with others; waits for nothing.

    A batch one of whose ids is taken by another statement comes to a `Conflict`.
    """
    numbering = Numbering(database, tenant_id, gather(incoming))
    prepared = Prepared.of(database, numbering, incoming)
    return Batch(incoming, key_id, _refuse, NO_PARTS, (), prepared)


def complete(database: Database, tenant_id: int, batches: Sequence[Batch]) -> list[Batch]:
    """Make what prepared batches name and nobody met before, if that is worth a transaction."""
    lacking = sum(len(batch.incoming) for batch in batches if not batch.is_whole)
    if lacking < WORTH_A_TRANSACTION:
        return [*batches]
    numberings = made_whole(database, tenant_id, [each.prepared.numbering for each in batches])
    return [
        batch
        if batch.is_whole
        else batch._replace(prepared=Prepared.of(database, numbering, batch.incoming))
        for batch, numbering in zip(batches, numberings, strict=True)
    ]


def store_prepared(
    database: Database, tenant_id: int, batches: Sequence[Batch]
) -> list[Outcome[list[Written]]]:
    """Store prepared batches in their order; return what became of each."""
    groups = of_some_size(batches)
    return [one for group in groups for one in _store_together(database, tenant_id, group)]


class _HasStatements(Protocol):
    @property
    def incoming(self) -> Sequence[Incoming]: ...


S = TypeVar("S", bound=_HasStatements)


def of_some_size(several: Iterable[S]) -> Iterator[list[S]]:
    """Yield what has statements in groups of no more than share a transaction."""
    group: list[S] = []
    statements = 0
    for each in several:
        statements += len(each.incoming)
        if group and statements > _MOST_TOGETHER:
            yield group
            group, statements = [], len(each.incoming)
        group.append(each)
    if group:
        yield group


class Batch(NamedTuple):
    """What one request, or one piece of an import, brings."""

    incoming: Sequence[Incoming]
    key_id: int | None
    on_conflict: Callable[[int, Statement], None]
    parts: Mapping[str, Part]
    besides: Sequence[Beside]
    prepared: Prepared

    @property
    def is_plain(self) -> bool:
        """Return whether there is nothing but statements to store."""
        return not (self.parts or self.besides)

    @property
    def is_whole(self) -> bool:
        """Return whether all that it names has its numbers."""
        return self.prepared.numbered is not None

    def ready(self, numbered: Numbered) -> Ready:
        """Return all of it as it is to be stored."""
        return Ready(self.incoming, self.key_id, numbered, range(len(self.incoming)))


def _goes_along(group: Sequence[Batch], batch: Batch) -> bool:
    """Return whether a batch may share the transaction of others."""
    statements = sum(len(one.incoming) for one in group) + len(batch.incoming)
    return statements <= _MOST_TOGETHER and batch.is_plain and all(one.is_plain for one in group)


def _store_together(
    database: Database, tenant_id: int, batches: Sequence[Batch]
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


def _store_alone(database: Database, tenant_id: int, batch: Batch) -> Outcome[list[Written]]:
    try:
        return _store(database, tenant_id, [batch])[0]
    except Exception as exc:  # raised again in the thread whose batch it is
        return exc


def _store(
    database: Database, tenant_id: int, batches: Sequence[Batch]
) -> list[Outcome[list[Written]]]:
    """Store batches in one transaction; only a lone one may have parts or something beside it."""
    late = [batch.prepared.numbering for batch in batches if batch.prepared.numbered is None]
    missing = Missing(database, tenant_id, late)
    with database.write(first=missing.make if missing else None) as conn:
        numbered = [
            batch.prepared.numbered
            or Numbered.of(missing.added_to(batch.prepared.numbering), batch.incoming, packs=False)
            for batch in batches
        ]
        piece = as_one_piece(database, tenant_id, batches, numbered)
        if piece is not None and piece.store(conn):
            return [all_new(batch.incoming) for batch in batches]
        if batches[0].besides:
            take_turn(database, conn, tenant_id)
            batches = [_named(conn, batches[0])]
        ids = [one.statement.id.bytes for batch in batches for one in batch.incoming]
        seen = _look(database, conn, tenant_id, ids, batches, numbered)
        if not (seen.there or seen.pointed_to or seen.defined):
            database.hindered.discard(tenant_id)
        if seen.there or len({*ids}) < len(ids):
            places, outcomes = _sort_out(batches, seen.there)
        else:
            places = [range(len(batch.incoming)) for batch in batches]
            outcomes = [all_new(batch.incoming) for batch in batches]
        new = [
            Ready(batch.incoming, batch.key_id, numbers, fresh)
            for batch, numbers, fresh in zip(batches, numbered, places, strict=True)
        ]
        fresh = [one for ready in new for one in ready.statements()]
        definitions = seen.definitions
        if len(fresh) < sum(len(batch.incoming) for batch in batches):
            told = chain.from_iterable(ready.told() for ready in new)
            definitions = NewDefinitions(database.memory, tenant_id, told)
        merged = definitions.merged(seen.defined)
        unsettled = is_to_settle(fresh, seen.pointed_to)
        ends = not (unsettled or merged.changed or batches[0].besides or batches[0].parts)
        insert_new(conn, tenant_id, seen.turn, new, [merged.made], ends=ends)
        put_many_in_order(conn)
        change_definitions(conn, tenant_id, merged.changed)
        if unsettled:
            settle(conn, tenant_id, seen.turn.seq, fresh, seen.pointed_to)
        if len(batches) == 1:
            _keep_beside(conn, tenant_id, seen.turn.seq, batches[0], fresh)
    for each in numbered:
        each.numbering.remember()
    definitions.remember()
    return outcomes


def as_one_piece(
    database: Database, tenant_id: int, batches: Sequence[Batch], numbered: Sequence[Numbered]
) -> OnePiece | None:
    """Return batches as what PostgreSQL stores in one exchange; None: that is known not to go."""
    if database.is_sqlite or not batches[0].is_plain:
        return None
    from lrs.store.in_one_piece import OnePiece  # needs the driver of PostgreSQL

    ready = [batch.ready(numbers) for batch, numbers in zip(batches, numbered, strict=True)]
    return OnePiece.of(database, tenant_id, ready)


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
    ids: list[bytes],
    batches: Sequence[Batch],
    numbered: Sequence[Numbered],
) -> _Seen:
    """Take the turn, and look at what the batches, whose statements have these ids, may meet."""
    told = chain.from_iterable(each.told for each in numbered)
    definitions = NewDefinitions(database.memory, tenant_id, told)
    dialect = conn.dialect.name
    ahead = [batch.prepared.numbering for batch in batches if batch.prepared.numbered is not None]
    turn = asking_for_turn(database, tenant_id)
    questions = [
        *turn,
        *(each.asking() for each in ahead),
        Question(_taken(dialect), {"tenant_id": tenant_id, "wanted": ids}),
        asking_who_points(dialect, tenant_id, ids),
        definitions.asking(dialect),
    ]
    *answers, there, pointed_to, defined = ask(conn, questions)
    for numbering, present in zip(ahead, answers[len(turn) :], strict=True):
        numbering.hold(present)
    return _Seen(
        turn_of(database, answers[: len(turn)]),
        {uuid.UUID(bytes=bytes(id16)): _Stored(*stored) for id16, *stored in there},
        pointed_to,
        definitions,
        defined,
    )


def _named(conn: sa.Connection, batch: Batch) -> Batch:
    incoming = batch.incoming
    for beside in batch.besides:
        incoming = beside.named(conn, incoming)
    return batch._replace(incoming=incoming)


def _keep_beside(
    conn: sa.Connection, tenant_id: int, seq: int, batch: Batch, fresh: Sequence[Statement]
) -> None:
    if batch.parts:
        bodies = [(seq + n, sent.body) for n, sent in enumerate(fresh)]
        keep_attachments(conn, tenant_id, batch.parts, bodies)
    for beside in batch.besides:
        beside.keep(conn, list(enumerate(fresh, seq)))


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
    found = sa.select(statement.c.statement_id, statement.c.version, statement_body.c.body).join(
        statement_body, OF_ITS_STATEMENT
    )
    found = found.where(statement.c.tenant_id == sa.bindparam("tenant_id"))
    if dialect == "sqlite":
        return found.where(one_of(dialect, statement.c.statement_id))
    # One after another: with a list of ids, and a plan made while the tenant had few statements,
    # PostgreSQL reads all that the tenant has.
    wanted = sa.bindparam("wanted", type_=postgresql.ARRAY(postgresql.BYTEA))
    ids = sa.func.unnest(wanted).table_valued(sa.column("id"), name="ids").render_derived()
    each = found.where(statement.c.statement_id == ids.c.id).limit(sa.literal_column("1")).lateral()
    return sa.select(each).select_from(ids.join(each, sa.true()))


_Sorted = tuple[list[Sequence[int]], list[Outcome[list[Written]]]]
"""The places of those to be stored of each batch, and what became of each batch."""


def _sort_out(batches: Sequence[Batch], there: dict[uuid.UUID, _Stored]) -> _Sorted:
    """Compare ids that are taken; what one batch brings is there for those behind it."""
    fresh: list[Sequence[int]] = []
    outcomes: list[Outcome[list[Written]]] = []
    for batch in batches:
        try:
            places = _fresh(batch, there)
        except VerkanError as exc:
            if len(batches) == 1:
                raise  # so that nothing at all is left of it
            fresh.append([])
            outcomes.append(exc)
            continue
        fresh.append(places)
        sent = [one.statement for one in batch.incoming]
        outcomes.append([Written(one.id, one.id not in there) for one in sent])
        if len(batches) > 1:
            stored = (batch.incoming[place].statement for place in places)
            there |= {one.id: _Stored(int(one.version), one.raw) for one in stored}
    return fresh, outcomes


def _fresh(batch: Batch, there: Mapping[uuid.UUID, _Stored]) -> list[int]:
    fresh = []
    for place, one in enumerate(batch.incoming):
        stored = there.get(one.statement.id)
        if stored is None:
            fresh.append(place)
        elif not _is_same(stored, one.statement):
            batch.on_conflict(place, one.statement)
    return fresh


def _is_same(stored: _Stored, sent: Statement) -> bool:
    """Data 2.3.1: what counts is the meaning, not the bytes; the bytes are only quicker to compare."""
    if stored.body == sent.raw:
        return True
    return same_statement(orjson.loads(stored.body), sent.body, sent.version)
