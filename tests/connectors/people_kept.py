"""What is kept of people and outcomes, to be looked at by tests; and agents, to be said by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectors.model.days import iso
from connectors.store import schema
from lrs.store.database import Database

TENANT = 1


class Kept:
    """Looks at what is in force."""

    def __init__(self, database: Database, tenant_id: int = TENANT) -> None:
        self._database = database
        self._tenant_id = tenant_id

    def rows(self, table: sa.Table, *, all_of_them: bool = False) -> Sequence[sa.Row[Any]]:
        query = sa.select(table).where(table.c.tenant_id == self._tenant_id)
        if "superseded_run" in table.c and not all_of_them:
            query = query.where(table.c.superseded_run.is_(None))
        with self._database.read() as conn:
            return conn.execute(query.order_by(*table.primary_key.columns)).all()

    def spans(self, table: sa.Table, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
        """By person_id of the file: (first day, last day excluded, the columns), in order."""
        keys = {row.id: row.source_key for row in self.rows(schema.person)}
        found: dict[str, list[tuple[Any, ...]]] = {}
        for row in sorted(self.rows(table), key=lambda row: row.valid_from):
            values = tuple(getattr(row, column) for column in columns)
            end = None if row.valid_to is None else iso(row.valid_to)
            found.setdefault(keys[row.person_id], []).append((iso(row.valid_from), end, *values))
        return found

    def teams(self) -> dict[str, list[tuple[Any, ...]]]:
        units = {row.id: row.source_key for row in self.rows(schema.org_unit)}
        return {
            key: [(start, end, units[unit]) for start, end, unit in spans]
            for key, spans in self.spans(schema.membership, "unit_id").items()
        }

    def team_on(self, key: str, day: str) -> str | None:
        for start, end, team in self.teams().get(key, []):
            if start <= day and (end is None or day < end):
                return str(team)
        return None

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every canonical table: equal before and after means nothing was written."""
        tables = [
            table
            for table in vars(schema).values()
            if isinstance(table, sa.Table) and table.name not in ("sync_run", "sync_issue")
        ]
        return {
            table.name: [tuple(row) for row in self.rows(table, all_of_them=True)]
            for table in tables
        }

    def issues(self) -> list[tuple[str, str, str]]:
        return [(row.level, row.place, row.message) for row in self.rows(schema.sync_issue)]


def account(name: str, page: str = "https://hr.example.org") -> dict[str, Any]:
    """An agent known by an account."""
    return {"account": {"homePage": page, "name": name}}


def mbox(mail: str) -> dict[str, Any]:
    """An agent known by a mail address."""
    return {"mbox": f"mailto:{mail}"}
