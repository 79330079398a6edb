"""How PostgreSQL takes rows: many by a binary COPY, few in one pipeline of inserts.

Measured with batches of 50 statements and their 450 references: a COPY stores half as much again as
arrays through ``unnest``. But each COPY waits for the server three times, which for a single
statement is most of its time; a few rows go as JSON, one value an insert, and wait once for all.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa

from lrs.store.bulk import Insert

_FEW = 60
"""Rows in all: about five statements and what they are found by."""


def put(raw: Any, inserts: Sequence[Insert]) -> None:
    """Insert into several tables over a connection of the driver."""
    with driver_faults(raw):
        if sum(len(one.values) // len(one.columns) for one in inserts) <= _FEW:
            _insert_few(raw, inserts)
            return
        for one in inserts:
            _copy(raw, one)


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


def _rows(values: Sequence[Any], width: int) -> Iterator[tuple[Any, ...]]:
    return zip(*[iter(values)] * width, strict=True)


def _insert_few(raw: Any, inserts: Sequence[Insert]) -> None:
    with raw.pipeline():
        for table, columns, values in inserts:
            names = [f"{name}" for name in columns]  # plain texts, also of SQLAlchemy's own kind
            rows = _rows(values, len(names))
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


def _copy(raw: Any, given: Insert) -> None:
    table, columns, values = given
    command = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    packed = _packed(table, columns, values)
    with raw.cursor() as cursor, cursor.copy(command) as copying:
        if packed is not None:
            copying.write(_COPY_HEAD + packed + _COPY_END)
            return
        copying.set_types(_types(table, columns))
        for row in _rows(values, len(columns)):
            copying.write_row(row)


# The form of a binary COPY: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
# A row is the number of its fields; a field is its length in bytes, and as many bytes.
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_LETTERS = {"smallint": "h", "integer": "i", "bigint": "q", "double precision": "d", "float": "d"}


@cache
def _types(table: sa.Table, columns: tuple[str, ...]) -> list[str]:
    dialect: sa.Dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    return [table.c[name].type.compile(dialect).lower() for name in columns]


def _packed(table: sa.Table, columns: tuple[str, ...], values: Sequence[Any]) -> bytes | None:
    """Return rows in the binary form; None: there is a column of a type not known here.

    Written one value at a time they took a third of the time of a batch.
    """
    types = _types(table, columns)
    whole = all(_LETTERS.get(name, "d") != "d" for name in types)
    if whole and not any(table.c[name].nullable for name in columns):
        return _packed_numbers("".join(_LETTERS[name] for name in types), values)
    encoders = _encoders(table, columns)
    if encoders is None:
        return None
    width = len(columns)
    fields = [struct.pack(">h", width)] * (len(values) // width * (width + 1))
    for at, encode in enumerate(encoders):
        fields[at + 1 :: width + 1] = map(encode, values[at::width])
    return b"".join(fields)


@cache
def _encoders(table: sa.Table, columns: tuple[str, ...]) -> list[Callable[[Any], bytes]] | None:
    """Return what writes a field of each column."""
    found = [_encoder(name) for name in _types(table, columns)]
    known = [encode for encode in found if encode is not None]
    return known if len(known) == len(found) else None


def _encoder(kind: str) -> Callable[[Any], bytes] | None:
    length = struct.Struct(">i").pack

    def of_bytes(value: bytes | None) -> bytes:
        return _NULL if value is None else length(len(value)) + value

    def of_text(value: str | None) -> bytes:
        return of_bytes(None if value is None else value.encode())

    if kind in ("bytea", "text"):
        return of_bytes if kind == "bytea" else of_text
    if kind not in _LETTERS:
        return None
    form = struct.Struct(f">i{_LETTERS[kind]}")
    pack, size = form.pack, form.size - 4

    def of_number(value: float | None) -> bytes:
        return _NULL if value is None else pack(size, value)

    return of_number


def _packed_numbers(letters: str, values: Sequence[int]) -> bytes:
    """Return rows of whole numbers, none of them empty.

    All numbers are written at once, with room between them for the lengths, which are the same in
    every row and so are put in column by column.
    """
    packed, begin, left = [], 0, len(values) // len(letters)
    while left:
        rows = 1 << min(left.bit_length() - 1, 10)  # few forms, which are kept
        form, lengths, width = _form(letters, rows)
        some = bytearray(form.pack(*values[begin : begin + rows * len(letters)]))
        for at, length in lengths:
            some[at::width] = bytes([length]) * rows
        packed.append(some)
        begin, left = begin + rows * len(letters), left - rows
    return b"".join(packed)


@lru_cache(maxsize=32)
def _form(letters: str, rows: int) -> tuple[struct.Struct, list[tuple[int, int]], int]:
    """Return the form of the rows, where in a row which small number stands, and a row's width."""
    row, at, lengths = "xx", 2, [(1, len(letters))]
    for letter in letters:
        size = struct.calcsize(f">{letter}")
        row += f"xxxx{letter}"
        lengths.append((at + 3, size))
        at += 4 + size
    return struct.Struct(">" + row * rows), lengths, at
