"""The alternate request syntax (1.0.3, Communication 1.3): a form that stands for a request."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wiring import MakeWire, Wire, a_statement

from lrs.errors import BadInput
from lrs.http.alternate import alternate_method, plain_path, translated

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def wire(make_wire: MakeWire) -> Wire:
    """The database plays no part here, so one kind is enough."""
    return make_wire("sqlite")


def send(
    wire: Wire, method: str, form: dict[str, str] | bytes, query: str = "", **kind: str
) -> Any:
    """Post a form as a browser would: no header but its content type."""
    if isinstance(form, dict):
        pair = f"{wire.made.key}:{wire.made.secret}".encode()
        signed = {
            "Authorization": "Basic " + base64.b64encode(pair).decode(),
            "X-Experience-API-Version": "1.0.3",
        }
        form = urlencode(signed | form).encode()
    return wire.app.test_client().post(
        f"/xapi/statements?method={method}{query}", data=form, content_type=kind.get("kind", FORM)
    )


def test_put_by_form(wire: Wire) -> None:
    sent = a_statement()
    form = {
        "statementId": sent["id"],
        "content": json.dumps(sent),
        "Content-Type": "application/json",
    }
    assert send(wire, "PUT", form).status_code == 204
    assert wire.get(statementId=sent["id"]).status_code == 200


def test_post_by_form_keeps_letters_beyond_ascii(wire: Wire) -> None:
    sent = a_statement(actor={"name": "Åsa Öberg 😀", "mbox": "mailto:asa@example.org"})
    reply = send(wire, "POST", {"content": json.dumps(sent, ensure_ascii=False)})
    assert reply.get_json() == [sent["id"]]
    assert wire.get(statementId=sent["id"]).get_json()["actor"] == sent["actor"]


def test_get_by_form_filters(wire: Wire) -> None:
    wire.post([a_statement() for _ in range(3)])
    reply = send(wire, "GET", {"limit": "2"})
    assert len(reply.get_json()["statements"]) == 2
    assert send(wire, "get", {"limit": "2"}).data == reply.data


def test_a_form_without_a_key_is_401(wire: Wire) -> None:
    form = urlencode({"X-Experience-API-Version": "1.0.3"}).encode()
    assert send(wire, "GET", form).status_code == 401


def test_a_form_without_a_version_is_400(wire: Wire) -> None:
    assert send(wire, "GET", b"limit=1").status_code == 400


@pytest.mark.parametrize(
    ("method", "form", "query", "where"),
    [
        ("PATCH", {}, "", "method"),
        ("", {}, "", "method"),
        ("PUT", {"statementId": "x"}, "", "content"),
        ("GET", {}, "&limit=1", "method"),
        ("GET", b"%ff=%fe", "", "body"),
        ("GET", b"limit=1&limit=2", "", "body"),
        ("GET", b"&".join(b"a%d=1" % n for n in range(200)), "", "body"),
        ("GET", {"X-Experience-API-Version": "2.0.0"}, "", "method"),
        ("GET", {"unknown": "1"}, "", "unknown"),
    ],
)
def test_a_form_that_stands_for_no_request_is_400(
    wire: Wire, method: str, form: Any, query: str, where: str
) -> None:
    reply = send(wire, method, form, query)
    assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, where)


def test_a_form_that_does_not_say_so_is_400(wire: Wire) -> None:
    reply = send(wire, "GET", {}, kind="application/json")
    assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, "Content-Type")


def test_a_form_over_the_limit_is_413(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite", max_body_bytes=1000)
    assert send(wire, "POST", {"content": "x" * 2000}).status_code == 413


def test_a_plain_post_is_not_taken_for_a_form() -> None:
    asked = {"REQUEST_METHOD": "POST", "QUERY_STRING": ""}
    assert alternate_method(asked) is None
    assert alternate_method({**asked, "QUERY_STRING": "xmethod=PUT"}) is None
    assert alternate_method({"REQUEST_METHOD": "GET", "QUERY_STRING": "method=PUT"}) is None


def test_a_header_of_the_form_becomes_one_of_the_request() -> None:
    environ = {"QUERY_STRING": "method=PUT", "CONTENT_TYPE": FORM}
    form = {
        "if-match": '"x"',
        "Accept-Language": "sv",
        "Content-Length": "9",
        "content": "{}",
        "a": "1",
    }
    made = translated(environ, "put", urlencode(form).encode())
    assert made["REQUEST_METHOD"] == "PUT"
    assert made["HTTP_IF_MATCH"] == '"x"'
    assert made["HTTP_ACCEPT_LANGUAGE"] == "sv"
    assert made["CONTENT_LENGTH"] == "2"
    assert made["QUERY_STRING"] == "a=1"


@given(st.binary(max_size=200))
def test_no_form_breaks_the_reader(body: bytes) -> None:
    environ = {"QUERY_STRING": "method=PUT", "CONTENT_TYPE": FORM}
    try:
        made = translated(environ, "PUT", body)
    except BadInput:
        return
    assert made["REQUEST_METHOD"] == "PUT"


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/xapi/statements", "/xapi/statements"),
        ("//xapi///statements//", "/xapi/statements"),
        ("/xapi/", "/xapi"),
        ("/", ""),
    ],
)
def test_plain_path(path: str, plain: str) -> None:
    assert plain_path(path) == plain
