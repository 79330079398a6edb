"""`/api/v1/refusals`: looked at by who reads everything, replayed and dropped by who may do it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from wiring import Wire, a_statement

URL = "/api/v1/refusals"
BAD = {"mbox": "ada@example.org"}


def listed(wire: Wire, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wire.ask("GET", URL, **query).get_json()["refusals"]
    return found


def replay(wire: Wire, **asked: Any) -> Any:
    return wire.ask("POST", f"{URL}/replay", asked)


def test_a_refusal_is_listed_and_shown(wire: Wire) -> None:
    raw = json.dumps(a_statement(actor=BAD)).encode()
    wire.post(raw)
    (one,) = listed(wire)
    assert (one["code"], one["path"], one["key_name"], one["version"]) == (
        "bad_statement",
        "$.actor.mbox",
        "Tests",
        "1.0.3",
    )
    assert one["refused_at"].endswith("Z")
    whole = wire.ask("GET", f"{URL}/{one['id']}").get_json()
    assert whole["refusal"] == one
    assert base64.b64decode(whole["body"]) == raw


def test_a_list_is_filtered_and_paged(lite: Wire) -> None:
    other = lite.as_key("all")
    for wire in (lite, lite, other):
        wire.post(a_statement(actor=BAD))
    lite.post(b"{")
    all_ = listed(lite)
    assert len(all_) == 4
    assert listed(lite, limit="2") == all_[:2]
    assert listed(lite, before=str(all_[1]["id"])) == all_[2:]
    assert len(listed(lite, key_id=str(all_[-1]["key_id"]))) == 3
    assert listed(lite, code="conflict") == []
    for wrong in ("limit", "before", "key_id"):
        reply = lite.ask("GET", URL, **{wrong: "0"})
        assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, f"query.{wrong}")


def test_a_batch_is_replayed_by_one_of_it_and_leaves_the_list(wire: Wire) -> None:
    sent = [a_statement(), a_statement(actor=BAD), a_statement()]
    wire.post(sent)
    faulty = next(each for each in listed(wire) if each["code"] == "bad_statement")
    done = replay(wire, ids=[faulty["id"]]).get_json()
    assert [(each["stored"], each["fault"] is None) for each in done] == [(0, False), (2, True)]
    assert done[0]["fault"]["where"] == "$.actor.mbox"
    assert replay(wire, all=True, lenient=True).get_json()[0]["stored"] == 1
    assert {each["id"] for each in wire.stored()} == {each["id"] for each in sent}
    page = wire.ask("GET", URL).get_json()
    assert page == {"waiting": 0, "repaired": {"mbox-form": 1}, "refusals": []}
    assert len(listed(wire, waiting="false")) == 2


def test_all_is_replayed_page_by_page(lite: Wire) -> None:
    for _ in range(3):
        lite.post(a_statement(actor=BAD))
    first, *rest = [each["id"] for each in reversed(listed(lite))]
    done = replay(lite, all=True, after=first, lenient=True).get_json()
    assert [each["id"] for each in done] == rest


def test_a_refusal_is_dropped(lite: Wire) -> None:
    lite.post(b"{")
    (one,) = listed(lite)
    assert lite.ask("DELETE", f"{URL}/{one['id']}").get_json() == {"dropped": 1}
    assert lite.ask("DELETE", f"{URL}/{one['id']}").get_json() == {"dropped": 0}
    assert lite.ask("GET", f"{URL}/{one['id']}").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"ids": [1], "all": True}, 400),
        ({"ids": []}, 400),
        ({"ids": ["x"]}, 400),
        ({"ids": [0]}, 400),
        ({"ids": [99]}, 404),
        ({"ids": [2**70]}, 400),
    ],
)
def test_a_replay_of_nothing_is_told(lite: Wire, asked: dict[str, Any], status: int) -> None:
    reply = replay(lite, **asked)
    assert reply.status_code == status
    assert reply.get_json()["error"]["where"]


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("statements/write", (403, 403, 403)),
        ("all/read", (200, 403, 403)),
        ("all", (200, 200, 200)),
    ],
)
def test_who_may_look_and_who_may_act(
    lite: Wire, scope: str, statuses: tuple[int, int, int]
) -> None:
    lite.post(b"{")
    (one,) = listed(lite)
    key = lite.as_key(scope)
    assert (
        key.ask("GET", URL).status_code,
        replay(key, ids=[one["id"]]).status_code,
        key.ask("DELETE", f"{URL}/{one['id']}").status_code,
    ) == statuses


def test_another_tenant_sees_and_touches_nothing(wire: Wire) -> None:
    wire.post(b"{")
    (one,) = listed(wire)
    other = wire.as_key("all", tenant="acme")
    assert listed(other) == []
    assert other.ask("GET", f"{URL}/{one['id']}").status_code == 404
    assert replay(other, ids=[one["id"]]).status_code == 404
    assert other.ask("DELETE", f"{URL}/{one['id']}").get_json() == {"dropped": 0}
    assert len(listed(wire)) == 1
