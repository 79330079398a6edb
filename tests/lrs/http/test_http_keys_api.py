"""Keys over the management API: made, changed, rotated and taken back by who may do everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wiring import MakeWire, Reply, Wire

from lrs.access.ring import find_key

KEYS = "/api/v1/keys"


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    return make_wire("sqlite")


def make(wire: Wire, **given: Any) -> Reply:
    return wire.ask("POST", KEYS, {"name": "Quiz", **given})


def listed(wire: Wire) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wire.ask("GET", KEYS).get_json()
    return found


def works(wire: Wire, made: dict[str, str]) -> bool:
    settings = wire.database.settings
    return find_key(wire.database, settings, made["key"], made["secret"]) is not None


def test_a_key_is_made_with_its_settings_and_works(wire: Wire) -> None:
    reply = make(
        wire,
        scopes=["state"],
        origins=["https://learn.example.org"],
        limit_per_minute=60,
        lenient=True,
        partial=True,
        deduplicate=True,
        expires_in="90d",
    )
    assert reply.status_code == 201
    assert works(wire, reply.get_json())
    found = listed(wire)[1]
    assert found["scopes"] == ["state"]
    assert found["origins"] == ["https://learn.example.org"]
    assert found["limit_per_minute"] == 60
    assert [found[name] for name in ("lenient", "partial", "deduplicate")] == [True] * 3
    assert found["expires_at"].endswith("Z")
    assert found["state"] == "valid"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"name": ""}, "name"),
        ({"scopes": ["statements/wirte"]}, "scopes"),
        ({"scopes": []}, "scope"),
        ({"origins": ["*"]}, "origins"),
        ({"limit_per_minute": 0}, "limit_per_minute"),
        ({"limit_per_minute": "many"}, "limit_per_minute"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"expires_at": "2020-01-01"}, "expires_at"),
        ({"lenient": "perhaps"}, "lenient"),
        ({"tenant": "acme"}, "tenant"),
    ],
)
def test_a_key_that_cannot_be_is_refused_with_the_place(
    wire: Wire, given: dict[str, Any], where: str
) -> None:
    reply = make(wire, **given)
    assert reply.status_code == 400
    assert where in reply.get_json()["error"]["where"]
    assert len(listed(wire)) == 1


def test_a_change_answers_the_key_as_it_is_now(wire: Wire) -> None:
    key = make(wire, limit_per_minute=60).get_json()["key"]
    reply = wire.ask("PATCH", f"{KEYS}/{key}", {"lenient": True})
    assert reply.status_code == 200
    assert (reply.get_json()["lenient"], reply.get_json()["limit_per_minute"]) == (True, 60)
    assert wire.ask("PATCH", f"{KEYS}/{key}", {"limit_per_minute": None}).get_json() == {
        **reply.get_json(),
        "limit_per_minute": None,
    }


def test_a_rotation_answers_a_successor_that_works_beside_the_key(wire: Wire) -> None:
    old = make(wire).get_json()
    reply = wire.ask("POST", f"{KEYS}/{old['key']}/rotation", {"overlap": "1d"})
    new = reply.get_json()
    assert reply.status_code == 201
    assert works(wire, old)
    assert works(wire, new)
    by_key = {each["key"]: each for each in listed(wire)}
    assert by_key[old["key"]]["replaced_by"] == new["key"]
    assert by_key[new["key"]]["replaces"] == old["key"]
    assert wire.ask("POST", f"{KEYS}/{old['key']}/rotation", {}).status_code == 409


def test_a_revoked_key_works_no_more(wire: Wire) -> None:
    made = make(wire).get_json()
    reply = wire.ask("DELETE", f"{KEYS}/{made['key']}")
    assert (reply.status_code, reply.get_json()["state"]) == (200, "revoked")
    assert not works(wire, made)
    again = wire.ask("DELETE", f"{KEYS}/{made['key']}")
    assert again.get_json() == reply.get_json()


CHANGES = [
    ("POST", KEYS, {"name": "Mine"}),
    ("PATCH", KEYS + "/{key}", {"lenient": True}),
    ("POST", KEYS + "/{key}/rotation", {"overlap": "0d"}),
    ("DELETE", KEYS + "/{key}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES[1:])
def test_a_key_of_another_tenant_is_not_found_and_not_changed(
    wire: Wire, method: str, path: str, body: Any
) -> None:
    theirs = wire.as_key("all", tenant="acme")
    before = listed(theirs)
    assert wire.ask(method, path.format(key=theirs.made.key), body).status_code == 404
    assert listed(theirs) == before


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("scope", ["all/read", "statements/write", "profile"])
def test_a_narrower_key_changes_nothing(
    wire: Wire, method: str, path: str, body: Any, scope: str
) -> None:
    narrow = wire.as_key(scope)
    before = listed(wire)
    assert narrow.ask(method, path.format(key=wire.made.key), body).status_code == 403
    assert listed(wire) == before


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_reader_on_this_machine_changes_nothing_without_a_key(
    wire: Wire, method: str, path: str, body: Any
) -> None:
    reply = wire.app.test_client().open(
        path.format(key=wire.made.key),
        method=method,
        data=json.dumps(body or {}),
        headers={"Host": "localhost", "Content-Type": "application/json"},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )
    assert reply.status_code == 401


def test_a_body_is_not_looked_at_without_a_key(wire: Wire) -> None:
    reply = wire.ask("POST", KEYS, b"{", headers={"Authorization": None})
    assert reply.status_code == 401
