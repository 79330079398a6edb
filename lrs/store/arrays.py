"""How PostgreSQL takes rows and lists: every column one array, in binary.

One ``INSERT … SELECT … FROM unnest(…)`` a table stores many rows as soon as a COPY, and few sooner. The
driver would write arrays value by value; here they are written at once, and a lone row as it is.

The form of an array: `array_recv` in
https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c: the number of
dimensions, whether there are nulls, the type, the length, the first index; then each value behind
its length, which for a null is -1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg.postgres import types

from lrs.store.bulk import Insert
from lrs.store.pipeline import BINARY, TEXT, Sent


def inserting(insert: Insert) -> Sent:
    """Return what inserts rows: as arrays, or one row as it is, which is cheaper for both sides."""
    table, columns, values = insert
    if len(values) == len(columns):
        into = _into_one(table, columns)
        given = [each.one(value) for each, value in zip(into.columns, values, strict=True)]
    else:
        into = _into(table, columns)
        given = [each.all(values[at :: len(columns)]) for at, each in enumerate(into.columns)]
    return Sent(into.text, given, (), into.formats)


class Parameter(NamedTuple):
    """A value on the wire, its type (0: what the text makes of it), and its form."""

    value: bytes | None
    type: int
    form: int


def parameter(value: Any) -> Parameter:
    """Return a whole number, a text, bytes, nothing, or a list of one of these."""
    if value is None:
        return Parameter(None, 0, TEXT)
    if isinstance(value, bytes):
        return Parameter(value, types["bytea"].oid, BINARY)
    if isinstance(value, list):
        return _list(value)
    return Parameter(str(value).encode(), 0, TEXT)


def _list(values: Sequence[Any]) -> Parameter:
    if not values:
        return Parameter(b"{}", 0, TEXT)
    kind, write = _LISTS[type(values[0])]
    return Parameter(write(values), types[kind].array_oid, BINARY)


class Column(NamedTuple):
    """A column: its type, and what writes a list of its values and a single one."""

    kind: str
    all: Callable[[Sequence[Any]], bytes]
    one: Callable[[Any], bytes | None]


class _Into(NamedTuple):
    """What inserts rows into columns of a table."""

    text: str
    columns: list[Column]
    formats: tuple[int, ...]

    @classmethod
    def of(cls, table: sa.Table, columns: tuple[str, ...], rows: str, ending: str) -> _Into:
        """``rows`` has a place for the parameters; ``ending`` makes each an array of its type."""
        found = [column_of(table, name) for name in columns]
        holes = ", ".join(f"${n}::{each.kind}{ending}" for n, each in enumerate(found, 1))
        text = f"INSERT INTO {table.name} ({', '.join(columns)}) {rows.format(holes)}"
        return cls(text, found, (BINARY,) * len(found))


@cache
def _into(table: sa.Table, columns: tuple[str, ...]) -> _Into:
    return _Into.of(table, columns, "SELECT * FROM unnest({})", "[]")


@cache
def _into_one(table: sa.Table, columns: tuple[str, ...]) -> _Into:
    return _Into.of(table, columns, "VALUES ({})", "")


@cache
def column_of(table: sa.Table, name: str) -> Column:
    """Return what writes a column of a table."""
    dialect: sa.Dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    kind = table.c[name].type.compile(dialect).lower()
    return Column(kind, *_WRITERS[kind])


_HEAD = struct.Struct(">5i")
_LENGTH = struct.Struct(">i").pack
_NULL = _LENGTH(-1)


@lru_cache(maxsize=1_024)  # most lists are short
def _head(kind: str, length: int, nulls: bool) -> bytes:
    return _HEAD.pack(1, nulls, types[kind].oid, length, 1)


def _of_bytes(values: Sequence[bytes | None], kind: str = "bytea") -> bytes:
    fields = [_NULL if value is None else _LENGTH(len(value)) + value for value in values]
    return _head(kind, len(values), None in values) + b"".join(fields)


def _of_texts(values: Sequence[str | None]) -> bytes:
    return _of_bytes([None if value is None else value.encode() for value in values], "text")


def _numbers(kind: str, letter: str) -> Callable[[Sequence[Any]], bytes]:
    """Return what writes numbers of one kind.

    Many are written at once with room before each for its length, which is put in afterwards: of
    its four bytes only the last is not zero.
    """
    one = struct.Struct(f">i{letter}")
    size = one.size - 4
    width = one.size

    def write(values: Sequence[Any]) -> bytes:
        nulls = None in values
        if nulls or len(values) < _MANY:
            fields = [_NULL if value is None else one.pack(size, value) for value in values]
            return _head(kind, len(values), nulls) + b"".join(fields)
        written = bytearray()
        begin = 0
        while left := len(values) - begin:
            length = min(1 << (left.bit_length() - 1), _AT_ONCE)  # few forms, which are kept
            written += _form(letter, length).pack(*values[begin : begin + length])
            begin += length
        written[3::width] = bytes([size]) * len(values)
        return _head(kind, len(values), nulls) + bytes(written)

    return write


_MANY, _AT_ONCE = 8, 512


@lru_cache(maxsize=64)
def _form(letter: str, length: int) -> struct.Struct:
    return struct.Struct(">" + f"xxxx{letter}" * length)


def _one_number(letter: str) -> Callable[[Any], bytes | None]:
    pack = struct.Struct(f">{letter}").pack
    return lambda value: None if value is None else pack(value)


_WRITERS: dict[str, tuple[Callable[[Sequence[Any]], bytes], Callable[[Any], bytes | None]]] = {
    "smallint": (_numbers("int2", "h"), _one_number("h")),
    "integer": (_numbers("int4", "i"), _one_number("i")),
    "bigint": (_numbers("int8", "q"), _one_number("q")),
    "double precision": (_numbers("float8", "d"), _one_number("d")),
    "float": (_numbers("float8", "d"), _one_number("d")),
    "bytea": (_of_bytes, lambda value: value),
    "text": (_of_texts, lambda value: None if value is None else value.encode()),
}
_LISTS: dict[type, tuple[str, Callable[[Sequence[Any]], bytes]]] = {
    int: ("int8", _WRITERS["bigint"][0]),
    bytes: ("bytea", _of_bytes),
    str: ("text", _of_texts),
}
"""How a list in a question is written, by what it is a list of."""
