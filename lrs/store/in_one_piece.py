"""Stores batches in one exchange with PostgreSQL, where nothing stands in their way.

Nearly always nothing does: no id is taken, nobody points to what is new, all that is said of activities
is new or known. So the questions are PostgreSQL's own here: it takes the turn, looks, numbers and
inserts, and commits, while nobody in between wakes up to read an answer; the turn is held for as
long as the database works, and no longer. Where something does stand in the way nothing is stored, and
what it is is looked at the long way (`lrs.store.writing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, groupby
from typing import Any

import sqlalchemy as sa

from lrs.store.asking import Question, sent_of
from lrs.store.database import Database
from lrs.store.packed import SEQ, STAMP, Packed, defining, pack
from lrs.store.pipeline import Sent, send
from lrs.store.rows import Ready
from lrs.store.turns import NEXT, asking_with_kept_plans

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


def store_in_one_piece(
    database: Database,
    conn: sa.Connection,
    tenant_id: int,
    batches: Sequence[Ready],
    definitions: Mapping[int, str],
    witnesses: Sequence[int],
) -> bool:
    """Store all of some batches and commit, or nothing; return which.

    Nothing is stored if an id is taken or pointed to, if something is known already of an activity
    that ``definitions`` are of, or if not all ``witnesses``, which are terms, are there.
    """
    ids = [one.id.bytes for ready in batches for one in ready.statements()]
    numbering = Question(
        _NUMBERING,
        {
            "tenant_id": tenant_id,
            "ids": ids,
            "defined": list(definitions),
            "witnesses": list(witnesses),
        },
    )
    before = 0
    inserts: list[Sent] = []
    for packed, key_id, size in _pieces(batches):
        inserts += packed.sent(tenant_id, key_id, before)
        before += size
    if definitions:
        inserts.append(defining(tenant_id, list(definitions), list(definitions.values())))
    asked = [sent_of(each) for each in (asking_with_kept_plans(database, tenant_id), numbering)]
    _, numbers, *_ = send(conn, [*asked, *inserts], ends=True)
    return bool(numbers)


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
    return {name: list(chain.from_iterable(one[name] for one in columns)) for name in columns[0]}
