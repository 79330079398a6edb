"""Who gets in, and what they get to see."""

from __future__ import annotations

import base64

import pytest
from wiring import Wire, a_statement

from lrs.access.keys import make_key, revoke_key


def test_no_key_is_401_and_says_how(lite: Wire) -> None:
    reply = lite.ask("GET", headers={"Authorization": None})
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")
    assert reply.get_json()["error"]["where"] == "Authorization"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode(),
        "Bearer abc",
        "Digest username=x",
    ],
)
def test_a_header_that_is_no_key_is_401(lite: Wire, header: str) -> None:
    assert lite.ask("GET", headers={"Authorization": header}).status_code == 401


def test_every_key_that_is_not_valid_gets_the_same_answer(wire: Wire) -> None:
    revoked = wire.as_key("all").made
    revoke_key(wire.database, revoked.key)
    expired = make_key(wire.database, wire.database.settings, name="Over", expires_at=1)
    pairs = [
        (wire.made.key, "wrong"),
        ("unknown", wire.made.secret),
        (revoked.key, revoked.secret),
        (expired.key, expired.secret),
    ]
    first, *others = [
        wire.ask("GET", headers={"Authorization": _basic(*pair), "X-Request-ID": "the-same-id"})
        for pair in pairs
    ]
    assert first.status_code == 401
    for reply in others:
        assert (reply.status_code, reply.data) == (401, first.data)
        assert dict(reply.headers) == dict(first.headers)


def test_a_body_is_not_looked_at_without_a_key(lite: Wire) -> None:
    assert lite.ask("POST", body=b"{", headers={"Authorization": None}).status_code == 401


def test_a_revoked_key_is_401(wire: Wire) -> None:
    other = wire.as_key("all")
    revoke_key(wire.database, other.made.key)
    assert other.get().status_code == 401


@pytest.mark.parametrize("scope", ["statements/read", "statements/read/mine", "all/read", "state"])
def test_writing_without_the_scope_is_403(lite: Wire, scope: str) -> None:
    other = lite.as_key(scope)
    sent = a_statement()
    assert other.post(sent).status_code == 403
    assert other.put(sent["id"], sent).status_code == 403
    assert lite.stored() == []


@pytest.mark.parametrize("scope", ["statements/write", "state", "profile", "define"])
def test_reading_without_the_scope_is_403(lite: Wire, scope: str) -> None:
    reply = lite.as_key(scope).get()
    assert reply.status_code == 403
    assert "statements/read" in reply.get_json()["error"]["hint"]


@pytest.mark.parametrize("scope", ["statements/read", "all/read", "all"])
def test_reading_with_the_scope_sees_every_statement_of_the_tenant(wire: Wire, scope: str) -> None:
    wire.post([a_statement() for _ in range(3)])
    assert len(wire.as_key(scope).stored()) == 3


def test_a_key_that_reads_its_own_sees_no_other(wire: Wire) -> None:
    theirs = [a_statement() for _ in range(3)]
    own = [a_statement() for _ in range(3)]
    limited = wire.as_key("statements/write", "statements/read/mine", name="Quiz")
    for one, other in zip(theirs, own, strict=True):
        wire.post(one)
        limited.post(other)
    assert [each["id"] for each in limited.stored()] == [each["id"] for each in reversed(own)]
    assert limited.get(statementId=own[0]["id"]).status_code == 200
    assert limited.get(statementId=theirs[0]["id"]).status_code == 404
    by_actor = limited.get(agent='{"mbox":"mailto:ada@example.org"}').get_json()["statements"]
    assert {each["id"] for each in by_actor} == {each["id"] for each in own}


@pytest.mark.parametrize("format_", ["ids", "exact", "canonical"])
def test_a_key_that_reads_its_own_sees_them_in_every_format(wire: Wire, format_: str) -> None:
    limited = wire.as_key("statements/write", "statements/read/mine", name="Quiz")
    wire.post(a_statement())
    own = a_statement()
    limited.post(own)
    found = limited.get(format=format_).get_json()["statements"]
    assert [each["id"] for each in found] == [own["id"]]


def test_another_tenant_sees_nothing(wire: Wire) -> None:
    sent = [a_statement() for _ in range(3)]
    wire.post(sent)
    other = wire.as_key("all", tenant="acme")
    assert other.stored() == []
    assert other.get(statementId=sent[0]["id"]).status_code == 404
    assert other.get(activity=sent[0]["object"]["id"]).get_json()["statements"] == []
    more = wire.get(limit="1").get_json()["more"]
    assert other.ask("GET", more).status_code == 400


def test_two_tenants_may_use_the_same_id(wire: Wire) -> None:
    other = wire.as_key("all", tenant="acme")
    mine = a_statement()
    theirs = a_statement(id=mine["id"], result={"completion": True})
    assert wire.post(mine).status_code == other.post(theirs).status_code == 200
    assert "result" not in wire.get(statementId=mine["id"]).get_json()
    assert "result" in other.get(statementId=mine["id"]).get_json()


def test_voiding_does_not_reach_into_another_tenant(wire: Wire) -> None:
    sent = a_statement()
    wire.post(sent)
    other = wire.as_key("all", tenant="acme")
    target = {"objectType": "StatementRef", "id": sent["id"]}
    other.post(a_statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=target))
    assert wire.get(statementId=sent["id"]).status_code == 200


def _basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
