"""Many rows at once, the way each database takes them fastest.

Measured with batches of 50 statements and their 450 references: on PostgreSQL a binary COPY stores
half as much again as arrays through ``unnest`` and is no slower for a single statement. On SQLite
the driver's ``executemany`` is as fast as ``VALUES`` with many rows while nobody else is about; but it
lets go of the interpreter at every row, and among busy threads waits to get it back each time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

Row = tuple[Any, ...]


def insert_rows(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Insert rows, each a tuple in the order of ``columns``."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        begin = 0
        for size in _sizes(len(columns)):
            while len(rows) - begin >= size:
                part = rows[begin : begin + size]
                begin += size
                conn.exec_driver_sql(_insert(table, columns, size), tuple(chain(*part)))
    else:
        _copy(conn, table, columns, rows)


def among(conn: sa.Connection, column: sa.Column[Any], values: Collection[Any]) -> Any:
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


@cache
def _sizes(columns: int) -> list[int]:
    """Return how many rows one ``VALUES`` may have: few texts, which the driver keeps ready.

    Older SQLite takes 999 values in a statement.
    """
    return [size for size in (128, 32, 8, 2, 1) if size * columns <= 999]


@cache
def _insert(table: sa.Table, columns: tuple[str, ...], size: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES "  # noqa: S608 - our own names
    return head + ", ".join([row] * size)


@cache
def _types(table: sa.Table, columns: tuple[str, ...]) -> list[str]:
    dialect: sa.Dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    return [table.c[name].type.compile(dialect).lower() for name in columns]


@contextmanager
def driver_faults(raw: Any) -> Iterator[None]:
    """Make a fault of the PostgreSQL driver, spoken to directly, look like any other of the database."""
    import psycopg

    try:
        yield
    except psycopg.Error as exc:
        told = sa.exc.DBAPIError.instance(
            "", None, exc, psycopg.Error, connection_invalidated=raw.broken
        )
        raise told from exc


def _copy(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    raw: Any = conn.connection.driver_connection
    command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    pack = _pack(table, columns)
    with driver_faults(raw), raw.cursor() as cursor, cursor.copy(command) as copying:
        if pack is not None:
            copying.write(_COPY_HEAD + b"".join([pack(*row) for row in rows]) + _COPY_END)
            return
        copying.set_types(_types(table, columns))
        for row in rows:
            copying.write_row(row)


# The form of a binary COPY: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_WIDTHS = {"smallint": (2, "h"), "integer": (4, "i"), "bigint": (8, "q")}


@cache
def _pack(table: sa.Table, columns: tuple[str, ...]) -> Callable[..., bytes] | None:
    """Return what writes a row of whole numbers, none of them empty; None for other rows.

    References are such rows, ten to a statement; written one value at a time they took a quarter of
    the time of a batch.
    """
    types = _types(table, columns)
    if any(name not in _WIDTHS for name in types) or any(
        table.c[name].nullable for name in columns
    ):
        return None
    head = struct.pack(">h", len(types))
    fields = [(struct.pack(">i", _WIDTHS[name][0]), _WIDTHS[name][1]) for name in types]
    form = struct.Struct(">" + f"{len(head)}s" + "".join(f"4s{letter}" for _, letter in fields))
    lengths = [length for length, _ in fields]

    def pack(*values: int) -> bytes:
        return form.pack(head, *chain.from_iterable(zip(lengths, values, strict=True)))

    return pack
