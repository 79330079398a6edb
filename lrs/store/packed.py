"""A batch as PostgreSQL takes it, written before its turn but for the numbers that the turn gives.

While the turn is held no other batch of the tenant is stored, so nothing is written then that can
be written before. A statement goes by its place in the batch; the numbers of the first are a setting
of the transaction, which whoever takes the turn leaves there (`giving`). Without them nothing
is inserted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg.postgres import types

from lrs.store.arrays import Column, column_of
from lrs.store.pipeline import BINARY, TEXT, Sent
from lrs.store.rows import DAY
from lrs.store.schema import definition, ref, statement, statement_body
from lrs.store.turns import Turn
from lrs.xapi.statement import Statement

SEQ, STAMP = "verkan.seq", "verkan.stamp"
"""The settings that hold the number and the instant of the first statement, if any may be stored."""


def _set(name: str) -> str:
    """Return the number that a setting holds; it is read once a query, not once a row."""
    return f"(SELECT nullif(current_setting('{name}', true), '')::bigint)"


# The first place is 1. A statement without a time of its own has that of its storing.
_PLACED = "$2::bigint + place - 1"
_STAMPED = f"{_set(STAMP)} + {_PLACED}"
_STATEMENTS = {
    "tenant_id": "$1::integer",
    "seq": f"{_set(SEQ)} + {_PLACED}",
    "stored_at": _STAMPED,
    "key_id": "$3::integer",
    "timestamp_at": f"coalesce(given.timestamp_at, {_STAMPED})",
    "day_no": f"coalesce(given.day_no, (({_STAMPED}) / {DAY})::integer)",
}
_BODIES = {"tenant_id": "$1::integer", "seq": f"{_set(SEQ)} + {_PLACED}"}
# Here a column has the places, and the first is 0.
_REFS = {"tenant_id": "$1::integer", "seq": f"{_set(SEQ)} + $2::bigint + given.seq"}
_MADE = {
    statement: _STATEMENTS,
    statement_body: _BODIES,
    ref: _REFS,
    definition: {"tenant_id": "$1::integer"},
}
"""What is made of the values that are given beside the columns."""
_BESIDE = ("int4", "int8", "int4")
"""What these are: the tenant, how many are stored before, and the key."""


def giving(turn: Turn) -> Sent:
    """Return what leaves the numbers of a turn in the transaction."""
    text = f"SELECT set_config('{SEQ}', $1, true), set_config('{STAMP}', $2, true)"
    values = [str(number).encode() for number in turn]
    return Sent(text, values, (), (TEXT, TEXT))


class Packed(NamedTuple):
    """What inserts a batch, and its columns, each an array in binary."""

    into: _Into
    arrays: list[bytes]

    def sent(self, tenant_id: int, key_id: int | None = None, before: int = 0) -> Sent:
        """Return what inserts all of it, behind so many that the same turn stores ``before``."""
        given = [tenant_id, before, key_id]
        plain = [None if value is None else str(value).encode() for value in given]
        return Sent(self.into.text, [*plain, *self.arrays], self.into.types, self.into.formats)


def pack(
    columns: Mapping[str, Sequence[Any]],
    statements: Sequence[Statement],
    refs: Mapping[str, Sequence[Any]],
) -> Packed:
    """Write a batch: ``columns`` are what is known of its statements, ``refs`` those of ``ref``."""
    own: dict[str, Sequence[Any]] = {
        "statement_id": [one.id.bytes for one in statements],
        "day_no": [None if at is None else at // DAY for at in columns["timestamp_at"]],
    }
    return _packed(
        (statement, {**columns, **own}),
        (statement_body, {"body": [one.raw for one in statements]}),
        (ref, refs),
    )


def defining(tenant_id: int, activities: Sequence[int], bodies: Sequence[str]) -> Sent:
    """Return what inserts the definitions of activities, if statements are inserted."""
    return _packed((definition, {"term_id": activities, "body": bodies})).sent(tenant_id)


def _packed(*given: tuple[sa.Table, Mapping[str, Sequence[Any]]]) -> Packed:
    into = _into(*((table, tuple(columns)) for table, columns in given))
    values = chain.from_iterable(columns.values() for _, columns in given)
    return Packed(into, [write(each) for write, each in zip(into.writers, values, strict=True)])


class _Into(NamedTuple):
    """What inserts into tables in one query, and what writes their columns."""

    text: str
    writers: list[Callable[[Sequence[Any]], bytes]]
    types: tuple[int, ...]
    formats: tuple[int, ...]


@cache
def _into(*given: tuple[sa.Table, tuple[str, ...]]) -> _Into:
    inserts: list[str] = []
    writers: list[Callable[[Sequence[Any]], bytes]] = []
    for table, names in given:
        written = [column_of(table, name) for name in names]
        inserts.append(_inserting(table, names, written, len(_BESIDE) + len(writers) + 1))
        writers += [each.all for each in written]
    *others, last = inserts
    beside = ", ".join(f"part{n} AS ({text})" for n, text in enumerate(others))
    text = f"WITH {beside} {last}" if beside else last
    beside_types = tuple(types[kind].oid for kind in _BESIDE)  # not all of them are always used
    return _Into(
        text,
        writers,
        beside_types + (0,) * len(writers),
        (TEXT,) * len(_BESIDE) + (BINARY,) * len(writers),
    )


def _inserting(
    table: sa.Table, names: tuple[str, ...], written: Sequence[Column], first: int
) -> str:
    holes = ", ".join(f"${n}::{each.kind}[]" for n, each in enumerate(written, first))
    columns = {name: f"given.{name}" for name in names} | _MADE[table]
    rows = f"unnest({holes}) WITH ORDINALITY AS given ({', '.join(names)}, place)"
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    chosen = f"SELECT {', '.join(columns.values())} FROM {rows}"  # noqa: S608 - our own names
    return f"{into} {chosen} WHERE {_set(SEQ)} IS NOT NULL"
