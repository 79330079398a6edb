"""What a query finds is what a plain look at every statement finds, whatever was stored and how."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from store_making import VERBS, ids, pages, write

from lrs.access.tenants import make_tenant
from lrs.store.database import Database
from lrs.store.schema import statement
from lrs.xapi.agents import normal_form

_AGENTS = [{"mbox": f"mailto:{name}@example.org"} for name in ("ann", "bo", "cy")]
_VERBS = [VERBS + name for name in ("passed", "failed")]
_ACTIVITIES = [f"https://example.org/{name}" for name in ("exam", "course")]
_REGISTRATIONS = [str(uuid.UUID(int=number, version=4)) for number in (1, 2)]
_LRS = {"account": {"homePage": "https://lrs.example.org", "name": "one"}}

_FILTERS = ("agent", "verb", "activity", "registration")


class _Chance:
    """Makes histories and queries by the throw of a die; the same seed throws the same."""

    def __init__(self, seed: int) -> None:
        self._die = random.Random(seed)

    def history(self, size: int) -> list[dict[str, Any]]:
        """Return statements; one in four is about another one, before it, after it or itself."""
        return [self._pointing(size) if self._one_in(4) else self._plain() for _ in range(size)]

    def query(self, size: int) -> dict[str, Any]:
        """Return a query of one to four filters; its bounds are places in the history."""
        found = {
            name: self._value(name)
            for name in self._die.sample(_FILTERS, self._die.choice((1, 1, 2, 2, 3, 4)))
        }
        for name in ("related_agents", "related_activities"):
            found[name] = self._one_in(2)
        for bound in ("since", "until"):
            if self._one_in(4):
                found[bound] = self._die.randrange(size)
        return found

    def _value(self, name: str) -> str:
        values: dict[str, list[Any]] = {
            "agent": [normal_form(one) for one in (*_AGENTS, _LRS)],
            "verb": [*_VERBS, VERBS + "voided", VERBS + "never-used"],
            "activity": _ACTIVITIES,
            "registration": _REGISTRATIONS,
        }
        return str(self._die.choice(values[name]))

    def _one_in(self, sides: int) -> bool:
        return self._die.randrange(sides) == 0

    def _agent(self) -> dict[str, Any]:
        return dict(self._die.choice(_AGENTS))

    def _group(self) -> dict[str, Any]:
        return {
            "objectType": "Group",
            "member": self._die.sample(_AGENTS, self._die.choice((1, 2))),
        }

    def _activity(self) -> dict[str, Any]:
        return {"id": self._die.choice(_ACTIVITIES)}

    def _verb(self) -> dict[str, Any]:
        return {"id": self._die.choice(_VERBS)}

    def _context(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self._one_in(2):
            made["registration"] = self._die.choice(_REGISTRATIONS)
        if self._one_in(3):
            made["instructor"] = self._agent()
        if self._one_in(3):
            made["team"] = self._group()
        if self._one_in(3):
            made["contextActivities"] = {"parent": [self._activity()]}
        return made

    def _plain(self) -> dict[str, Any]:
        about = self._die.choice(("activity", "activity", "agent", "sub-statement"))
        target = {
            "activity": self._activity(),
            "agent": {**self._agent(), "objectType": "Agent"},
            "sub-statement": {
                "objectType": "SubStatement",
                "actor": self._agent(),
                "verb": self._verb(),
                "object": self._activity(),
                "context": self._context(),
            },
        }[about]
        actor = self._group() if self._one_in(4) else self._agent()
        return {"actor": actor, "verb": self._verb(), "object": target, "context": self._context()}

    def _pointing(self, size: int) -> dict[str, Any]:
        verb = {"id": VERBS + "voided"} if self._one_in(3) else self._verb()
        return {"actor": self._agent(), "verb": verb, "points_to": self._die.randrange(size + 2)}


def _numbered(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each statement an id, and each pointing one its target, which may never be stored."""
    made = [str(uuid.uuid4()) for _ in range(len(history) + 2)]
    numbered = []
    for own, one in zip(made, history, strict=False):
        sent = {"id": own, **one}
        if "points_to" in sent:
            sent["object"] = {"objectType": "StatementRef", "id": made[sent.pop("points_to")]}
        numbered.append(sent)
    return numbered


class _Plainly:
    """A second, slow and simple, way to find statements."""

    def __init__(self, stored: list[dict[str, Any]]) -> None:
        self.by_id = {one["id"]: one for one in stored}
        self.voided = {
            one["object"]["id"]
            for one in stored
            if one["verb"]["id"] == VERBS + "voided" and one["object"]["id"] in self.by_id
            if self.by_id[one["object"]["id"]]["verb"]["id"] != VERBS + "voided"
        }

    def find(self, query: dict[str, Any]) -> list[str]:
        """Return the ids in the order stored."""
        return [
            own
            for own in self.by_id
            if own not in self.voided and all(self._meets(own, name, query) for name in query)
        ]

    def _meets(self, own: str, name: str, query: dict[str, Any]) -> bool:
        """A filter is met by the statement, or by one it points to at any remove."""
        value = query[name]
        stored = self.by_id[own]["stored"]
        match name:
            case "since":
                return bool(stored > value)
            case "until":
                return bool(stored <= value)
            case "related_agents" | "related_activities":
                return True
        return any(value in _named(one, name, query) for one in self._chain(own))

    def _chain(self, own: str) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        while own in self.by_id and own not in seen:
            seen.add(own)
            yield self.by_id[own]
            target = self.by_id[own]["object"]
            own = target["id"] if target.get("objectType") == "StatementRef" else ""


