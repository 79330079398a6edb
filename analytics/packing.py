"""Packs who was in which team, and who learned what when, from one report to the next.

People are packed anew after an import touched the staff history; the learners of a path when a fact on
it, a link to a person, or its rule changed. What is packed is written in one transaction, as it was at
one moment, with what tells a reader whether it is as new as what they see.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import packed, stage
from analytics.store.bases import bases_by_person
from analytics.store.exposure import stage_path
from analytics.store.learned import learning_on, own_line, state_of
from analytics.store.schema import packed_learners, packed_people
from analytics.store.staff import Staff, learners_in
from connectors.paths import learning_path
from connectors.store.schema import employment, membership
from lrs.store.bulk import upsert
from lrs.store.database import Database
from lrs.store.one_moment import one_moment


class AsNewAs(NamedTuple):
    """When people were packed, and the imports they know of: the newest, and when the last ended."""

    made_at: int
    upto_run: int
    upto_end: int


def pack_people(
    database: Database, conn: sa.Connection, tenant_id: int, staff: Staff, new: AsNewAs
) -> None:
    """Pack people as they are at the moment of a connection."""
    parts = (
        (packed.EMPLOYED, staff.employed),
        (packed.MEMBER, (*staff.member, staff.unit)),
        (packed.BASIS, bases_by_person(conn, tenant_id)),
    )
    rows = history_rows(conn, tenant_id)
    values = {"made_as": packed.MADE_AS, "history_rows": rows, **new._asdict()}
    with database.write() as writing:
        line = upsert(writing, packed_people).values(tenant_id=tenant_id, **values)
        writing.execute(line.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
        for which, columns in parts:
            packed.pack(writing, tenant_id, which, columns)


def history_rows(conn: sa.Connection, tenant_id: int) -> int:
    """Count the rows of the staff history: those that were deleted, no import tells of."""
    rows = (
        sa.select(sa.func.count()).where(table.c.tenant_id == tenant_id)
        for table in (employment, membership)
    )
    return sum(int(conn.execute(count).scalar_one()) for count in rows)


def still_hold(database: Database, line: sa.Row[Any], new: AsNewAs) -> None:
    """Say that imports since people were packed have touched none, unless somebody packed them anew."""
    p = packed_people
    same = (p.c.tenant_id == line.tenant_id, p.c.made_at == line.made_at)
    with database.write() as conn:
        conn.execute(sa.update(p).where(*same).values(**new._asdict()))


def refresh_learners(database: Database, tenant_id: int, path_key: str) -> bool:
    """Pack the learners of a path anew if they may be others by now; return whether that was so."""
    with one_moment(database, scratch=True) as conn:
        path = learning_path(conn, tenant_id, path_key)
        line = sa.select(packed_learners.c.data_state).where(*own_line(tenant_id, path))
        state = state_of(conn, tenant_id, path)
        if conn.execute(line).scalar() == state:
            return False
        with stage.staged(conn):
            if not stage_path(conn, tenant_id, path):
                return False
            learning = learning_on(conn, tenant_id, path)
            learners = learners_in(conn)
            with database.write() as writing:
                values = {"data_state": state, **learning._asdict()}
                key = {"tenant_id": tenant_id, "path": path.key}
                new = upsert(writing, packed_learners).values(**key, **values)
                writing.execute(new.on_conflict_do_update(index_elements=[*key], set_=values))
                packed.pack(writing, tenant_id, packed.learner(path.key), learners)
    return True
