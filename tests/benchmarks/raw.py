"""The same rows without the product: how quick the database alone takes what a run left in it.

One transaction a batch, the same tables and indexes, rows ready in memory, the
quickest way each driver has. Nothing is checked, looked up, or numbered.
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa

from lrs.store.bulk import Row, insert_rows
from lrs.store.database import Database
from lrs.store.schema import ref, statement, statement_body, term

Batch = list[tuple[sa.Table, tuple[str, ...], list[Row]]]
_TABLES = (term, statement, statement_body, ref)


@dataclass
class Rows:
    """What a run left behind, batch by batch: the rows of each table."""

    statements: int
    batches: list[Batch]


def read_rows(database: Database, above: int, batch: int) -> Rows:
    """Read the statements numbered above that, and what they brought, as they would come again."""
    with database.read() as conn:
        by_table = {
            table: _by_number(conn, table, above) for table in (statement, statement_body, ref)
        }
        by_table[term] = _new_terms(conn, above)
    numbers = sorted(by_table[statement])
    batches = []
    for start in range(0, len(numbers), batch):
        part = numbers[start : start + batch]
        batches.append(
            [
                (
                    table,
                    tuple(column.name for column in table.columns),
                    [row for number in part for row in by_table[table].get(number, ())],
                )
                for table in _TABLES
            ]
        )
    return Rows(len(numbers), batches)


def insert_raw(database: Database, rows: Rows, clients: int = 1) -> float:
    """Insert them into an empty database, by several clients at once; return the seconds it took.

    Several clients insert the new terms beforehand, for another's statements may name them.
    """
    batches = rows.batches
    if clients > 1:
        with database.engine.begin() as conn:
            for batch in batches:
                insert_rows(conn, *batch[0])
        batches = [batch[1:] for batch in batches]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(lambda n: _insert(database, batches[n::clients]), range(clients)):
            pass
    return time.perf_counter() - began


def _insert(database: Database, batches: list[Batch]) -> None:
    with database.engine.connect() as conn:
        for batch in batches:
            with conn.begin():
                for table, columns, some in batch:
                    insert_rows(conn, table, columns, some)


def _by_number(conn: sa.Connection, table: sa.Table, above: int) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    place = list(table.columns).index(table.c.seq)
    for row in conn.execute(sa.select(table).where(table.c.seq > above)):
        found[row[place]].append(tuple(row))
    return found


def _new_terms(conn: sa.Connection, above: int) -> dict[int, list[Row]]:
    """Return the terms that came with these statements, each with the first that names it."""
    first = (
        sa.select(ref.c.term_id, sa.func.min(ref.c.seq).label("seq"))
        .group_by(ref.c.term_id)
        .subquery()
    )
    found: dict[int, list[Row]] = defaultdict(list)
    query = sa.select(first.c.seq, term).join(first, first.c.term_id == term.c.id)
    for number, *row in conn.execute(query.where(first.c.seq > above)):
        found[number].append(tuple(row))
    return found