def _named(one: dict[str, Any], name: str, query: dict[str, Any]) -> set[str | None]:
    match name:
        case "agent" if query.get("related_agents"):
            return _agents(one) | _related_agents(one)
        case "agent":
            return _agents(one)
        case "activity" if query.get("related_activities"):
            return _activities(one) | _related_activities(one)
        case "activity":
            return _activities(one)
        case "verb":
            return {one["verb"]["id"]}
        case _:
            return {one.get("context", {}).get("registration")}


def _forms(agent: dict[str, Any]) -> set[str | None]:
    return {normal_form(one) for one in (agent, *agent.get("member", ()))} - {None}


def _agents(one: dict[str, Any]) -> set[str | None]:
    target = one["object"]
    about = _forms(target) if target.get("objectType") in ("Agent", "Group") else set()
    return _forms(one["actor"]) | about


def _related_agents(one: dict[str, Any]) -> set[str | None]:
    found = _forms(one.get("authority", {}))
    for who in ("instructor", "team"):
        found |= _forms(one.get("context", {}).get(who, {}))
    if one["object"].get("objectType") == "SubStatement":
        found |= _agents(one["object"]) | _related_agents(one["object"])
    return found


def _activities(one: dict[str, Any]) -> set[str | None]:
    return {one["object"]["id"]} if "objectType" not in one["object"] else set()


def _related_activities(one: dict[str, Any]) -> set[str | None]:
    around = one.get("context", {}).get("contextActivities", {})
    found: set[str | None] = {activity["id"] for kind in around.values() for activity in kind}
    if one["object"].get("objectType") == "SubStatement":
        found |= _activities(one["object"]) | _related_activities(one["object"])
    return found


@pytest.mark.parametrize("seed", range(4))
def test_queries_find_what_a_plain_look_finds(database: Database, seed: int) -> None:
    with database.write() as conn:
        make_tenant(conn, "a tenant before this one")
        tenant = make_tenant(conn, "this one")
    chance = _Chance(seed)
    size = 12 + 9 * seed
    sent = _numbered(chance.history(size))
    for some in _cut(sent, 1 + 2 * seed):
        write(database, *some, tenant=tenant, authority=_LRS)
    stamps = _stamps(database, tenant)
    plainly = _Plainly([{**one, "authority": _LRS, "stored": stamps[one["id"]]} for one in sent])
    for _ in range(20):
        asked = chance.query(size)
        for bound in {"since", "until"} & asked.keys():
            asked[bound] = stamps[sent[asked[bound]]["id"]]
        expected = plainly.find(asked)
        limit = 1 + 2 * (seed % 4)
        assert ids(pages(database, tenant, **asked, limit=limit, ascending=True)) == expected
        assert ids(pages(database, tenant, **asked, limit=limit)) == expected[::-1]


def _cut(sent: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(sent), size):
        yield sent[start : start + size]


def _stamps(database: Database, tenant: int) -> dict[str, int]:
    with database.read() as conn:
        rows = conn.execute(
            sa.select(statement.c.statement_id, statement.c.stored_at).where(
                statement.c.tenant_id == tenant
            )
        ).all()
    return {str(uuid.UUID(bytes=bytes(id16))): stored for id16, stored in rows}


@pytest.mark.parametrize("ascending", [False, True])
def test_two_walks_of_a_related_query_are_merged_in_order(
    database: Database, ascending: bool
) -> None:
    """Named directly by some, as related by others, in long runs: neither walk may be cut short."""
    exam, other = {"id": _ACTIVITIES[0]}, {"id": "https://example.org/other"}
    around = {"contextActivities": {"parent": [exam]}}
    sent = []
    for run in range(4):
        for _ in range(5):
            plain = {"id": str(uuid.uuid4()), "actor": _AGENTS[0], "verb": {"id": _VERBS[0]}}
            sent.append(
                {**plain, "object": exam}
                if run % 2
                else {**plain, "object": other, "context": around}
            )
    write(database, *sent)
    expected = [one["id"] for one in sent]
    for limit in (1, 3, 4, 5, 6, 20):
        found = pages(
            database,
            activity=exam["id"],
            related_activities=True,
            limit=limit,
            ascending=ascending,
        )
        assert ids(found) == (expected if ascending else expected[::-1])
