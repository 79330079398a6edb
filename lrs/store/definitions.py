"""What activities are called: the definitions that statements brought, merged in the order stored.

Data 2.4.4.1: a store should take the newest of what it is told of an activity. Languages that a
later statement does not name are kept. This runs while the tenant's turn to write is held, so two
batches never merge into the same activity at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa

from lrs.store.asking import Question, ask
from lrs.store.bulk import Row, insert_rows, one_of
from lrs.store.database import Database
from lrs.store.memory import Memory
from lrs.store.schema import definition
from lrs.store.terms import Numbers, find_numbers
from lrs.xapi.statement import Statement
from lrs.xapi.terms import TermKind

Definition = Mapping[str, Any]

_ACTIVITY = int(TermKind.ACTIVITY)
#: Members that hold one text a language, or one value a key: merged key by key.
_MAPS = ("name", "description", "extensions")


def merged(old: Definition, new: Definition) -> dict[str, Any]:
    """Return the old definition brought up to date by the new one."""
    both = {**old, **new}
    for key in _MAPS:
        if key in old and key in new:
            both[key] = {**old[key], **new[key]}
    return both


def known_definitions(
    database: Database, tenant_id: int, activities: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return, by IRI, what is known of those activities; one without a definition is left out."""
    names = [(int(TermKind.ACTIVITY), activity) for activity in activities]
    with database.read() as conn:
        numbers = find_numbers(conn, tenant_id, names)
        stored = _stored(conn, tenant_id, list(numbers.values()))
    return {
        iri: orjson.loads(stored[number])
        for (_, iri), number in numbers.items()
        if number in stored
    }


class NewDefinitions:
    """The definitions of one batch that this process did not merge last.

    ``numbers`` are those of the activities, which may become known only after this is made.
    """

    def __init__(
        self, memory: Memory, tenant_id: int, numbers: Numbers, statements: Iterable[Statement]
    ) -> None:
        self._memory = memory
        self._tenant_id = tenant_id
        self._numbers = numbers
        self._seen: dict[str, int] = {}
        self.by_activity: dict[str, list[bytes]] = {}
        for one in statements:
            for phrase in one.phrases:
                for activity, body, mark in phrase.definitions:
                    self._add(activity, body, mark)

    def _add(self, activity: str, body: bytes, mark: int) -> None:
        last = self._seen.get(activity) or self._memory.definitions.get((self._tenant_id, activity))
        if mark != last:
            self._seen[activity] = mark
            self.by_activity.setdefault(activity, []).append(body)

    def asking(self, dialect: str) -> Question:
        """Return the question what is stored of these activities."""
        numbers = [self._numbers[_ACTIVITY, activity] for activity in self.by_activity]
        return _asking(dialect, self._tenant_id, numbers)

    def store(self, conn: sa.Connection, defined: Iterable[Row]) -> None:
        """Merge them into what is stored, which is the answer to `asking`."""
        if not self.by_activity:
            return
        stored: dict[int, str] = dict(defined)
        made, changed = [], []
        for activity, bodies in self.by_activity.items():
            number = self._numbers[_ACTIVITY, activity]
            old = stored.get(number)
            text = orjson.dumps(_all_merged(old, bodies)).decode()
            if old is None:
                made.append((number, self._tenant_id, text))
            elif text != old:
                changed.append({"number": number, "text": text})
        insert_rows(conn, definition, ("term_id", "tenant_id", "body"), made)
        _change(conn, self._tenant_id, changed)

    def remember(self) -> None:
        """Remember what was merged; only call it when that is committed."""
        for activity, mark in self._seen.items():
            self._memory.definitions.put((self._tenant_id, activity), mark)


def _all_merged(old: str | None, bodies: Iterable[bytes]) -> Definition:
    body: Definition = orjson.loads(old) if old is not None else {}
    for new in bodies:
        body = merged(body, orjson.loads(new))
    return body


def _stored(conn: sa.Connection, tenant_id: int, numbers: list[int]) -> dict[int, str]:
    (rows,) = ask(conn, [_asking(conn.dialect.name, tenant_id, numbers)])
    return dict(rows)


def _asking(dialect: str, tenant_id: int, numbers: list[int]) -> Question:
    return Question(_reading(dialect), {"tenant_id": tenant_id, "wanted": numbers})


@cache
def _reading(dialect: str) -> sa.Select[Any]:
    return sa.select(definition.c.term_id, definition.c.body).where(
        definition.c.tenant_id == sa.bindparam("tenant_id"), one_of(dialect, definition.c.term_id)
    )


def _change(conn: sa.Connection, tenant_id: int, changed: list[dict[str, Any]]) -> None:
    if changed:
        conn.execute(
            sa.update(definition)
            .where(
                definition.c.tenant_id == tenant_id,
                definition.c.term_id == sa.bindparam("number"),
            )
            .values(body=sa.bindparam("text")),
            changed,
        )
