"""Puts rows into every table, whatever tables there are: large, small, empty and odd values.

Made from the columns alone, so that a table or a migration that somebody adds is tried too.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from earlier_schemas import rows_of

ROWS = 3
TEXTS = ("Åsa \u2028 \U0001f9ef", "", '{"a": 1.10}\r\n')
DOUBLES = (0.1, -1e-300, 12345678.5)
_INT16, _INT32, _INT64 = (1 << 15) - 1, (1 << 31) - 1, (1 << 63) - 1

Dump = dict[str, list[tuple[Any, ...]]]


def fill(conn: sa.Connection, tables: sa.MetaData) -> None:
    """Put a few rows into each table, beside those that are there; what belongs together does."""
    for table in tables.sorted_tables:
        if table.name != "alembic_version":
            rows = [_row(conn, table, n) for n in range(ROWS)]
            conn.execute(sa.insert(table), rows)


def dump(conn: sa.Connection) -> Dump:
    """Return all rows of all tables, in an order of their own."""
    return {
        name: sorted((tuple(row.values()) for row in rows), key=repr)
        for name, rows in rows_of(conn).items()
    }


def _row(conn: sa.Connection, table: sa.Table, n: int) -> dict[str, Any]:
    return {column.name: _value(conn, column, n) for column in table.columns}


def _value(conn: sa.Connection, column: sa.Column[Any], n: int) -> Any:
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return (
            conn.execute(sa.select(sa.func.max(key.column)).select_from(key.column.table)).scalar()
            - n
        )
    if column.nullable and n == 1:
        return None
    if isinstance(column.type, sa.LargeBinary):
        return bytes([n]) + bytes(range(256))[-15:]
    if isinstance(column.type, sa.Text | sa.String):
        return f"{TEXTS[n]}{column.name}"
    if isinstance(column.type, sa.Float):
        return DOUBLES[n]
    return _integer(column, n)


def _integer(column: sa.Column[Any], n: int) -> int:
    if column.primary_key:
        return 900_000 + n if not isinstance(column.type, sa.SmallInteger) else 900 + n
    if isinstance(column.type, sa.SmallInteger):
        return (0, -1, _INT16)[n]
    # SQLite calls a column that counts by itself INTEGER, whatever it is elsewhere.
    return (1, -7, _INT64 if isinstance(column.type, sa.BigInteger) else _INT32)[n]
