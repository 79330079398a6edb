"""Reads as of one moment, however long the reading takes and whatever is written meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from lrs.store.database import Database


@contextmanager
def one_moment(database: Database, *, scratch: bool = False) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction all of whose queries see the same state of the data.

    SQLite's transactions are so; PostgreSQL's see what was committed before each query, if not told.
    There nothing can be written in it either, unless ``scratch`` allows for temporary tables.
    """
    with database.read() as conn:
        if not database.is_sqlite:
            may = "READ WRITE" if scratch else "READ ONLY"
            conn.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ {may}")
        yield conn
