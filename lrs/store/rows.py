"""The rows that a statement becomes: itself, its body, and what it is found by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.authorities import Authority
from lrs.store.bulk import Insert, Row, insert_all
from lrs.store.definitions import Told
from lrs.store.found_by import REF_COLUMNS, FoundBy
from lrs.store.numbering import Numbering
from lrs.store.schema import statement, statement_body
from lrs.store.turns import Turn
from lrs.store.waiting import goes_to
from lrs.xapi.statement import Statement
from lrs.xapi.terms import TermKind

_DAY = 86_400_000_000
_ACTIVITY = int(TermKind.ACTIVITY)

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


class Incoming(NamedTuple):
    """A statement, who vouches for it, and whether it may say what activities are called."""

    statement: Statement
    authority: Authority
    defines: bool = True


class Numbered(NamedTuple):
    """What a batch names, when all names have their numbers: made ready before its turn."""

    numbering: Numbering
    found_by: FoundBy
    told: list[Told]

    @classmethod
    def of(cls, numbering: Numbering) -> Numbered:
        """Return it for a batch nothing of which is missing."""
        gathered = numbering.gathered
        return cls(numbering, FoundBy(gathered, numbering.terms), _told(numbering, None))


def _told(numbering: Numbering, fresh: Collection[int] | None) -> list[Told]:
    gathered = numbering.gathered
    if not gathered.said:
        return []
    number = dict(zip(gathered.names, numbering.terms, strict=True))
    return [
        Told(number[_ACTIVITY, activity], body, mark)
        for activity, body, mark in gathered.told(fresh)
    ]


class Ready(NamedTuple):
    """A batch, and which of its statements are to be stored, by their places."""

    incoming: Sequence[Incoming]
    key_id: int | None
    """The key that brought it."""
    numbered: Numbered
    fresh: Sequence[int]

    def statements(self) -> list[Statement]:
        """Return the statements that are to be stored."""
        return [self.incoming[place].statement for place in self.fresh]

    def told(self) -> list[Told]:
        """Return what these say of activities."""
        if len(self.fresh) == len(self.incoming):
            return self.numbered.told
        return _told(self.numbered.numbering, set(self.fresh))


def insert_new(
    conn: sa.Connection,
    tenant_id: int,
    turn: Turn,
    batches: Sequence[Ready],
    beside: Sequence[Insert] = (),
    *,
    ends: bool = False,
) -> None:
    """Insert statements, numbered and stamped from the turn on, with all they are found by.

    ``beside`` is inserted together with them. ``ends``: see `lrs.store.bulk.insert_all`.
    """
    rows: list[Any] = []
    bodies: list[Any] = []
    refs: list[Any] = []
    done = 0
    for ready in batches:
        refs += ready.numbered.found_by.values(tenant_id, turn.seq + done, ready.fresh)
        for n, place in enumerate(ready.fresh, done):
            seq, stored_at = turn.seq + n, turn.stored_at + n
            rows += _statement_row(tenant_id, seq, stored_at, place, ready)
            bodies += (tenant_id, seq, ready.incoming[place].statement.raw)
        done += len(ready.fresh)
    insert_all(
        conn,
        [
            Insert(statement, _STATEMENT_COLUMNS, rows),
            Insert(statement_body, _BODY_COLUMNS, bodies),
            Insert(goes_to(conn), REF_COLUMNS, refs),
            *beside,
        ],
        ends=ends,
    )


def _statement_row(tenant_id: int, seq: int, stored_at: int, place: int, ready: Ready) -> Row:
    sent, numbering = ready.incoming[place].statement, ready.numbered.numbering
    gathered, terms, result = numbering.gathered, numbering.terms, sent.result
    actor, activity = gathered.actors[place], gathered.activities[place]
    timestamp_at = stored_at if sent.timestamp_at is None else sent.timestamp_at
    return (
        tenant_id,
        seq,
        sent.id.bytes,
        stored_at,
        timestamp_at,
        timestamp_at // _DAY,
        None if actor is None else terms[actor],
        terms[gathered.verbs[place]],
        None if activity is None else terms[activity],
        numbering.authorities[gathered.vouching[place]],
        ready.key_id,
        int(sent.version),
        _bit(result.completion),
        _bit(result.success),
        result.score_scaled,
        result.duration_s,
    )


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)
