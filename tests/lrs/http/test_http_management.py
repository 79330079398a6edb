"""The management API: its description is whole, its keys are listed to those who may."""

from __future__ import annotations

import re
from typing import Any

import pytest
from wiring import MakeWire, Reply, Wire

LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    return make_wire("sqlite")


def routes(wire: Wire) -> set[tuple[str, str]]:
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in wire.app.url_map.iter_rules()
        if rule.rule.startswith(("/xapi/", "/api/v1/", "/oauth/"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def description(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = wire.ask(
        "GET", "/api/openapi.json", headers={"Authorization": None}
    ).get_json()
    return found


def operations(wire: Wire) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): operation
        for path, methods in description(wire)["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    }


def test_every_route_is_described_and_nothing_else(wire: Wire) -> None:
    assert set(operations(wire)) == routes(wire)


def test_every_operation_says_what_it_does_and_answers(wire: Wire) -> None:
    for place, operation in operations(wire).items():
        assert operation.get("summary"), place
        assert operation["responses"], place
        assert operation["tags"], place


def test_every_reference_leads_somewhere(wire: Wire) -> None:
    whole = description(wire)

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(each) for each in part.values()))
        if isinstance(part, list):
            return set().union(*(references(each) for each in part))
        return set()

    for reference in references(whole):
        found: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            assert step in found, reference
            found = found[step]


def test_the_fault_described_is_the_fault_answered(wire: Wire) -> None:
    described = description(wire)["components"]["schemas"]["Fault"]["properties"]
    assert set(described) == set(wire.get(limit="x").get_json()["error"])


def listed(wire: Wire, **given: Any) -> Reply:
    return wire.ask("GET", "/api/v1/keys", **given)


def test_keys_are_listed_without_secrets(wire: Wire) -> None:
    other = wire.as_key("state", name="Quiz")
    reply = listed(wire)
    assert [key["name"] for key in reply.get_json()] == ["Tests", "Quiz"]
    assert reply.get_json()[1]["scopes"] == ["state"]
    assert reply.get_json()[1]["created_at"].endswith("Z")
    assert reply.get_json()[1]["revoked_at"] is None
    assert other.made.secret.encode() not in reply.data


def test_keys_of_another_tenant_are_not_listed(wire: Wire) -> None:
    other = wire.as_key("all/read", tenant="acme", name="Theirs")
    assert [key["name"] for key in listed(other).get_json()] == ["Theirs"]
    assert [key["name"] for key in listed(wire).get_json()] == ["Tests"]


@pytest.mark.parametrize("scope", ["statements/write", "statements/read", "profile"])
def test_keys_are_not_listed_to_a_narrow_key(wire: Wire, scope: str) -> None:
    assert listed(wire.as_key(scope)).status_code == 403


@pytest.mark.parametrize(
    ("pages", "address", "host", "status"),
    [
        ("local", "127.0.0.1", "localhost", 200),
        ("local", "127.0.0.1", "evil.example.org", 401),
        ("local", "192.0.2.7", "localhost", 401),
        ("off", "127.0.0.1", "localhost", 401),
    ],
)
def test_without_a_key_a_reader_on_this_machine_sees_what_the_pages_show(
    make_wire: MakeWire, pages: str, address: str, host: str, status: int
) -> None:
    wire = make_wire("sqlite", pages=pages)
    reply = wire.app.test_client().get(
        "/api/v1/keys", headers={"Host": host}, environ_base={"REMOTE_ADDR": address}
    )
    assert reply.status_code == status


def test_a_wrong_key_is_not_passed_over_for_a_reader_on_this_machine(wire: Wire) -> None:
    reply = wire.app.test_client().get(
        "/api/v1/keys", auth=("x", "y"), headers={"Host": "localhost"}, environ_base=LOCAL
    )
    assert reply.status_code == 401
