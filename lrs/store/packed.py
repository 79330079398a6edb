"""A batch as PostgreSQL takes it, written before its turn but for the numbers that the turn gives.

While the turn is held no other batch of the tenant is stored, so nothing is written then that can
be written before. A statement goes by its place in the batch; the numbers of the first are a setting
of the transaction, which whoever takes the turn leaves there (`giving`). Without them nothing
is inserted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.arrays import column_of
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
    statement: (3, _STATEMENTS),
    statement_body: (2, _BODIES),
    ref: (2, _REFS),
    definition: (1, {"tenant_id": "$1::integer"}),
}
"""How many values there are beside the columns, and what is made of these."""


def giving(turn: Turn) -> Sent:
    """Return what leaves the numbers of a turn in the transaction."""
    text = f"SELECT set_config('{SEQ}', $1, true), set_config('{STAMP}', $2, true)"
    values = [str(number).encode() for number in turn]
    return Sent(text, values, (), (TEXT, TEXT))


class Packed(NamedTuple):
    """The columns of a batch, each an array in binary."""

    statements: _Arrays
    bodies: _Arrays
    refs: _Arrays

    def sent(self, tenant_id: int, key_id: int | None, before: int) -> list[Sent]:
        """Return what inserts all of it, behind so many that the same turn stores ``before``."""
        return [
            self.statements.sent(tenant_id, before, key_id),
            self.bodies.sent(tenant_id, before),
            self.refs.sent(tenant_id, before),
        ]


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
    return Packed(
        _Arrays.of(statement, {**columns, **own}),
        _Arrays.of(statement_body, {"body": [one.raw for one in statements]}),
        _Arrays.of(ref, refs),
    )


def defining(tenant_id: int, activities: Sequence[int], bodies: Sequence[str]) -> Sent:
    """Return what inserts the definitions of activities, if statements are inserted."""
    return _Arrays.of(definition, {"term_id": activities, "body": bodies}).sent(tenant_id)


class _Into(NamedTuple):
    """What inserts into a table, and what writes its columns."""

    text: str
    writers: list[Callable[[Sequence[Any]], bytes]]
    formats: tuple[int, ...]


class _Arrays(NamedTuple):
    """What inserts into a table, and the columns that it is given."""

    into: _Into
    arrays: list[bytes]

    @classmethod
    def of(cls, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> _Arrays:
        into = _into(table, tuple(columns))
        written = zip(into.writers, columns.values(), strict=True)
        return cls(into, [write(values) for write, values in written])

    def sent(self, *given: int | None) -> Sent:
        plain = [None if value is None else str(value).encode() for value in given]
        return Sent(self.into.text, [*plain, *self.arrays], (), self.into.formats)


@cache
def _into(table: sa.Table, given: tuple[str, ...]) -> _Into:
    beside, made = _MADE[table]
    written = [column_of(table, name) for name in given]
    holes = ", ".join(f"${n}::{each.kind}[]" for n, each in enumerate(written, beside + 1))
    columns = {name: f"given.{name}" for name in given} | made
    rows = f"unnest({holes}) WITH ORDINALITY AS given ({', '.join(given)}, place)"
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    chosen = f"SELECT {', '.join(columns.values())} FROM {rows}"  # noqa: S608 - our own names
    formats = (TEXT,) * beside + (BINARY,) * len(written)
    text = f"{into} {chosen} WHERE {_set(SEQ)} IS NOT NULL"
    return _Into(text, [each.all for each in written], formats)
