"""A key that names origins is used by pages of those alone; other keys by pages of any."""

from __future__ import annotations

import base64
import shutil
from urllib.parse import urlencode

import pytest
from wiring import MakeWire, Wire, a_statement

from lrs.access.keys import revoke_key, update_key
from lrs.access.origins import ANY, OriginBook, read_origins

OURS, OTHER = "https://learn.example.org", "https://elsewhere.example.org"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def bound(make_wire: MakeWire) -> Wire:
    """A client of a key that names one origin, in a store that has no other key."""
    wire = make_wire("sqlite")
    update_key(wire.database, wire.made.key, origins=[OURS])
    return wire


def test_a_page_of_a_named_origin_posts_and_reads_the_answer(bound: Wire) -> None:
    reply = bound.post(a_statement(), Origin=OURS)
    assert reply.status_code == 200
    assert reply.headers[ALLOWED] == OURS
    assert "Origin" in reply.headers["Vary"]
    assert "ETag" in reply.headers["Access-Control-Expose-Headers"]
    assert len(bound.stored()) == 1


@pytest.mark.parametrize(
    "origin", [OTHER, "null", OURS + ".evil.example.org", "http://learn.example.org", ""]
)
def test_a_page_of_another_origin_stores_nothing_and_reads_nothing(
    bound: Wire, origin: str
) -> None:
    sent = a_statement()
    for reply in (bound.post(sent, Origin=origin), bound.ask("GET", headers={"Origin": origin})):
        assert reply.status_code == 403
        assert reply.get_json()["error"]["where"] == "Origin"
        assert ALLOWED not in reply.headers
        assert "Origin" in reply.headers["Vary"]
    assert bound.stored() == []


def test_a_form_of_another_origin_needs_no_preflight_and_stores_nothing_all_the_same(
    bound: Wire,
) -> None:
    signed = base64.b64encode(f"{bound.made.key}:{bound.made.secret}".encode()).decode()
    form = {"Authorization": f"Basic {signed}", "X-Experience-API-Version": "1.0.3"}
    body = urlencode({**form, "content": '{"a":1}'})
    reply = bound.app.test_client().post(
        "/xapi/statements?method=POST",
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": OTHER},
    )
    assert reply.status_code == 403
    assert bound.stored() == []


def test_a_server_names_no_origin_and_is_let_in(bound: Wire) -> None:
    reply = bound.post(a_statement())
    assert reply.status_code == 200
    assert ALLOWED not in reply.headers


def preflight(wire: Wire, origin: str) -> dict[str, str]:
    headers = {"Authorization": None, "Origin": origin, "Access-Control-Request-Method": "POST"}
    return dict(wire.ask("OPTIONS", headers=headers).headers)


def test_a_preflight_is_answered_by_the_origins_of_all_keys(bound: Wire) -> None:
    second = bound.as_key("statements/write")
    update_key(bound.database, second.made.key, origins=[OTHER])
    for origin in (OURS, OTHER):
        assert preflight(bound, origin)[ALLOWED] == origin
    refused = preflight(bound, "https://third.example.org")
    assert ALLOWED not in refused
    assert "Access-Control-Allow-Methods" not in refused


def test_a_preflight_lets_any_origin_in_while_one_key_names_none(bound: Wire) -> None:
    bound.as_key("statements/write")
    assert preflight(bound, OTHER)[ALLOWED] == "*"


def test_a_key_without_origins_is_used_by_pages_of_any(bound: Wire) -> None:
    reply = bound.as_key("all").post(a_statement(), Origin=OTHER)
    assert reply.status_code == 200
    assert reply.headers[ALLOWED] == "*"


def test_who_shows_no_key_is_told_so_across_named_origins_only(bound: Wire) -> None:
    for origin, opened in ((OURS, OURS), (OTHER, None)):
        reply = bound.ask("GET", headers={"Authorization": None, "Origin": origin})
        assert reply.status_code == 401
        assert reply.headers.get(ALLOWED) == opened


def test_a_database_that_is_away_is_told_to_every_page(bound: Wire) -> None:
    bound.database.disconnect()
    shutil.rmtree(bound.database.settings.home_folder)
    assert preflight(bound, OTHER)[ALLOWED] == "*"
    reply = bound.ask("GET", headers={"Origin": OTHER})
    assert (reply.status_code, reply.headers[ALLOWED]) == (503, "*")


def test_keys_that_do_not_work_open_nothing(wire: Wire) -> None:
    assert read_origins(wire.database) is ANY
    update_key(wire.database, wire.made.key, origins=[OURS])
    gone = wire.as_key("all")
    revoke_key(wire.database, gone.made.key)
    assert read_origins(wire.database) == {OURS}


def test_the_origins_are_read_again_after_some_seconds(bound: Wire) -> None:
    now = [0.0]
    book = OriginBook(bound.database, kept_s=5, clock=lambda: now[0])
    assert book.origins() == {OURS}
    update_key(bound.database, bound.made.key, origins=[OTHER])
    assert book.origins() == {OURS}
    now[0] = 5.0
    assert book.origins() == {OTHER}
