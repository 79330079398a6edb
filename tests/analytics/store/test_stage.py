"""Stages are filled the same way on both databases: added up by their key, or once each key."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from analytics.store import stage
from lrs.store.database import Database

ROWS = [(1, 0b001, 2.5), (2, 0b100, 1.0), (1, 0b100, 0.5), (1, 0b001, 4.0), (2, 0b100, -3.0)]


def rows(conn: sa.Connection, *names: str) -> sa.Select[tuple[object, ...]]:
    """Return a query of the rows above, in that order."""
    given = stage.temporary_table(
        "given",
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("key", sa.BigInteger),
        sa.Column("bits", sa.BigInteger),
        sa.Column("num", sa.Double),
    )
    given.create(conn)
    values = [dict(zip(given.c.keys(), (n, *row), strict=True)) for n, row in enumerate(ROWS)]
    conn.execute(sa.insert(given), values)
    return sa.select(*(given.c[name] for name in names)).where(sa.true())


def all_of(conn: sa.Connection, table: sa.Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in conn.execute(sa.select(table).order_by(table.c[0]))]


def test_rows_are_added_up_by_key_and_their_bits_united(database: Database) -> None:
    table = stage.numbered_table(
        "added", "key", stage.united("bits"), sa.Column("num", sa.Double, nullable=False)
    )
    with database.write() as conn:
        table.create(conn)
        query = rows(conn, "key", "bits", "num")
        for _ in range(2):  # what was there before is gone
            stage.add_up(conn, table, query)
            assert all_of(conn, table) == [(1, 0b101, 7.0), (2, 0b100, -2.0)]


def test_each_key_is_kept_once(database: Database) -> None:
    table = stage.numbered_table("once", "key")
    with database.write() as conn:
        table.create(conn)
        query = rows(conn, "key")
        for _ in range(2):
            stage.add_once(conn, table, query)
            assert all_of(conn, table) == [(1,), (2,)]


@pytest.mark.parametrize("row", [0, 3])
def test_a_key_that_is_there_is_not_added_again(database: Database, row: int) -> None:
    table = stage.numbered_table("more", "key")
    with database.write() as conn:
        table.create(conn)
        stage.add_once(conn, table, rows(conn, "key"))
        twice = sa.select(sa.literal(ROWS[row][0], sa.BigInteger))
        with pytest.raises(sa.exc.IntegrityError):
            stage.add(conn, table, twice)
