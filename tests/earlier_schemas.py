"""Databases as earlier versions left them: every revision that there is, found, not listed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from lrs.store import migrate, runs
from lrs.store.database import Database
from lrs.store.registrations import number_of
from lrs.xapi.digests import digest16
from lrs.xapi.terms import TermKind

Tables = dict[str, list[dict[str, Any]]]


def earlier_schemas() -> list[tuple[str, ...]]:
    """Return what a database may be at that is not at the newest: a revision of each plug-in.

    One plug-in stands at each of its former revisions in turn, the others at their first: so is a
    database that was made when that revision was new, or is older than it may be.
    """
    script = ScriptDirectory.from_config(migrate.config())
    heads = set(script.get_heads())
    revisions = list(script.walk_revisions())
    first = {str(script.get_revision(base).revision) for base in script.get_bases()}
    found = {
        tuple(sorted({one.revision} | {base for base in first if _other(base, one.revision)}))
        for one in revisions
        if one.revision not in heads
    }
    return sorted(found)


def _other(one: str, revision: str) -> bool:
    return one.rpartition("_")[0] != revision.rpartition("_")[0]


def make_at(database: Database, revisions: tuple[str, ...]) -> None:
    """Make the tables anew, as they were at these revisions, empty but for what was put there."""
    with database.write() as conn:
        tables_of(conn).drop_all(conn)
        migrate.upgrade_within(conn, revisions)


def tables_of(conn: sa.Connection) -> sa.MetaData:
    """Return the tables that are there."""
    there = sa.MetaData()
    there.reflect(conn)
    return there


def rows_of(conn: sa.Connection) -> Tables:
    """Return all rows, with the names of their columns."""
    return {
        table.name: [dict(row._mapping) for row in conn.execute(sa.select(table))]
        for table in tables_of(conn).sorted_tables
    }


def put_rows(conn: sa.Connection, rows: Tables) -> None:
    """Put rows where there is a place for them: tables and columns of a later schema are left out."""
    revisions = conn.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
    if any(_COUNTED <= one < _OF_THEMSELVES for one in revisions):
        rows = _with_counted_registrations(rows)
    for table in tables_of(conn).sorted_tables:
        if table.name == "alembic_version":
            continue
        conn.execute(sa.delete(table))
        there = rows.get(table.name, [])
        if table.name == "ref" and "run" not in table.c:
            there = [each for row in there for each in _one_by_one(row)]
        kept = [{name: value for name, value in row.items() if name in table.c} for row in there]
        if kept:
            conn.execute(sa.insert(table), kept)


_COUNTED, _OF_THEMSELVES = "lrs_0001", "lrs_0007"
"""Between them registrations were terms, counted like the others."""


def _with_counted_registrations(rows: Tables) -> Tables:
    said = {
        (row["tenant_id"], orjson.loads(row["body"]).get("context", {}).get("registration"))
        for row in rows["statement_body"]
    }
    last = max((row["id"] for row in rows["term"]), default=0)
    terms = [
        {
            "id": number,
            "tenant_id": tenant_id,
            "kind": int(TermKind.REGISTRATION),
            "digest": digest16(value),
            "value": value,
        }
        for number, (tenant_id, value) in enumerate(sorted(one for one in said if one[1]), last + 1)
    ]
    counted = {number_of(one["tenant_id"], one["value"]): one["id"] for one in terms}
    found_by = {
        name: [row | {"term_id": counted.get(row["term_id"], row["term_id"])} for row in rows[name]]
        for name in ("ref", "ref_waiting")
    }
    return rows | found_by | {"term": [*rows["term"], *terms]}


def _one_by_one(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a time when each stood for one statement."""
    return [row | each._asdict() for each in runs.read(SimpleNamespace(**row))]
