"""Lists as PostgreSQL takes them in binary, written at once: the driver writes value by value.

The form: https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c,
`array_recv`: dimensions, whether there are nulls, the type, the length, the first index; then each
value behind its length.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types


class Array(bytes):
    """A list in binary."""


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
    connection.adapters.register_dumper(BytesArray, _AsBytes)
    connection.adapters.register_dumper(IntegerArray, _AsIntegers)


_HEAD = struct.Struct(">5i")


def array_of(values: Sequence[Any]) -> Any:
    """Return bytes or whole numbers as an array; any other list as it is."""
    if values and all(value.__class__ is bytes for value in values):
        size = struct.Struct(">i").pack
        fields = [size(len(value)) + value for value in values]
        return BytesArray(_head("bytea", len(values)) + b"".join(fields))
    if values and all(value.__class__ is int for value in values):
        length = struct.pack(">i", 8)
        numbers = struct.pack(f">{len(values)}q", *values)
        fields = [length + numbers[at : at + 8] for at in range(0, len(numbers), 8)]
        return IntegerArray(_head("int8", len(values)) + b"".join(fields))
    return values


def _head(kind: str, length: int) -> bytes:
    return _HEAD.pack(1, 0, types[kind].oid, length, 1)
