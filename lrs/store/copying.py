"""How PostgreSQL takes rows: many by a binary COPY, few in one pipeline of inserts.

Measured with batches of 50 statements and their 450 references: a COPY stores half as much again as
arrays through ``unnest``. But each COPY waits for the server three times, which for a single
statement is most of its time; a few rows go as JSON, one value an insert, and wait once for all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa

from lrs.store.bulk import Insert, Row

_FEW = 60
"""Rows in all: about five statements and what they are found by."""


def put(raw: Any, inserts: Sequence[Insert]) -> None:
    """Insert into several tables over a connection of the driver."""
    with driver_faults(raw):
        if sum(len(one.rows) for one in inserts) <= _FEW:
            _insert_few(raw, inserts)
            return
        for table, columns, rows in inserts:
            _copy(raw, table, columns, rows)


@contextmanager
def driver_faults(raw: Any) -> Iterator[None]:
    """Make a fault of the PostgreSQL driver, spoken to directly, look like any other of the database."""
    try:
        yield
    except psycopg.Error as exc:
        told = sa.exc.DBAPIError.instance(
            "", None, exc, psycopg.Error, connection_invalidated=raw.broken
        )
        raise told from exc


def _insert_few(raw: Any, inserts: Sequence[Insert]) -> None:
    with raw.pipeline():
        for table, columns, rows in inserts:
            names = [f"{name}" for name in columns]  # plain texts, also of SQLAlchemy's own kind
            named = [dict(zip(names, row, strict=True)) for row in rows]
            given = orjson.dumps(named, default=_as_text).decode()
            raw.execute(_from_json(table, columns), (given,))


def _as_text(value: Any) -> str:
    """Return what JSON has no form for as PostgreSQL reads it."""
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else str(value)


@cache
def _from_json(table: sa.Table, columns: tuple[str, ...]) -> str:
    named = ", ".join(columns)
    head = f"INSERT INTO {table.name} ({named}) SELECT {named} "
    return f"{head}FROM json_populate_recordset(NULL::{table.name}, %s::json)"


@cache
def _types(table: sa.Table, columns: tuple[str, ...]) -> list[str]:
    dialect: sa.Dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    return [table.c[name].type.compile(dialect).lower() for name in columns]


def _copy(raw: Any, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    pack = _pack(table, columns)
    with raw.cursor() as cursor, cursor.copy(command) as copying:
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
