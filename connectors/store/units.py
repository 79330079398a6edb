"""Teams, departments and the other units, by the keys that files know them by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from connectors.store.schema import org_unit
from lrs.store.bulk import among, insert_rows

UnitKey = tuple[str, str]
Told = tuple[str | None, str | None]
"""What a file tells of a unit: its name, and the key of the department above it."""


class Unit(NamedTuple):
    """A unit that is kept."""

    id: int
    name: str | None
    parent_id: int | None


class Units:
    """The units of a tenant, read once and kept up to date."""

    def __init__(self, tenant_id: int, source: str) -> None:
        self._tenant_id = tenant_id
        self._source = source
        self._known: dict[UnitKey, Unit] | None = None

    def id_of(self, conn: sa.Connection, kind: str, key: str) -> int | None:
        """Return the number of a unit; None when there is none of that key."""
        found = self._all(conn).get((kind, key))
        return None if found is None else found.id

    def keep(self, conn: sa.Connection, told: Mapping[UnitKey, Told], kinds: Counter[str]) -> None:
        """Make the units that are new, and change those of which something else is told now."""
        self._add(conn, [unit for unit in told if unit not in self._all(conn)], kinds)
        known = self._all(conn)
        for unit, (name, above) in told.items():
            before = known[unit]
            parent = known[("department", above)].id if above else None
            after = Unit(before.id, name or before.name, parent or before.parent_id)
            if after != before:
                self._change(conn, after)
                known[unit] = after

    def _all(self, conn: sa.Connection) -> dict[UnitKey, Unit]:
        if self._known is None:
            self._known = self._read(conn)
        return self._known

    def _read(self, conn: sa.Connection, *where: sa.ColumnElement[bool]) -> dict[UnitKey, Unit]:
        at = org_unit.c
        rows = conn.execute(
            sa.select(at.kind, at.source_key, at.id, at.name, at.parent_id).where(
                at.tenant_id == self._tenant_id, *where
            )
        )
        return {(row[0], row[1]): Unit(row[2], row[3], row[4]) for row in rows}

    def _add(self, conn: sa.Connection, units: Iterable[UnitKey], kinds: Counter[str]) -> None:
        rows = [(self._tenant_id, kind, self._source, key) for kind, key in units]
        if not rows:
            return
        insert_rows(conn, org_unit, ("tenant_id", "kind", "source", "source_key"), rows)
        for row in rows:
            kinds[row[1]] += 1
        keys = sorted({row[3] for row in rows})
        self._all(conn).update(self._read(conn, among(conn, org_unit.c.source_key, keys)))

    def _change(self, conn: sa.Connection, unit: Unit) -> None:
        conn.execute(
            sa.update(org_unit)
            .where(org_unit.c.tenant_id == self._tenant_id, org_unit.c.id == unit.id)
            .values(name=unit.name, parent_id=unit.parent_id)
        )
