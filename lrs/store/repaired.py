"""What was repaired of a statement before it was stored, and the bytes it came in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from lrs.store.bulk import insert_rows
from lrs.store.schema import repair, statement
from lrs.store.writing import Beside
from lrs.xapi.batches import Looked
from lrs.xapi.mending import Repair
from lrs.xapi.statement import Statement

_COLUMNS = ("tenant_id", "seq", "rules", "received")


@dataclass(frozen=True, slots=True)
class Repaired:
    """The repairs of a stored statement, and the statement as it was received."""

    repairs: tuple[Repair, ...]
    received: bytes


class KeepRepairs(Beside):
    """Keeps the repairs of a batch beside its statements.

    ``looked`` are the statements as they came, ``sent`` the same ones as they are stored.
    """

    def __init__(self, tenant_id: int, looked: Sequence[Looked], sent: Iterable[Statement]) -> None:
        self._tenant_id = tenant_id
        each = zip(looked, sent, strict=True)
        self._by_id = {one.id: came for came, one in each if came.repairs}

    def keep(self, conn: sa.Connection, stored: Sequence[tuple[int, Statement]]) -> None:
        """Keep what was repaired of those that were stored."""
        rows = [
            (self._tenant_id, seq, _as_json(one), one.raw)
            for seq, sent in stored
            if (one := self._by_id.get(sent.id)) is not None
        ]
        insert_rows(conn, repair, _COLUMNS, rows)


def repairs_of(conn: sa.Connection, tenant_id: int, statement_id: uuid.UUID) -> Repaired | None:
    """Return what was repaired of a statement; None: it is stored as it was received."""
    row = conn.execute(
        sa.select(repair.c.rules, repair.c.received)
        .join(
            statement,
            (statement.c.tenant_id == repair.c.tenant_id) & (statement.c.seq == repair.c.seq),
        )
        .where(statement.c.tenant_id == tenant_id, statement.c.statement_id == statement_id.bytes)
    ).one_or_none()
    if row is None:
        return None
    return Repaired(_from_json(row.rules), bytes(row.received))


def count_repairs(conn: sa.Connection, tenant_id: int) -> Mapping[str, int]:
    """Return how many statements each rule repaired, by the name of the rule."""
    counts: dict[str, int] = {}
    # A sender makes the same faults for ever, so there are few different ones.
    rows = conn.execute(
        sa.select(repair.c.rules, sa.func.count())
        .where(repair.c.tenant_id == tenant_id)
        .group_by(repair.c.rules)
    )
    for rules, number in rows:
        for name in {one.rule for one in _from_json(rules)}:
            counts[name] = counts.get(name, 0) + number
    return counts


def _as_json(one: Looked) -> str:
    """Write repairs with their paths in the statement, wherever in a batch it stood."""
    each = ({"path": "$" + path.removeprefix(one.path), "rule": rule} for path, rule in one.repairs)
    return orjson.dumps(list(each)).decode()


def _from_json(rules: str) -> tuple[Repair, ...]:
    return tuple(Repair(each["path"], each["rule"]) for each in orjson.loads(rules))
