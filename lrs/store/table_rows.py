"""All rows of a table, some at a time: many small ones, few large ones, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

_FEWEST, _MOST = 20, 1_000
_BYTES = 16_000_000


def table_rows(conn: sa.Connection, table: sa.Table) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield the rows as the database gives them out."""
    size = _rows_at_a_time(conn, table)
    with conn.execution_options(yield_per=size).execute(sa.select(table)) as found:
        yield from found.partitions()


def _rows_at_a_time(conn: sa.Connection, table: sa.Table) -> int:
    """Return how many of the largest rows fit; how long a value is can be told without reading it."""
    length = sa.func.length if conn.dialect.name == "sqlite" else sa.func.pg_column_size
    long = [c for c in table.columns if isinstance(c.type, sa.LargeBinary | sa.Text)]
    if not long:
        return _MOST
    largest = conn.execute(sa.select(*(sa.func.max(length(column)) for column in long))).one()
    return max(_FEWEST, min(_MOST, _BYTES // max(1, sum(each or 0 for each in largest))))
