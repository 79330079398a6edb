"""Whether what is stored holds together: `verkan db check`.

Everything is read as of one moment, so a server may go on writing meanwhile. What is found is told
in words: ``faults`` are what cannot be in a store that nothing but Verkan wrote to and whose disk
is sound; ``notes`` are what an administrator may want to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from lrs import plugins
from lrs.store import index_checking, migrate
from lrs.store.belonging import Belongs
from lrs.store.body_checking import check_bodies
from lrs.store.database import Database
from lrs.store.one_moment import one_moment
from lrs.store.schema import statement, tenant
from lrs.store.waiting import finders
from lrs.xapi.terms import Scope

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Check:
    """Rows a table, what is wrong, and what is worth knowing, in words."""

    revisions: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_store(
    database: Database, *, full: bool = False, progress: Progress | None = None
) -> Check:
    """Count what is stored and look for what cannot be.

    ``full`` reads every body, attachment and index again as well: minutes for a million statements,
    in little memory.
    """
    found = Check()
    index_checking.check_indexes(database, found.faults, found.notes, full=full)
    if found.faults:
        found.notes.append("the database itself is broken: what its tables hold was not looked at")
        return found
    with one_moment(database) as conn:
        found.revisions = migrate.revisions_of(conn)
        found.faults += migrate.differences(conn)
        found.counts = dict(_counts(conn))
        for told, rows in _impossible(conn):
            number = _count(conn, rows)
            if number:
                found.faults.append(f"{told}: {number}")
        found.faults += _missing_numbers(conn)
        if full:
            found.faults += check_bodies(conn, found.counts["statement"], progress)
    return found


def _counts(conn: sa.Connection) -> Iterator[tuple[str, int]]:
    for table in migrate.load_tables().sorted_tables:
        yield table.name, _count(conn, sa.select(sa.literal(1).label("one")).select_from(table))


def _count(conn: sa.Connection, rows: sa.Select[Any]) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _impossible(conn: sa.Connection) -> Iterator[tuple[str, sa.Select[Any]]]:
    """Yield queries that find nothing in a store that holds together, and what they look for."""
    dialect = conn.dialect.name
    held: set[sa.FromClause] = set()
    for target in plugins.each("belonging"):
        belonging: tuple[Belongs, ...] = plugins.named(target)
        for one in belonging:
            yield one.told, one.orphans(dialect)
            if not one.column.nullable:
                held.add(one.column.table)  # its tenant is that of the row it belongs to
    for table in migrate.load_tables().sorted_tables:
        if "tenant_id" in table.c and table not in held:
            ours = Belongs(table.c.tenant_id, tenant.c.id)
            yield ours.told, ours.orphans(dialect)
    yield "statements that their own verb does not find", _not_found_by_verb(conn)
    yield "statements stored no later than the one before", _out_of_order()


def _not_found_by_verb(conn: sa.Connection) -> sa.Select[Any]:
    wanted = sa.select(statement.c.tenant_id, statement.c.seq, statement.c.verb_id)
    there = (
        sa.select(rows.c.tenant_id, rows.c.seq, rows.c.verb_id).where(
            rows.c.term_id == rows.c.verb_id, rows.c.scope == int(Scope.DIRECT)
        )
        for rows in finders(conn)
    )
    return sa.select(sa.except_(wanted, *there).subquery())


def _out_of_order() -> sa.Select[Any]:
    pairs = sa.select(statement.c.stored_at, _before(statement.c.stored_at)).subquery()
    return sa.select(sa.literal(1).label("one")).where(pairs.c.stored_at <= pairs.c.before)


def _before(column: sa.Column[Any]) -> sa.Label[Any]:
    return (
        sa.func.lag(column)
        .over(partition_by=statement.c.tenant_id, order_by=statement.c.seq)
        .label("before")
    )


def _missing_numbers(conn: sa.Connection) -> Iterator[str]:
    """Tell of gaps: a tenant's statements are numbered 1, 2, 3, … and none is ever taken out."""
    last = sa.func.max(statement.c.seq)
    query = sa.select(statement.c.tenant_id, last, sa.func.count()).group_by(statement.c.tenant_id)
    for tenant_id, highest, number in conn.execute(query).all():
        if highest != number:
            after, upto = conn.execute(_first_gap(tenant_id)).first() or (0, highest - number + 1)
            yield (
                f"statements of tenant {tenant_id} that are gone: {highest - number}, first those "
                f"numbered {after + 1} to {upto - 1}; nothing in Verkan takes any out"
            )


def _first_gap(tenant_id: int) -> sa.Select[Any]:
    numbered = sa.select(statement.c.seq, _before(statement.c.seq))
    pairs = numbered.where(statement.c.tenant_id == tenant_id).subquery()
    before = sa.func.coalesce(pairs.c.before, 0)
    return (
        sa.select(before, pairs.c.seq)
        .where(pairs.c.seq != before + 1)
        .order_by(pairs.c.seq)
        .limit(1)
    )
