"""What activities are called: the definitions that statements brought, merged in the order stored.

Data 2.4.4.1: a store should take the newest of what it is told of an activity. Languages that a
later statement does not name are kept. This runs while the tenant's turn to write is held, so two
batches never merge into the same activity at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from lrs.store.asking import Question, ask
from lrs.store.bulk import Insert, Row, one_of
from lrs.store.database import Database
from lrs.store.memory import Memory
from lrs.store.schema import definition
from lrs.store.terms import find_numbers
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


Told = tuple[int, bytes, int]
"""What a statement says of an activity: the activity's number, the definition as JSON, its mark."""


class Merged(NamedTuple):
    """What becomes of definitions: rows that are new, and texts that are not what they were."""

    made: Insert
    changed: list[dict[str, Any]]


class NewDefinitions:
    """The definitions that this process did not merge last."""

    def __init__(self, memory: Memory, tenant_id: int, told: Iterable[Told]) -> None:
        self._memory = memory
        self._tenant_id = tenant_id
        self._seen: dict[int, int] = {}
        self.by_activity: dict[int, list[bytes]] = {}
        last = memory.definitions.get
        for activity, body, mark in told:
            if mark != (self._seen.get(activity) or last(activity)):
                self._seen[activity] = mark
                self.by_activity.setdefault(activity, []).append(body)

    def asking(self, dialect: str) -> Question:
        """Return the question what is stored of these activities."""
        return _asking(dialect, self._tenant_id, list(self.by_activity))

    def where_nothing_is_known(self) -> dict[int, str]:
        """Return by activity what they are if nothing is stored of any."""
        return {number: _text(None, bodies) for number, bodies in self.by_activity.items()}

    def merged(self, defined: Iterable[Row]) -> Merged:
        """Merge them into what is stored, which is the answer to `asking`."""
        stored: dict[int, str] = dict(defined) if self.by_activity else {}
        made: list[Any] = []
        changed = []
        for number, bodies in self.by_activity.items():
            old = stored.get(number)
            text = _text(old, bodies)
            if old is None:
                made += (number, self._tenant_id, text)
            elif text != old:
                changed.append({"number": number, "text": text})
        return Merged(Insert(definition, ("term_id", "tenant_id", "body"), made), changed)

    def remember(self) -> None:
        """Remember what was merged; only call it when that is committed."""
        for activity, mark in self._seen.items():
            self._memory.definitions.put(activity, mark)


def _text(old: str | None, bodies: Sequence[bytes]) -> str:
    """Return a definition brought up to date by some, in their order."""
    if old is None and len(bodies) == 1:
        return bodies[0].decode()
    body: Definition = orjson.loads(old) if old is not None else {}
    for new in bodies:
        body = merged(body, orjson.loads(new))
    return orjson.dumps(body).decode()


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


def change_definitions(conn: sa.Connection, tenant_id: int, changed: list[dict[str, Any]]) -> None:
    """Write the texts that are not what they were."""
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
