"""What finds the newest statements, until some thousands of them are put in order together.

Each row of ``ref`` belongs somewhere else in a large table, and a batch is too small for two of its
rows to lie close: on SQLite that is much of what a statement costs. So there the rows are put down
one after another in ``ref_waiting``, by the transaction that stores their statement, and put in order
a great many at once, which is cheaper. A row is in one of the two tables, never in both, and
whoever asks one asks the other: what is acknowledged is found by the next request.

PostgreSQL, whose writers do not wait for each other's rows, puts them in order as they come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

import sqlalchemy as sa
import structlog

from lrs.log import fault_fields
from lrs.store.asking import Question, ask
from lrs.store.bulk import among
from lrs.store.database import Database
from lrs.store.runs import COLUMNS, each_named
from lrs.store.schema import ref, ref_waiting

MOST_WAITING = 64_000
"""Rows that a batch may leave waiting: they are looked through by every query with a filter."""
LOOK_S = 1.0
_BUSY = 5_000
"""Rows from one look to the next, beyond which those who write put them in order themselves."""
_AFTER_A_FAULT_S = 30.0
_STOP_S = 5.0
_ENDS = Question(
    sa.select(
        *(sa.select(end(ref_waiting.c.id)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    ),
    {},
)
_log = structlog.get_logger("lrs.store")


def goes_to(conn: sa.Connection) -> sa.Table:
    """Return the table that new rows are put down in."""
    return ref_waiting if conn.dialect.name == "sqlite" else ref


def finders(conn: sa.Connection) -> tuple[sa.Subquery, ...]:
    """Return what has a row for each statement and each thing that it is found by."""
    dialect = conn.dialect.name
    tables = (ref, ref_waiting) if dialect == "sqlite" else (ref,)
    return tuple(each_named(dialect, table) for table in tables)


def waiting_for(conn: sa.Connection, terms: Collection[int]) -> list[tuple[int, int, int]]:
    """Return term, scope and seq of what waits for some terms. All that waits is looked through."""
    if not terms or conn.dialect.name != "sqlite":
        return []
    own = each_named(conn.dialect.name, ref_waiting).c
    query = sa.select(own.term_id, own.scope, own.seq).where(among(conn, own.term_id, terms))
    return [(term, scope, seq) for term, scope, seq in conn.execute(query)]


def put_in_order(conn: sa.Connection) -> None:
    """Move all that waits to where queries are quick, within a transaction that writes."""
    if not _number(conn):
        return
    rows = sa.select(*(ref_waiting.c[name] for name in COLUMNS))
    rows = rows.order_by(*(ref_waiting.c[column.name] for column in ref.primary_key))
    conn.execute(sa.insert(ref).from_select(COLUMNS, rows))
    conn.execute(sa.delete(ref_waiting))


def put_many_in_order(conn: sa.Connection) -> None:
    """Move what waits if it has become much."""
    if conn.dialect.name == "sqlite" and _number(conn) >= MOST_WAITING:
        put_in_order(conn)


def _number(conn: sa.Connection) -> int:
    """Return how many rows wait: they are numbered without gaps from the oldest to the newest."""
    (((oldest, newest),),) = ask(conn, [_ENDS])
    return 0 if newest is None else int(newest - oldest) + 1


def start(database: Database, look_s: float = LOOK_S) -> Callable[[], None]:
    """Put in order, beside a server, what waits while few write; return what ends it."""
    if not database.is_sqlite:
        return lambda: None
    stopping = threading.Event()

    def run() -> None:
        before = 0
        while not stopping.wait(look_s):
            try:
                before = _put_few_in_order(database, before)
            except Exception as exc:  # a full disk, say; what waits is found where it lies
                _log.warning("not_put_in_order", **fault_fields(exc))
                stopping.wait(_AFTER_A_FAULT_S)

    thread = threading.Thread(target=run, name="waiting", daemon=True)
    thread.start()

    def stop() -> None:
        stopping.set()
        thread.join(_STOP_S)

    return stop


def _put_few_in_order(database: Database, before: int) -> int:
    """Move what waits unless much has come since so many waited; return how many wait now.

    Where fewer wait than before, so much came that those who write have put it in order.
    """
    with database.read() as conn:
        number = _number(conn)
    if not number or not 0 <= number - before <= _BUSY:
        return number
    with database.write() as conn:
        put_in_order(conn)
    return 0
