"""Many rows at once, the way each database takes them fastest.

PostgreSQL has a module of its own (`lrs.store.arrays`). On SQLite the driver's ``executemany`` is
as fast as ``VALUES`` with many rows while nobody else is about; but it lets go of the interpreter at
every row, and among busy threads waits to get it back each time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from lrs.store.pipeline import Sent

Row = tuple[Any, ...]
_MOST_VALUES = 32_766 if sqlite3.sqlite_version_info >= (3, 32) else 999
"""The values that SQLite takes in a statement."""


class Insert(NamedTuple):
    """Rows for a table: the values of one row after those of another, each as ``columns``."""

    table: sa.Table
    columns: tuple[str, ...]
    values: Sequence[Any]


def upsert(conn: sa.Connection, table: sa.Table) -> Any:
    """Return an insert that can be told what to do where a row is there already (``on_conflict_…``)."""
    return (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(table)


def insert_rows(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Iterable[Row]
) -> None:
    """Insert rows, each a tuple in the order of ``columns``."""
    insert_all(conn, [Insert(table, columns, list(chain.from_iterable(rows)))])


def one_after_another(
    size: int, columns: Mapping[str, Sequence[Any]], names: Sequence[str], tenant_id: int
) -> list[Any]:
    """Return the values of rows one after another, from columns; the tenant is none of these."""
    width = len(names)
    values = [tenant_id] * (width * size)
    for at, name in enumerate(names):
        if name != "tenant_id":
            values[at::width] = columns[name]
    return values


def insert_all(
    conn: sa.Connection,
    inserts: Iterable[Insert],
    packed: Sequence[Sent] = (),
    *,
    ends: bool = False,
) -> None:
    """Insert into several tables, one after another.

    ``packed`` is what goes to PostgreSQL before them as it is. With ``ends`` PostgreSQL commits at
    once: nothing may follow in the transaction.
    """
    given = [one for one in inserts if one.values]
    if not (given or packed):
        return
    if conn.dialect.name != "sqlite":
        from lrs.store.arrays import inserting  # needs the driver, which need not be installed
        from lrs.store.pipeline import send

        send(conn, [*packed, *map(inserting, given)], ends=ends)
        return
    for each in given:
        _insert_on_sqlite(conn, each)


def insert_missing_on_sqlite(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Iterable[Row]
) -> int:
    """Insert the rows that are not there already; return how many were not."""
    raw: Any = conn.connection.driver_connection
    before: int = raw.total_changes
    missing = Insert(table, columns, list(chain.from_iterable(rows)))
    _insert_on_sqlite(conn, missing, " ON CONFLICT DO NOTHING")
    after: int = raw.total_changes
    return after - before


def _insert_on_sqlite(conn: sa.Connection, insert: Insert, ending: str = "") -> None:
    table, columns, values = insert
    begin = 0
    for size in _sizes(len(columns)):
        step = size * len(columns)
        while len(values) - begin >= step:
            text = _insert(table, columns, size, ending)
            run_on_sqlite(conn, text, values[begin : begin + step])
            begin += step


def run_on_sqlite(conn: sa.Connection, text: str, values: Sequence[Any] = ()) -> list[Row]:
    """Run a text that is kept ready and return its rows.

    The driver is spoken to directly: of a short question SQLAlchemy's account of it is the larger part.
    Its faults look like any other of the database.
    """
    raw: Any = conn.connection.driver_connection
    try:
        return list(raw.execute(text, values))
    except sqlite3.Error as exc:
        raise sa.exc.DBAPIError.instance("", None, exc, sqlite3.Error) from exc


def among(conn: sa.Connection, column: sa.ColumnElement[Any], values: Collection[Any]) -> Any:
    """Return the condition that a column has one of the values.

    PostgreSQL gets one array, so that the text of the query, and with it the plan that it keeps,
    is the same for any number of values.
    """
    if conn.dialect.name == "sqlite":
        return column.in_(values)
    return column == sa.any_(sa.literal(list(values), postgresql.ARRAY(column.type)))


def one_of(dialect: str, column: sa.Column[Any]) -> Any:
    """Return the condition of `among` for a query that is made once and run with ``wanted``.

    What every post asks is not worth being put together anew each time: for a single statement
    that cost more than the database did.
    """
    if dialect == "sqlite":
        return column.in_(sa.bindparam("wanted", expanding=True))
    return column == sa.any_(sa.bindparam("wanted", type_=postgresql.ARRAY(column.type)))


def finds_any(lookup: sa.Select[Any]) -> sa.ColumnElement[bool]:
    """Return whether a query finds something, asked of each row that it names of the query around.

    Of what EXISTS asks, PostgreSQL may read all beforehand, for a page of a few.
    """
    one = lookup.with_only_columns(sa.literal(1)).limit(sa.literal_column("1"))
    return one.scalar_subquery().is_not(None)


@cache
def _sizes(columns: int) -> list[int]:
    """Return how many rows one ``VALUES`` may have: few texts, which the driver keeps ready."""
    return [size for size in (1_024, 128, 32, 8, 2, 1) if size * columns <= _MOST_VALUES]


@cache
def _insert(table: sa.Table, columns: tuple[str, ...], size: int, ending: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own names
    return head + ", ".join([row] * size) + ending
