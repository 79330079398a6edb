"""A key over its limit is told so, and when to come again."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from wiring import MakeWire, Wire, a_statement

from lrs.access.keys import update_key


@pytest.fixture
def limited(make_wire: MakeWire) -> Wire:
    wire = make_wire("sqlite")
    update_key(wire.database, wire.made.key, limit_per_minute=3)
    return wire


def test_over_the_limit_is_429_with_the_time_to_wait_and_nothing_is_stored(limited: Wire) -> None:
    sent = [a_statement() for _ in range(4)]
    *first, last = [limited.post(one) for one in sent]
    assert [reply.status_code for reply in first] == [200, 200, 200]
    assert last.status_code == 429
    assert 1 <= int(last.headers["Retry-After"]) <= 61
    assert last.get_json()["error"]["code"] == "too_many_requests"
    assert last.headers["Access-Control-Allow-Origin"] == "*"
    free = limited.as_key("all")
    assert [each["id"] for each in free.stored()] == [one["id"] for one in reversed(sent[:3])]


def test_a_batch_counts_as_one_request(limited: Wire) -> None:
    assert limited.post([a_statement() for _ in range(50)]).status_code == 200
    assert limited.get().status_code == 200


def test_every_route_counts_and_other_keys_are_free(limited: Wire) -> None:
    other = limited.as_key("all")
    for path in ("/xapi/statements", "/api/v1/keys", "/xapi/statements"):
        assert limited.ask("GET", path).status_code == 200
    for path in ("/xapi/statements", "/api/v1/keys"):
        assert limited.ask("GET", path).status_code == 429
        assert other.ask("GET", path).status_code == 200
    assert limited.ask("GET", "/xapi/about").status_code == 200


def test_tokens_count_for_their_key(limited: Wire) -> None:
    pair = {"client_id": limited.made.key, "client_secret": limited.made.secret}
    client = limited.app.test_client()

    def get_token() -> int:
        form = urlencode({"grant_type": "client_credentials", **pair})
        type_ = "application/x-www-form-urlencoded"
        return client.post("/oauth/token", data=form, content_type=type_).status_code

    assert [get_token() for _ in range(4)] == [200, 200, 200, 429]
    assert limited.get().status_code == 429


def test_a_wrong_secret_does_not_use_up_a_key(limited: Wire) -> None:
    client = limited.app.test_client()
    for _ in range(5):
        reply = client.get(
            "/xapi/statements",
            auth=(limited.made.key, "wrong"),
            headers={"X-Experience-API-Version": "1.0.3"},
        )
        assert reply.status_code == 401
    assert limited.get().status_code == 200
