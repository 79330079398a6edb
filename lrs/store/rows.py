"""The rows that a statement becomes: itself, its body, and what it is found by.

All that does not hang on the turn is made before it, column by column.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from lrs.store import runs
from lrs.store.authorities import Authority
from lrs.store.bulk import Insert, insert_all, one_after_another
from lrs.store.definitions import Told
from lrs.store.found_by import FoundBy
from lrs.store.numbering import Numbering
from lrs.store.schema import statement, statement_body
from lrs.store.turns import Turn
from lrs.store.waiting import goes_to
from lrs.xapi.statement import Statement

if TYPE_CHECKING:
    from lrs.store.packed import Packed
    from lrs.store.pipeline import Sent

DAY = 86_400_000_000
"""Microseconds."""

_STATEMENT_COLUMNS = tuple(c.name for c in statement.columns if c.name != "voided_by")
_BODY_COLUMNS = ("tenant_id", "seq", "body")

Columns = dict[str, Sequence[Any]]
"""By the names of the columns: the values of all rows, in order."""


class Incoming(NamedTuple):
    """A statement, who vouches for it, and whether it may say what activities are called."""

    statement: Statement
    authority: Authority
    defines: bool = True


class Numbered(NamedTuple):
    """What a batch names, when all names have their numbers: made ready before its turn."""

    numbering: Numbering
    columns: Columns
    """Of its statements, but for what may change until they are stored."""
    found_by: FoundBy
    told: list[Told]
    packed: Packed | None
    """All of it as PostgreSQL takes it, if that was worth the while."""

    @classmethod
    def of(cls, numbering: Numbering, incoming: Sequence[Incoming], *, packs: bool) -> Numbered:
        """Return it for a batch nothing of which is missing."""
        columns = _columns(numbering, incoming)
        found_by = FoundBy(numbering.gathered, numbering.terms)
        packed = None
        if packs:
            from lrs.store.packed import pack  # needs the driver, which need not be installed

            packed = pack(columns, [one.statement for one in incoming], found_by.columns)
        return cls(numbering, columns, found_by, _told(numbering, None), packed)


def _columns(numbering: Numbering, incoming: Sequence[Incoming]) -> Columns:
    gathered, terms = numbering.gathered, numbering.terms
    sent = [one.statement for one in incoming]
    results = [one.result for one in sent]
    return {
        "timestamp_at": [one.timestamp_at for one in sent],
        "actor_id": [None if actor is None else terms[actor] for actor in gathered.actors],
        "verb_id": [terms[verb] for verb in gathered.verbs],
        "activity_id": [None if one is None else terms[one] for one in gathered.activities],
        "authority_id": [numbering.authorities[voucher] for voucher in gathered.vouching],
        "version": [int(one.version) for one in sent],
        "completion": [one.completion for one in results],
        "success": [one.success for one in results],
        "score_scaled": [one.score_scaled for one in results],
        "duration_s": [one.duration_s for one in results],
    }


def _told(numbering: Numbering, fresh: Collection[int] | None) -> list[Told]:
    gathered = numbering.gathered
    if not gathered.said:
        return []
    terms = numbering.terms
    return [(terms[name], body, mark) for name, (_, body, mark) in gathered.told(fresh)]


class Ready(NamedTuple):
    """A batch, and which of its statements are to be stored, by their places."""

    incoming: Sequence[Incoming]
    key_id: int | None
    """The key that brought it."""
    numbered: Numbered
    fresh: Sequence[int]

    @property
    def is_whole(self) -> bool:
        """Return whether all of it is to be stored."""
        return len(self.fresh) == len(self.incoming)

    def statements(self) -> list[Statement]:
        """Return the statements that are to be stored."""
        return [self.incoming[place].statement for place in self.fresh]

    def told(self) -> list[Told]:
        """Return what these say of activities."""
        if self.is_whole:
            return self.numbered.told
        return _told(self.numbered.numbering, set(self.fresh))

    def rows(self, tenant_id: int, seq: int, stored_at: int) -> list[Any]:
        """Return the values of the rows of ``statement``, numbered and stamped from there on."""
        columns, size = self.numbered.columns, len(self.fresh)
        if not self.is_whole:
            columns = {name: [all_[n] for n in self.fresh] for name, all_ in columns.items()}
        stamps = range(stored_at, stored_at + size)
        times = [
            stamp if time is None else time
            for stamp, time in zip(stamps, columns["timestamp_at"], strict=True)
        ]
        columns = columns | {
            # What is done beside may have given them their ids only now.
            "statement_id": [one.id.bytes for one in self.statements()],
            "seq": range(seq, seq + size),
            "stored_at": stamps,
            "timestamp_at": times,
            "day_no": [time // DAY for time in times],
            "key_id": [self.key_id] * size,
        }
        return one_after_another(size, columns, _STATEMENT_COLUMNS, tenant_id)


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
    packed: list[Sent] = []
    seq, stored_at = turn
    for ready in batches:
        numbered, size = ready.numbered, len(ready.fresh)
        if numbered.packed is not None and ready.is_whole:
            packed.append(numbered.packed.sent(tenant_id, ready.key_id, seq - turn.seq))
        else:
            rows += ready.rows(tenant_id, seq, stored_at)
            refs += numbered.found_by.values(tenant_id, seq, ready.fresh)
            for n, one in enumerate(ready.statements(), seq):
                bodies += (tenant_id, n, one.raw)
        seq, stored_at = seq + size, stored_at + size
    if packed:
        from lrs.store.packed import giving

        packed.insert(0, giving(turn))
    insert_all(
        conn,
        [
            Insert(statement, _STATEMENT_COLUMNS, rows),
            Insert(statement_body, _BODY_COLUMNS, bodies),
            Insert(goes_to(conn), runs.COLUMNS, refs),
            *beside,
        ],
        packed,
        ends=ends,
    )
