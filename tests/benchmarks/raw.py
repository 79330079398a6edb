"""The same rows without the product: how quick the database alone takes what a run left in it.

One transaction a batch, into the same filled tables and indexes, rows ready in memory: on PostgreSQL
arrays through ``unnest`` and a single row as it is, written beforehand; on SQLite ``VALUES`` with many
rows. Nothing is checked, looked up, or numbered. The rows get other numbers and ids than those they are
made from.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa

from lrs.store.arrays import inserting
from lrs.store.bulk import Insert, Row, insert_rows
from lrs.store.database import Database
from lrs.store.pipeline import send
from lrs.store.runs import SPAN, each_named
from lrs.store.schema import ref, statement, statement_body, term
from lrs.store.waiting import put_in_order

Batch = list[tuple[sa.Table, tuple[str, ...], list[Row]]]
_TABLES = (term, statement, statement_body, ref)
_ONE_A_ROW = tuple(column.name for column in ref.columns)[:-1]
_TERMS_FROM = 1 << 33  # far from those that the store numbers


@dataclass
class Rows:
    """What a run left behind, batch by batch: the rows of each table."""

    statements: int
    batches: list[Batch]


def read_rows(database: Database, above: int, batch: int) -> Rows:
    """Read the statements numbered above that, and what they brought, as they would come again."""
    with database.write() as conn:
        put_in_order(conn)  # the database alone is to put its rows where they belong
        by_table = {table: _by_number(conn, table, above) for table in (statement, statement_body)}
        by_table[ref] = _named(conn, above)
        by_table[term] = _new_terms(conn, above)
        anew = _anew(conn, by_table, above)
    numbers = sorted(by_table[statement])
    batches = []
    for start in range(0, len(numbers), batch):
        part = numbers[start : start + batch]
        batches.append(
            [
                (
                    table,
                    tuple(column.name for column in table.columns),
                    sorted(anew(table, row) for number in part for row in by_table[table][number])
                    if table is ref
                    else [anew(table, row) for number in part for row in by_table[table][number]],
                )
                for table in _TABLES
            ]
        )
    return Rows(len(numbers), batches)


_ByTable = Mapping[sa.Table, Mapping[int, list[Row]]]
_TERM_COLUMNS = {"term_id", "verb_id", "actor_id", "activity_id"}


def _anew(conn: sa.Connection, by_table: _ByTable, above: int) -> Callable[[sa.Table, Row], Row]:
    """Return what makes a row another one of the same kind, numbered after all that is there."""
    last, newest = conn.execute(
        sa.select(sa.func.max(statement.c.seq), sa.func.max(statement.c.stored_at))
    ).one()
    first = conn.execute(
        sa.select(sa.func.min(statement.c.stored_at)).where(statement.c.seq > above)
    ).scalar_one()
    terms_from = max(_TERMS_FROM, conn.execute(sa.select(sa.func.max(term.c.id))).scalar_one())
    brought = (row[0] for rows in by_table[term].values() for row in rows)
    numbers = {number: terms_from + n for n, number in enumerate(sorted(set(brought)), 1)}

    def value(table: sa.Table, name: str, old: Any) -> Any:
        if name == "seq":
            return old - above + last
        if name == "stored_at":
            return old - first + newest + 1
        if name in ("statement_id", "digest"):
            return os.urandom(16)
        if name in _TERM_COLUMNS or (table is term and name == "id"):
            return numbers.get(old, old)
        return old

    names = {table: [column.name for column in table.columns] for table in _TABLES}
    return lambda table, row: tuple(
        value(table, name, old) for name, old in zip(names[table], row, strict=True)
    )


def insert_raw(database: Database, rows: Rows, clients: int = 1) -> float:
    """Insert them, by several clients at once; return the seconds it took.

    Several clients insert the new terms beforehand, for another's statements may name them.
    """
    batches = rows.batches
    if clients > 1:
        with database.engine.begin() as conn:
            for batch in batches:
                insert_rows(conn, *batch[0])
        batches = [batch[1:] for batch in batches]
    ready = _by_rows if database.is_sqlite else _as_sent
    work = [[ready(*inserted) for inserted in batch if inserted[-1]] for batch in batches]
    engine = database.writer if clients == 1 else database.engine
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(lambda n: _insert(engine, work[n::clients]), range(clients)):
            pass
    return time.perf_counter() - began


_Work = list[Callable[[sa.Connection], None]]


def _insert(engine: sa.Engine, work: list[_Work]) -> None:
    with engine.connect() as conn:
        for batch in work:
            with conn.begin():
                for insert in batch:
                    insert(conn)


def _by_rows(
    table: sa.Table, columns: tuple[str, ...], rows: list[Row]
) -> Callable[[sa.Connection], None]:
    return lambda conn: insert_rows(conn, table, columns, rows)


def _as_sent(
    table: sa.Table, columns: tuple[str, ...], rows: list[Row]
) -> Callable[[sa.Connection], None]:
    sent = inserting(Insert(table, columns, list(chain.from_iterable(rows))))

    def insert(conn: sa.Connection) -> None:
        send(conn, [sent])

    return insert


def _by_number(conn: sa.Connection, table: sa.Table, above: int) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    place = list(table.columns).index(table.c.seq)
    for row in conn.execute(sa.select(table).where(table.c.seq > above)):
        found[row[place]].append(tuple(row))
    return found


def _named(conn: sa.Connection, above: int) -> dict[int, list[Row]]:
    """Return what finds the statements, a row for each: many in a row are the product's doing."""
    each = each_named(conn.dialect.name)
    found: dict[int, list[Row]] = defaultdict(list)
    columns = [each.c[name] for name in _ONE_A_ROW]
    query = sa.select(*columns).where(each.c.seq > above, each.c.first > above - SPAN)
    for row in conn.execute(query):
        found[row.seq].append((*row, None))
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
