"""One form for every fault, whoever raised it; our own faults tell nothing about anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from wiring import MakeWire, Wire, a_statement

from lrs.app import create_app
from lrs.errors import StoreFull, StoreUnavailable
from lrs.http.management import api

FIELDS = {"code", "message", "where", "hint", "request_id"}


class _Asked(Schema):
    n = fields.Integer(required=True)


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    """An application with some more routes, each with a fault of its own."""
    made = make_wire("sqlite")
    app = made.app
    extra = Blueprint("extra", __name__, url_prefix="/api/v1/extra")

    @extra.route("/schema")
    @extra.arguments(_Asked, location="query")
    def schema(args: object) -> dict[str, object]:
        return {"args": args}

    @app.get("/crash")
    def crash() -> str:
        raise KeyError("mailto:canary@example.org")

    @app.get("/full")
    def full() -> str:
        raise StoreFull("no room")

    @app.get("/away")
    def away() -> str:
        raise StoreUnavailable("away")

    with app.app_context():
        api().register_blueprint(extra)
    return made


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/xapi/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("POST", "/health/live", 405, "method_not_allowed"),
        ("PATCH", "/xapi/statements", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/keys", 405, "method_not_allowed"),
        ("GET", "/api/v1/extra/schema", 400, "bad_input"),
        ("GET", "/crash", 500, "internal"),
        ("GET", "/full", 507, "store_full"),
        ("GET", "/away", 503, "store_unavailable"),
    ],
)
def test_every_fault_has_the_one_form(
    wire: Wire, method: str, path: str, status: int, code: str
) -> None:
    reply = wire.ask(method, path)
    error = reply.get_json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert set(error) == FIELDS
    assert error["request_id"] == reply.headers["X-Request-ID"]
    assert reply.mimetype == "application/json"


@pytest.mark.parametrize("path", ["/xapi/statements", "/api/v1/keys", "/health/live"])
def test_a_405_says_what_is_allowed(wire: Wire, path: str) -> None:
    allowed = set(wire.ask("PATCH", path).headers["Allow"].split(", "))
    assert "GET" in allowed
    assert "PATCH" not in allowed


@pytest.mark.parametrize("path", ["/full", "/away"])
def test_a_fault_that_passes_says_when_to_try_again(wire: Wire, path: str) -> None:
    assert int(wire.ask("GET", path).headers["Retry-After"]) > 0


def test_a_fault_of_a_schema_names_the_place(wire: Wire) -> None:
    reply = wire.ask("GET", "/api/v1/extra/schema", n="many")
    assert reply.get_json()["error"]["where"] == "query.n"


def test_our_own_fault_tells_no_message(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    reply = wire.ask("GET", "/crash")
    logged = capsys.readouterr().err
    assert b"canary" not in reply.data
    assert "canary" not in logged
    (crashed,) = [line for line in map(json.loads, logged.splitlines()) if "fault" in line]
    assert crashed["fault"] == "KeyError"
    assert crashed["request_id"] == reply.headers["X-Request-ID"]
    assert any("crash" in step for step in crashed["at"])


def test_a_browser_gets_a_page_outside_the_apis(wire: Wire) -> None:
    headers: dict[str, str | None] = {"Accept": "text/html,application/xhtml+xml"}
    assert wire.ask("GET", "/nothing", headers=headers).mimetype == "text/html"
    assert wire.ask("GET", "/xapi/nothing", headers=headers).mimetype == "application/json"


def test_the_request_id_of_a_proxy_is_kept_when_it_looks_like_one(wire: Wire) -> None:
    kept = wire.ask("GET", headers={"X-Request-ID": "0123-abcd.x"})
    made = wire.ask("GET", headers={"X-Request-ID": "<script>alert(1)</script>"})
    assert kept.headers["X-Request-ID"] == "0123-abcd.x"
    assert "script" not in made.headers["X-Request-ID"]


def test_the_log_names_the_route_and_the_key_and_nobody(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = {"name": "Canary Bird", "mbox": "mailto:canary@example.org"}
    wire.post(a_statement(actor=canary))
    wire.get(agent=json.dumps(canary))
    wire.post(a_statement(actor={**canary, "mbox": "canary"}))
    wire.ask("GET", "/canary/path")
    logged = capsys.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["status"] for line in lines] == [200, 200, 400, 404]
    assert lines[0]["route"] == "/xapi/statements"
    assert lines[0]["key"] == "Tests"
    assert "canary" not in logged.lower()
    assert wire.made.secret not in logged
    assert wire.made.key not in logged


def test_health_is_told_apart_from_a_database_that_is_away(wire: Wire, tmp_path: Path) -> None:
    assert wire.ask("GET", "/health/live").get_json() == {"status": "ok"}
    assert wire.ask("GET", "/health/ready").get_json() == {"status": "ok"}


def test_ready_is_503_when_the_database_is_away(make_wire: MakeWire) -> None:
    wire = make_wire("postgresql")
    away = wire.database.settings.database_url.replace("/test_", "/gone_")
    from dataclasses import replace

    from lrs.store.database import Database

    database = Database(replace(wire.database.settings, database_url=away))
    app: Flask = create_app(wire.database.settings, database)
    client = app.test_client()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
    database.close()
