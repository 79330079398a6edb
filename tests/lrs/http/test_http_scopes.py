"""What each scope opens: every route of the store with every scope (1.0.3, Communication 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from wiring import MakeWire, Wire, a_statement

from lrs.access.scopes import SCOPES
from lrs.http.management import PREFIX
from lrs.store.refusals import list_refusals
from lrs.store.replaying import replay

READS = {"statements/read/mine", "statements/read", "all/read", "all"}
WRITES = {"statements/write", "all"}
KNOWN = {"statements/read", "profile", "state", "define", "all/read", "all"}

EVERYBODY = set(SCOPES)
OPENED_BY: dict[tuple[str, str], set[str]] = {
    ("/xapi/about", "GET"): EVERYBODY,
    ("/xapi/statements", "GET"): READS,
    ("/xapi/statements", "POST"): WRITES,
    ("/xapi/statements", "PUT"): WRITES,
    ("/xapi/agents", "GET"): KNOWN,
    ("/xapi/activities", "GET"): KNOWN,
    ("/oauth/token", "POST"): EVERYBODY,
}
for _path, _scope in (
    ("/xapi/activities/state", "state"),
    ("/xapi/activities/profile", "profile"),
    ("/xapi/agents/profile", "profile"),
):
    OPENED_BY[_path, "GET"] = {_scope, "all/read", "all"}
    for _method in ("PUT", "POST", "DELETE"):
        OPENED_BY[_path, _method] = {_scope, "all"}


def opened_by(path: str, method: str) -> set[str]:
    """The scopes that open a route; the management API is read with all/read, changed with all."""
    if path.startswith(PREFIX):
        return {"all/read", "all"} if method == "GET" else {"all"}
    return OPENED_BY[path, method]


def routes(wire: Wire) -> Iterator[tuple[str, str]]:
    """Every route of the store itself that a key opens."""
    for rule in wire.app.url_map.iter_rules():
        ours = wire.app.view_functions[rule.endpoint].__module__.startswith("lrs.")
        if ours and rule.rule.startswith(("/xapi/", PREFIX, "/oauth/")):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield rule.rule, method


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    return make_wire("sqlite")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_its_routes_and_no_other(wire: Wire, scope: str) -> None:
    key = wire.as_key(scope)
    wrong: list[str] = []
    for path, method in sorted(routes(wire)):
        address = re.sub(r"<[^>]+>", "1", path)
        body = None if method in ("GET", "DELETE") else {}
        status = key.ask(method, address, body).status_code
        if (status != 403) != (scope in opened_by(path, method)) or status == 401:
            wrong.append(f"{method} {path}: {status}")
    assert wrong == []


def test_every_route_of_the_table_exists(wire: Wire) -> None:
    assert OPENED_BY.keys() <= set(routes(wire))


COURSE = "https://example.org/courses/1"


def told(name: str) -> dict[str, Any]:
    about = {"id": COURSE, "definition": {"name": {"en": name}}}
    return a_statement(object={"objectType": "Activity", **about})


def known(wire: Wire) -> Any:
    return wire.ask("GET", "/xapi/activities", activityId=COURSE).get_json().get("definition")


def test_who_may_not_define_stores_statements_and_changes_no_definition(wire: Wire) -> None:
    narrow = wire.as_key("statements/write", name="Quiz")
    sent = told("Theirs")
    assert narrow.post(sent).status_code == 200
    assert known(wire) is None
    assert wire.get(statementId=sent["id"]).get_json()["object"] == sent["object"]
    wire.post(told("Ours"))
    narrow.put((again := told("Theirs again"))["id"], again)
    assert known(wire) == {"name": {"en": "Ours"}}


@pytest.mark.parametrize("scopes", [["statements/write", "define"], ["all"]])
def test_who_may_define_does(wire: Wire, scopes: list[str]) -> None:
    wire.post(told("Ours"))
    wire.as_key(*scopes, name="Quiz").post(told("Theirs"))
    assert known(wire) == {"name": {"en": "Theirs"}}


def test_a_replay_changes_no_definition_that_its_key_may_not(wire: Wire) -> None:
    narrow = wire.as_key("statements/write", name="Quiz")
    sent = {**told("Theirs"), "actor": {"mbox": "ann@example.org"}}
    assert narrow.post(sent).status_code == 400
    database = wire.database
    with database.read() as conn:
        waiting = [each.id for each in list_refusals(conn, 1, limit=10)]
    (replayed,) = replay(database, database.settings, 1, waiting, lenient=True)
    assert replayed.stored == 1
    assert known(wire) is None
