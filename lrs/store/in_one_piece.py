"""Stores batches in one exchange with PostgreSQL, where nothing stands in their way.

Nearly always nothing does: no id is taken, nobody points to what is new, all that is said of activities
is new or known. So the questions are PostgreSQL's own here: it takes the turn, looks, numbers and
inserts, and commits, while nobody in between wakes up to read an answer; the turn is held for as
long as the database works, and no longer. Where something does stand in the way nothing is stored, and
what it is is looked at the long way (`lrs.store.writing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, chain, groupby
from typing import Any

import sqlalchemy as sa

from lrs.store.asking import Question, sent_of
from lrs.store.bulk import Row
from lrs.store.database import Database
from lrs.store.definitions import NewDefinitions
from lrs.store.packed import SEQ, STAMP, Packed, defining, pack
from lrs.store.pipeline import Sent, send
from lrs.store.rows import Ready
from lrs.store.turns import NEXT, Turn, asking_with_kept_plans

_CLEAR = """
NOT EXISTS (SELECT 1 FROM unnest(CAST(:ids AS bytea[])) AS given (id) WHERE (
  SELECT 1 FROM statement s WHERE s.tenant_id = :tenant_id AND s.statement_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:ids AS bytea[])) AS given (id) WHERE (
  SELECT 1 FROM statement_ref r WHERE r.tenant_id = :tenant_id AND r.target_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:defined AS bigint[])) AS given (id) WHERE (
  SELECT 1 FROM definition d WHERE d.term_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest(CAST(:witnesses AS bigint[])) AS given (id) WHERE (
  SELECT 1 FROM term t WHERE t.id = given.id LIMIT 1
) IS NULL)
"""
"""One after another: of a list PostgreSQL may hold that to read all there is is quicker."""
_next = NEXT.subquery("next").c
_NUMBERING = sa.select(
    *(
        sa.func.set_config(setting, sa.cast(number, sa.Text), sa.true())
        for setting, number in ((SEQ, _next.seq), (STAMP, _next.stored_at))
    )
).where(sa.text(_CLEAR))
"""Leaves the numbers of the turn in the transaction, if nothing stands in the way."""


@lru_cache(maxsize=1_000)
def _taking_turn(tenant_id: int, patience_s: float) -> Sent:
    return sent_of(asking_with_kept_plans(tenant_id, patience_s))


class OnePiece:
    """Batches of a tenant that PostgreSQL stores in one exchange, all of them or nothing.

    Nothing is stored if an id is taken or pointed to, if something is known already of an activity
    that is told of, or if something was lost that was made for them beforehand.
    """

    def __init__(self, database: Database, tenant_id: int, batches: Sequence[Ready]) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self.batches = batches
        told = chain.from_iterable(each.numbered.told for each in batches)
        self._definitions = NewDefinitions(database.memory, tenant_id, told)

    @classmethod
    def of(cls, database: Database, tenant_id: int, batches: Sequence[Ready]) -> OnePiece | None:
        """Return them as one; None: something is known to stand in the way."""
        if tenant_id in database.hindered:
            return None
        sent = [one for ready in batches for one in ready.statements()]
        points = any(one.targets is not None for one in sent)
        if points or len({one.id for one in sent}) < len(sent):
            return None
        return cls(database, tenant_id, batches)

    def store(self, conn: sa.Connection) -> bool:
        """Store it and commit, or nothing; return which."""
        return self.stored(send(conn, self.sent(), ends=True)) is not None

    def sent(self) -> list[Sent]:
        """Return what is to be sent, as a transaction of its own."""
        first = self._definitions.where_nothing_is_known()
        witnesses = {n for each in self.batches for n in each.numbered.numbering.witnesses}
        numbering = Question(
            _NUMBERING,
            {
                "tenant_id": self._tenant_id,
                "ids": [one.id.bytes for ready in self.batches for one in ready.statements()],
                "defined": list(first),
                "witnesses": sorted(witnesses),
            },
        )
        before = 0
        inserts: list[Sent] = []
        for packed, key_id, size in _pieces(self.batches):
            inserts.append(packed.sent(self._tenant_id, key_id, before))
            before += size
        if first:
            inserts.append(defining(self._tenant_id, list(first), list(first.values())))
        patience_s = self._database.settings.busy_timeout_s
        return [_taking_turn(self._tenant_id, patience_s), sent_of(numbering), *inserts]

    def stored(self, answers: Sequence[Sequence[Row]]) -> Turn | None:
        """Return the turn it was stored in, by the answers; None: nothing is stored."""
        _, numbers, *_ = answers
        if not numbers:
            self._database.hindered.add(self._tenant_id)
            return None
        for each in self.batches:
            each.numbered.numbering.remember()
        self._definitions.remember()
        return Turn(*map(int, numbers[0]))


def _pieces(batches: Sequence[Ready]) -> Iterator[tuple[Packed, int | None, int]]:
    """Yield what is inserted at once, the key that brought it, and how many statements it is.

    What is too small to have been packed for itself is packed with its neighbours.
    """

    def alike(ready: Ready) -> tuple[int | None, int]:
        packed = ready.numbered.packed
        return ready.key_id, 0 if packed is None else id(packed)

    for (key_id, _), group in groupby(batches, alike):
        some = list(group)
        packed = some[0].numbered.packed or _packed_together(some)
        yield packed, key_id, sum(len(ready.incoming) for ready in some)


def _packed_together(batches: Sequence[Ready]) -> Packed:
    columns = [ready.numbered.columns for ready in batches]
    refs = [ready.numbered.found_by.columns for ready in batches]
    sizes = [len(ready.incoming) for ready in batches]
    before = [0, *accumulate(sizes)]
    seqs = [seq + n for found, n in zip(refs, before, strict=False) for seq in found["seq"]]
    return pack(
        _one_behind_another(columns),
        [one for ready in batches for one in ready.statements()],
        {**_one_behind_another(refs), "seq": seqs},
    )


def _one_behind_another(columns: Sequence[Any]) -> dict[str, list[Any]]:
    return {name: [value for one in columns for value in one[name]] for name in columns[0]}
