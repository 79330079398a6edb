"""`/api/v1/forwarding`: who may do what, and which secrets may be named without a shell."""

from __future__ import annotations

from typing import Any

import pytest
from wiring import Reply, Wire, a_statement

from lrs.forwarding.outbox import refuse, take_up
from lrs.forwarding.targets import find_target
from lrs.http.management import PREFIX
from lrs.store.schema import delivery

TARGETS = f"{PREFIX}/forwarding"
GIVEN = {
    "name": "there",
    "kind": "xapi",
    "url": "https://lrs.example.org/xapi",
    "user": "key",
    "secret": "env:VERKAN_TARGET_1_LRS",
    "verbs": ["http://adlnet.gov/expapi/verbs/completed"],
}


def make(wire: Wire, **changed: Any) -> Reply:
    return wire.ask("POST", TARGETS, {**GIVEN, **changed})


def listed(wire: Wire) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = wire.ask("GET", TARGETS).get_json()
    return found


def test_a_target_is_made_changed_and_removed(wire: Wire) -> None:
    reply = make(wire)
    made = reply.get_json()
    assert reply.status_code == 201
    assert made | GIVEN == made
    assert (made["state"], made["waiting"], made["enabled"]) == ("working", 0, True)
    assert make(wire).get_json() == made
    one = f"{TARGETS}/{made['id']}"
    changed = wire.ask("PATCH", one, {"enabled": False, "activities": ["https://example.org/*"]})
    assert changed.get_json()["state"] == "off"
    assert changed.get_json()["verbs"] == GIVEN["verbs"]
    assert listed(wire) == [changed.get_json()]
    assert wire.ask("DELETE", one).status_code == 204
    assert listed(wire) == []
    assert wire.ask("DELETE", one).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "hunter2"},
        {"secret": "env:VERKAN_SECRET"},
        {"secret": "env:VERKAN_TARGET_2_LRS"},
        {"secret": "file:/etc/passwd"},
        {"url": "http://lrs.example.org/"},
        {"url": "https://[/"},
        {"kind": "ftp"},
        {"kind": "webhook", "secret": None},
        {"name": "\0"},
        {"user": "a:b"},
        {"verbs": ["completed"]},
        {"agents": ["{"]},
        {"since": "soon"},
    ],
)
def test_what_cannot_be_is_refused(lite: Wire, wrong: dict[str, Any]) -> None:
    assert make(lite, **wrong).status_code in (400, 422)
    assert listed(lite) == []


def test_a_secret_goes_to_another_host_only_when_it_is_named_again(lite: Wire) -> None:
    one = f"{TARGETS}/{make(lite).get_json()['id']}"
    elsewhere = {"url": "https://elsewhere.example.org/xapi"}
    assert lite.ask("PATCH", one, elsewhere).status_code == 400
    assert lite.ask("PATCH", one, {"url": "https://lrs.example.org/other"}).status_code == 200
    named = {**elsewhere, "secret": GIVEN["secret"]}
    assert lite.ask("PATCH", one, named).status_code == 200


def test_who_reads_everything_looks_and_only_who_may_everything_changes(lite: Wire) -> None:
    made = make(lite).get_json()
    reader = lite.as_key("all/read")
    assert listed(reader) == [made]
    assert reader.ask("GET", f"{TARGETS}/dead").status_code == 200
    for method, path, body in (
        ("POST", TARGETS, GIVEN),
        ("PATCH", f"{TARGETS}/{made['id']}", {"enabled": False}),
        ("DELETE", f"{TARGETS}/{made['id']}", None),
        ("POST", f"{TARGETS}/dead/retry", {"all": True}),
        ("DELETE", f"{TARGETS}/dead/1", None),
    ):
        assert reader.ask(method, path, body).status_code == 403
    assert lite.as_key("statements/read").ask("GET", TARGETS).status_code == 403
    assert listed(lite) == [made]


def dead_letter(wire: Wire) -> int:
    """Have a target refuse a statement; return the number of the target."""
    number: int = make(wire, verbs=[]).get_json()["id"]
    wire.post(a_statement())
    with wire.database.read() as conn:
        target = find_target(conn, 1, number)
    taken = take_up(wire.database, target)
    assert not isinstance(taken, int | None)
    refuse(wire.database, target, taken, "400 no", tries=0)
    return number


def test_dead_letters_are_sent_again_or_dropped(wire: Wire) -> None:
    number = dead_letter(wire)
    (letter,) = wire.ask("GET", f"{TARGETS}/dead", target_id=str(number)).get_json()
    assert (letter["target"], letter["error"], letter["tries"]) == ("there", "400 no", 1)
    assert listed(wire)[0]["state"] == "refusing"
    again = wire.ask("POST", f"{TARGETS}/dead/retry", {"ids": [letter["id"]]})
    assert again.get_json() == {"retried": 1}
    assert (listed(wire)[0]["dead"], listed(wire)[0]["waiting"]) == (0, 1)
    assert wire.ask("POST", f"{TARGETS}/dead/retry", {}).status_code == 400
    with wire.database.write() as conn:
        conn.execute(delivery.update().values(state="dead"))
    assert wire.ask("DELETE", f"{TARGETS}/dead/{letter['id']}").get_json() == {"dropped": 1}
    assert wire.ask("GET", f"{TARGETS}/dead").get_json() == []
