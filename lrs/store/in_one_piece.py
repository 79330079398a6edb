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

from lrs.store.arrays import parameter
from lrs.store.asking import sent_of
from lrs.store.database import Database
from lrs.store.packed import SEQ, STAMP, Packed, defining, pack
from lrs.store.pipeline import Sent, send
from lrs.store.rows import Ready
from lrs.store.turns import taking_turn

_CLEAR = """
NOT EXISTS (SELECT 1 FROM unnest($2::bytea[]) AS given (id) WHERE (
  SELECT 1 FROM statement s WHERE s.tenant_id = $1 AND s.statement_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest($2::bytea[]) AS given (id) WHERE (
  SELECT 1 FROM statement_ref r WHERE r.tenant_id = $1 AND r.target_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest($3::bigint[]) AS given (id) WHERE (
  SELECT 1 FROM definition d WHERE d.term_id = given.id LIMIT 1
) IS NOT NULL)
AND NOT EXISTS (SELECT 1 FROM unnest($4::bigint[]) AS given (id) WHERE (
  SELECT 1 FROM term t WHERE t.id = given.id LIMIT 1
) IS NULL)
"""
"""One after another: of a list PostgreSQL may hold that to read all there is is quicker."""
_NUMBERING = f"""
SELECT set_config('{SEQ}', n.seq::text, true), set_config('{STAMP}', n.stamp::text, true)
FROM (
  SELECT coalesce(max(last.seq), 0) + 1 AS seq,
    greatest(coalesce(max(last.stored_at), 0),
      (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) + 1 AS stamp
  FROM (
    SELECT seq, stored_at FROM statement WHERE tenant_id = $1::integer ORDER BY seq DESC LIMIT 1
  ) AS last
) AS n
WHERE {_CLEAR}
"""  # noqa: S608 - our own names
"""Leaves the numbers of the turn, as `lrs.store.turns` has them, if nothing stands in the way."""


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
    asked = (ids, list(definitions), list(witnesses))
    given = [parameter(tenant_id), *map(parameter, asked)]
    numbering = Sent(
        _NUMBERING,
        [one.value for one in given],
        tuple(one.type for one in given),
        [one.form for one in given],
    )
    before = 0
    inserts: list[Sent] = []
    for packed, key_id, size in _pieces(batches):
        inserts += packed.sent(tenant_id, key_id, before)
        before += size
    if definitions:
        inserts.append(defining(tenant_id, list(definitions), list(definitions.values())))
    taking = sent_of(taking_turn(database, tenant_id))
    _, numbers, *_ = send(conn, [taking, numbering, *inserts], ends=True)
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
