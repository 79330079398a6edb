"""How PostgreSQL takes rows and lists: every column one array, in binary, all tables at once.

One ``INSERT … SELECT … FROM unnest(…)`` a table, sent together, makes the server wait for us once;
a COPY waits three times, which for few rows is most of its time, and stores many rows no sooner.
The driver writes arrays value by value; here they are written at once.

The form of an array: `array_recv` in
https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c: the number of
dimensions, whether there are nulls, the type, the length, the first index; then each value behind
its length, which for a null is -1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types

from lrs.store.bulk import Insert


class Array(bytes):
    """A list in binary, of the type that the query names."""


class BytesArray(Array):
    """A list of bytes."""


class IntegerArray(Array):
    """A list of whole numbers of 64 bits."""


class _As(Dumper):
    """Sends a list as it is."""

    format = pq.Format.BINARY

    def dump(self, obj: Any) -> Buffer:
        """Return the bytes."""
        return bytes(obj)


class _AsBytes(_As):
    oid = types["bytea"].array_oid


class _AsIntegers(_As):
    oid = types["int8"].array_oid


def register(connection: psycopg.Connection[Any]) -> None:
    """Let a connection send them."""
    connection.adapters.register_dumper(Array, _As)
    connection.adapters.register_dumper(BytesArray, _AsBytes)
    connection.adapters.register_dumper(IntegerArray, _AsIntegers)


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


def put(raw: Any, inserts: Sequence[Insert]) -> None:
    """Insert into several tables over a connection of the driver."""
    with driver_faults(raw), raw.pipeline():
        for table, columns, values in inserts:
            into = _into(table, columns)
            given = [each.array(values[at :: len(columns)]) for at, each in enumerate(into.columns)]
            raw.execute(into.query, given)


def array_of(values: Sequence[Any]) -> Any:
    """Return bytes or whole numbers as an array; any other list as it is."""
    if values and all(value.__class__ is bytes for value in values):
        return BytesArray(_of_bytes(values))
    if values and all(value.__class__ is int for value in values):
        return IntegerArray(_NUMBERS["bigint"](values))
    return values


class _Column(NamedTuple):
    """A column: how it is named in a query, and what writes its values."""

    hole: str
    array: Callable[[Sequence[Any]], Any]


class _Into(NamedTuple):
    """What inserts rows into columns of a table."""

    query: str
    columns: list[_Column]


@cache
def _into(table: sa.Table, columns: tuple[str, ...]) -> _Into:
    found = [_column(table.c[name]) for name in columns]
    holes = ", ".join(column.hole for column in found)
    head = f"INSERT INTO {table.name} ({', '.join(columns)})"
    return _Into(f"{head} SELECT * FROM unnest({holes})", found)  # noqa: S608


def _column(column: sa.Column[Any]) -> _Column:
    dialect: sa.Dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    kind = column.type.compile(dialect).lower()
    write = _NUMBERS.get(kind, _WRITERS.get(kind))
    if write is None:
        return _Column(f"%s::{kind}[]", list)  # the driver knows how
    return _Column(f"%b::{kind}[]", lambda values: Array(write(values)))


_HEAD = struct.Struct(">5i")
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)


def _head(kind: str, length: int, *, nulls: bool = False) -> bytes:
    return _HEAD.pack(1, int(nulls), types[kind].oid, length, 1)


def _of_bytes(values: Sequence[bytes | None], kind: str = "bytea") -> bytes:
    fields = [_NULL if value is None else _LENGTH(len(value)) + value for value in values]
    return _head(kind, len(values), nulls=None in values) + b"".join(fields)


def _of_texts(values: Sequence[str | None]) -> bytes:
    return _of_bytes([None if value is None else value.encode() for value in values], "text")


_WRITERS: dict[str, Callable[[Sequence[Any]], bytes]] = {"bytea": _of_bytes, "text": _of_texts}


def _numbers(kind: str, letter: str) -> Callable[[Sequence[Any]], bytes]:
    """Return what writes numbers of one kind.

    All are written at once with room before each for its length, which is put in afterwards: of
    its four bytes only the last is not zero.
    """
    one = struct.Struct(f">i{letter}")
    size = one.size - 4
    width = one.size

    def write(values: Sequence[Any]) -> bytes:
        if None in values:
            fields = [_NULL if value is None else one.pack(size, value) for value in values]
            return _head(kind, len(values), nulls=True) + b"".join(fields)
        written = bytearray()
        begin = 0
        while left := len(values) - begin:
            length = min(1 << (left.bit_length() - 1), _AT_ONCE)  # few forms, which are kept
            written += _form(letter, length).pack(*values[begin : begin + length])
            begin += length
        written[3::width] = bytes([size]) * len(values)
        return _head(kind, len(values)) + bytes(written)

    return write


_AT_ONCE = 512


@lru_cache(maxsize=64)
def _form(letter: str, length: int) -> struct.Struct:
    return struct.Struct(">" + f"xxxx{letter}" * length)


_NUMBERS = {
    "smallint": _numbers("int2", "h"),
    "integer": _numbers("int4", "i"),
    "bigint": _numbers("int8", "q"),
    "double precision": _numbers("float8", "d"),
    "float": _numbers("float8", "d"),
}
