"""Versions of xAPI, `about`, and the headers that go with every answer below /xapi."""

from __future__ import annotations

import pytest
from wiring import MakeWire, Wire, a_statement, new_id

VERSION = "X-Experience-API-Version"


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    """The database plays no part here, so one kind is enough."""
    return make_wire("sqlite")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.1", "1.0.3"),
        ("1.0.2", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("1.0.3, 1.0.3", "1.0.3"),
    ],
)
def test_the_answer_names_the_version_asked_for(wire: Wire, asked: str, answered: str) -> None:
    wire.headers[VERSION] = asked
    reply = wire.post(a_statement())
    assert (reply.status_code, reply.headers[VERSION]) == (200, answered)


@pytest.mark.parametrize(
    "asked", [None, "", "0.95", "1", "1.1.0", "3.0.0", "latest", "1.0.3, 2.0.0"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_version_or_one_not_spoken_is_400(wire: Wire, method: str, asked: str | None) -> None:
    body = a_statement() if method == "POST" else None
    reply = wire.ask(method, body=body, headers={VERSION: asked})
    assert reply.status_code == 400
    assert reply.get_json()["error"]["where"] == VERSION
    assert reply.headers[VERSION] in ("1.0.3", "2.0.0")


def test_a_statement_is_held_to_the_version_asked_for(wire: Wire) -> None:
    agents = {
        "contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:a@b.org"}}]
    }
    sent = a_statement(context=agents)
    assert wire.ask("POST", body=sent, headers={VERSION: "1.0.3"}).status_code == 400
    assert wire.ask("POST", body=sent, headers={VERSION: "2.0.0"}).status_code == 200


def test_the_next_page_is_found_by_a_client_that_forgets_its_version(wire: Wire) -> None:
    wire.post([a_statement() for _ in range(3)])
    more = wire.get(limit="1").get_json()["more"]
    assert wire.ask("GET", more, headers={VERSION: None}).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_faults_carry_the_version_too(wire: Wire, status: int) -> None:
    reply = {
        400: lambda: wire.get(limit="x"),
        401: lambda: wire.ask("GET", headers={"Authorization": None}),
        404: lambda: wire.get(statementId=new_id()),
        405: lambda: wire.ask("DELETE"),
    }[status]()
    assert reply.status_code == status
    assert reply.headers[VERSION] in ("1.0.3", "2.0.0")


@pytest.mark.parametrize("asked", [None, "1.0.1", "2.0.0", "0.9"])
def test_about_needs_no_key_and_no_version(wire: Wire, asked: str | None) -> None:
    reply = wire.ask("GET", "/xapi/about", headers={"Authorization": None, VERSION: asked})
    assert reply.status_code == 200
    assert "1.0.3" in reply.get_json()["version"]
    assert reply.headers[VERSION]


@pytest.mark.parametrize(
    ("asked", "told"), [(None, True), ("2.0.0", True), ("0.9", True), ("1.0.3", False)]
)
def test_about_tells_of_2_0_whoever_does_not_ask_in_1_0(
    wire: Wire, asked: str | None, told: bool
) -> None:
    reply = wire.ask("GET", "/xapi/about", headers={VERSION: asked})
    assert ("2.0.0" in reply.get_json()["version"]) is told


def test_answers_are_not_kept_by_caches(wire: Wire) -> None:
    assert wire.get().headers["Cache-Control"] == "no-store"


# CORS


@pytest.mark.parametrize("path", ["/xapi/statements", "/xapi/about"])
def test_a_preflight_is_answered_without_key_or_version(wire: Wire, path: str) -> None:
    asked = {
        "Authorization": None,
        VERSION: None,
        "Origin": "https://content.example.org",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version",
    }
    reply = wire.ask("OPTIONS", path, headers=asked)
    assert reply.status_code == 200
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "PUT" in reply.headers["Access-Control-Allow-Methods"]
    assert "authorization" in reply.headers["Access-Control-Allow-Headers"].lower()
    assert reply.headers["Access-Control-Max-Age"] == "86400"


def test_a_header_list_that_is_none_is_not_repeated(wire: Wire) -> None:
    asked = {"Access-Control-Request-Headers": "x: y<script>", "Origin": "https://a.example.org"}
    allowed = wire.ask("OPTIONS", headers=asked).headers["Access-Control-Allow-Headers"]
    assert "script" not in allowed
    assert "Authorization" in allowed


def test_a_page_of_any_origin_may_read_answers_and_faults(wire: Wire) -> None:
    for reply in (
        wire.get(),
        wire.get(limit="x"),
        wire.ask("GET", headers={"Authorization": None}),
    ):
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert (
            "X-Experience-API-Consistent-Through" in reply.headers["Access-Control-Expose-Headers"]
        )
        assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize("path", ["/", "/statements", "/api/v1/keys", "/health/live"])
def test_other_addresses_stay_closed_to_other_origins(wire: Wire, path: str) -> None:
    reply = wire.ask("GET", path, headers={"Origin": "https://evil.example.org"})
    assert "Access-Control-Allow-Origin" not in reply.headers
