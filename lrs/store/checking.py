"""Whether what is stored holds together: `verkan db check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from lrs.store.database import Database
from lrs.store.schema import (
    authority,
    definition,
    ref,
    refused,
    statement,
    statement_body,
    statement_ref,
    tenant,
    term,
)

_COUNTED = (tenant, statement, term, definition, authority, refused)


@dataclass(slots=True)
class Check:
    """Rows a table, and what is wrong, in words."""

    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def check_store(database: Database) -> Check:
    """Count what is stored and look for what cannot be. Reads everything: slow on a large store."""
    found = Check()
    with database.read() as conn:
        for table in _COUNTED:
            found.counts[table.name] = _count(conn, sa.select(sa.literal(1)).select_from(table))
        for told, rows in _impossible():
            number = _count(conn, rows)
            if number:
                found.faults.append(f"{told}: {number}")
        if database.is_sqlite:
            for (line,) in conn.exec_driver_sql("PRAGMA integrity_check"):
                if line != "ok":
                    found.faults.append(f"SQLite: {line}")
    return found


def _count(conn: sa.Connection, rows: sa.Select[Any]) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one())


def _impossible() -> Iterator[tuple[str, sa.Select[Any]]]:
    """Yield queries that find nothing in a store that holds together, and what they look for."""
    for table in (statement_body, statement_ref, ref):
        yield f"rows of {table.name} without their statement", _without_statement(table)
    body = statement_body
    yield (
        "statements without a body",
        _missing(
            statement, (body.c.tenant_id == statement.c.tenant_id) & (body.c.seq == statement.c.seq)
        ),
    )
    yield (
        "statements without their authority",
        _missing(
            statement,
            (authority.c.id == statement.c.authority_id)
            & (authority.c.tenant_id == statement.c.tenant_id),
        ),
    )
    for name in ("verb_id", "actor_id", "activity_id"):
        column = statement.c[name]
        query = _missing(
            statement, (term.c.id == column) & (term.c.tenant_id == statement.c.tenant_id)
        )
        yield f"statements without the term of their {name}", query.where(column.is_not(None))
    yield (
        "references to a term that is not there, or not of their tenant",
        _missing(ref, (term.c.id == ref.c.term_id) & (term.c.tenant_id == ref.c.tenant_id)),
    )
    yield "statements stored earlier than the one before", _out_of_order()


def _without_statement(table: sa.Table) -> sa.Select[Any]:
    same = (statement.c.tenant_id == table.c.tenant_id) & (statement.c.seq == table.c.seq)
    return _missing(table, same)


def _missing(table: sa.Table, belongs: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(sa.literal(1).label("one"))
        .select_from(table)
        .where(~sa.exists().where(belongs).correlate(table))
    )


def _out_of_order() -> sa.Select[Any]:
    before = (
        sa.func.lag(statement.c.stored_at)
        .over(partition_by=statement.c.tenant_id, order_by=statement.c.seq)
        .label("before")
    )
    pairs = sa.select(statement.c.stored_at, before).subquery()
    return sa.select(sa.literal(1).label("one")).where(pairs.c.stored_at <= pairs.c.before)
