"""Whose turn it is to write, and how far the record is complete.

Neither a sequence nor a clock is the order of commit: a transaction that took its number early may
commit late, and a follower that pages by number never sees it. So a tenant's statements are
numbered and stamped only while its turn is held, and the turn is held until the commit: along
``seq``, ``stored`` rises strictly and commits follow each other.

The same turn makes ``X-Experience-API-Consistent-Through`` a true bound. When nobody holds it, all
that was stamped is visible, and all that will be is stamped later than the clock now; when somebody
does, the newest visible ``stored`` is such a bound. (Both lean on a clock of the database's machine
that is not set back.)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.asking import Question, ask
from lrs.store.bulk import Row
from lrs.store.database import Database
from lrs.store.schema import statement

# The first half of the lock's key says what is locked, the second which tenant.
_LOCK_CLASS = 0x73746D74


class Turn(NamedTuple):
    """The next number and the next instant of a tenant, for the holder of its turn to write."""

    seq: int
    stored_at: int


_LAST = (
    sa.select(statement.c.seq, statement.c.stored_at)
    .where(statement.c.tenant_id == sa.bindparam("tenant_id"))
    .order_by(statement.c.seq.desc())
    .limit(sa.literal_column("1"))
)
_CLOCK = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger)
_TENANT = sa.bindparam("tenant_id", type_=sa.Integer)
_last = _LAST.subquery("last").c
NEXT = sa.select(
    (sa.func.coalesce(sa.func.max(_last.seq), 0) + 1).label("seq"),
    (
        sa.func.greatest(sa.func.coalesce(sa.func.max(_last.stored_at), 0), _CLOCK)
        + sa.literal_column("1")
    ).label("stored_at"),
)
"""The next number and instant on PostgreSQL, for the holder of the turn of ``tenant_id``."""
_TAKE = sa.select(
    sa.func.set_config("lock_timeout", sa.bindparam("patience"), sa.true()),
    sa.func.pg_advisory_xact_lock(_LOCK_CLASS, _TENANT),
)
# For who asks nothing but what is asked every time: PostgreSQL would weigh anew, each time, whether to
# make a plan for these values, and that cost as much as the answers.
_TAKE_AS_PLANNED = _TAKE.add_columns(
    sa.func.set_config("plan_cache_mode", "force_generic_plan", sa.true())
)
# The clock first: whoever gives the turn back between the two has been seen when it is free.
_LOOK = sa.select(_CLOCK, sa.func.pg_try_advisory_xact_lock_shared(_LOCK_CLASS, _TENANT))


def take_turn(database: Database, conn: sa.Connection, tenant_id: int) -> Turn:
    """Wait for the tenant's turn to write, which ends with the transaction.

    On SQLite the transaction itself is the turn: ``database.write()`` gives only one at a time.
    """
    return turn_of(database, ask(conn, asking_for_turn(database, tenant_id)))


def asking_for_turn(database: Database, tenant_id: int) -> list[Question]:
    """Return what takes the turn: what is asked behind it sees all that was stored before."""
    tenant = {"tenant_id": tenant_id}
    if database.is_sqlite:
        return [Question(_LAST, tenant)]
    taking = _taking(_TAKE, tenant_id, database.settings.busy_timeout_s)
    return [taking, Question(NEXT, tenant)]


def asking_with_kept_plans(tenant_id: int, patience_s: float) -> Question:
    """Return what takes the turn on PostgreSQL; all that follows has the plans that were made once."""
    return _taking(_TAKE_AS_PLANNED, tenant_id, patience_s)


def _taking(query: sa.Select[Any], tenant_id: int, patience_s: float) -> Question:
    patience = f"{round(patience_s * 1000)}ms"
    return Question(query, {"tenant_id": tenant_id, "patience": patience})


def turn_of(database: Database, answers: Sequence[list[Row]]) -> Turn:
    """Return the turn that the answers to `asking_for_turn` give."""
    last = answers[-1]
    if not database.is_sqlite:
        return Turn(*last[0])
    seq, stored_at = last[0] if last else (0, 0)
    return Turn(seq + 1, max(_machine_clock(), stored_at) + 1)


def consistent_through(database: Database, tenant_id: int) -> int:
    """Return an instant: every statement stored up to it is visible to whoever asks from now on."""
    now, free = _look(database, tenant_id)
    if free:
        return now
    with database.read() as conn:
        (last,) = ask(conn, [Question(_LAST, {"tenant_id": tenant_id})])
        return int(last[0][1]) if last else 0


def _look(database: Database, tenant_id: int) -> tuple[int, bool]:
    """Return the clock, and whether nobody held the tenant's turn after that."""
    if database.is_sqlite:
        now = _machine_clock()
        return now, database.nobody_writes()
    # The look takes the lock for as long as its transaction, which is over before anyone waits.
    with database.read() as conn:
        (((now, free),),) = ask(conn, [Question(_LOOK, {"tenant_id": tenant_id})], ends=True)
        return int(now), bool(free)


def _machine_clock() -> int:
    return time.time_ns() // 1000
