"""Bodies that no honest client sends: refused with a place, stored nowhere, never our fault.

The list is that of `trust.md` ("16 hostile bodies") and what came up since.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wiring import MakeWire, Wire, a_statement

from lrs.errors import BadInput, TooLarge
from lrs.http.bodies import unpack

ID = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"
WHOLE = json.dumps(a_statement(id=ID)).encode()


def with_result(text: str) -> bytes:
    return WHOLE[:-1] + b', "result": ' + text.encode() + b"}"


HOSTILE = {
    "nothing": b"",
    "blank": b"  \n ",
    "not JSON": b"actor=ada",
    "cut short": WHOLE[:-20],
    "two documents": WHOLE + WHOLE,
    "null": b"null",
    "a string": b'"statement"',
    "a number": b"1",
    "an array in an array": b"[[]]",
    "an array of null": b"[null]",
    "an empty object": b"{}",
    "deep arrays": b"[" * 100_000,
    "deep closed arrays": b"[" * 5_000 + b"]" * 5_000,
    "deep objects": b'{"a":' * 100_000,
    "deep extensions": with_result(
        '{"extensions": {"http://a.example": ' + "[" * 5000 + "]" * 5000 + "}}"
    ),
    "a lone surrogate": with_result('{"response": "\\ud800"}'),
    "NaN": with_result('{"score": {"raw": NaN}}'),
    "Infinity": with_result('{"score": {"raw": Infinity}}'),
    "a number past the last": with_result('{"score": {"raw": 1e999}}'),
    "a property twice": WHOLE[:-1] + b', "verb": {"id": "http://example.org/other"}}',
    "a property twice, escaped": WHOLE[:-1] + b', "\\u0076erb": {"id": "http://example.org/o"}}',
    "UTF-16": json.dumps(a_statement()).encode("utf-16"),
    "UTF-32": json.dumps(a_statement()).encode("utf-32"),
    "broken UTF-8": WHOLE.replace(b"ada", b"\xff\xfe"),
    "overlong UTF-8": WHOLE.replace(b"ada", b"\xc0\xaf"),
    "NUL in an identifier": WHOLE.replace(b"ada", b"a\\u0000da"),
    "NUL bytes": b"\0" * 100,
    "actor is an array": json.dumps(a_statement(actor=[])).encode(),
    "verb is a string": json.dumps(a_statement(verb="completed")).encode(),
    "object is a number": json.dumps(a_statement(object=1)).encode(),
    "id is a number": json.dumps(a_statement(id=1)).encode(),
    "a date that is none": json.dumps(a_statement(timestamp="2026-02-30T00:00:00Z")).encode(),
    "a year past the last": json.dumps(a_statement(timestamp="9999999-01-01T00:00:00Z")).encode(),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_400_and_stores_nothing(lite: Wire, body: bytes) -> None:
    reply = lite.post(body)
    error = reply.get_json()["error"]
    assert reply.status_code == 400, error
    assert error["code"] in ("bad_statement", "bad_input")
    assert error["where"]
    assert error["request_id"] == reply.headers["X-Request-ID"]
    assert lite.stored() == []


def test_hostile_bodies_get_the_same_answer_on_both_databases(make_wire: MakeWire) -> None:
    wires = [make_wire(kind) for kind in ("sqlite", "postgresql")]
    for name, body in HOSTILE.items():
        errors = [wire.post(body).get_json()["error"] | {"request_id": ""} for wire in wires]
        assert errors[0] == errors[1], name
    assert all(wire.stored() == [] for wire in wires)


def test_hostile_bodies_are_400_to_put_too(lite: Wire) -> None:
    for name, body in HOSTILE.items():
        assert lite.put(ID, body).status_code == 400, name
    assert lite.stored() == []


def test_nul_in_free_text_is_kept_on_both_databases(wire: Wire) -> None:
    sent = a_statement(result={"response": "a\0b"})
    assert wire.post(sent).status_code == 200
    assert wire.get(statementId=sent["id"]).get_json()["result"]["response"] == "a\0b"


@pytest.mark.parametrize("name", ["agent", "verb", "activity", "registration", "since", "more"])
def test_nul_in_a_parameter_is_400_on_both_databases(wire: Wire, name: str) -> None:
    for value in ("\0", "http://example.org/\0", '{"mbox":"mailto:a\\u0000@example.org"}'):
        assert wire.ask("GET", **{name: value}).status_code == 400


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    cut=st.integers(0, len(WHOLE)),
    junk=st.binary(max_size=6),
    kept=st.integers(0, len(WHOLE)),
)
def test_no_mangled_statement_is_our_fault(lite: Wire, cut: int, junk: bytes, kept: int) -> None:
    reply = lite.post(WHOLE[:cut] + junk + WHOLE[kept:])
    assert reply.status_code in (200, 400, 409)


# Packed bodies


def test_what_was_packed_comes_out() -> None:
    assert unpack(gzip.compress(b"x" * 1000), 1000) == b"x" * 1000


def test_unpacking_stops_at_the_limit() -> None:
    with pytest.raises(TooLarge):
        unpack(gzip.compress(b"x" * 1001), 1000)


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", gzip.compress(b"x" * 1000)[:-5], zlib.compress(b"x"), b"\x1f\x8b" + b"\0" * 30],
    ids=["nothing", "plain", "cut short", "zlib", "no data"],
)
def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput, match="gzip"):
        unpack(body, 1000)


@given(st.binary(max_size=300))
def test_no_bytes_break_unpacking(body: bytes) -> None:
    with contextlib.suppress(BadInput):
        unpack(b"\x1f\x8b\x08\x00" + body, 10_000)


def test_a_gzip_bomb_is_413(lite: Wire) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    reply = lite.post(bomb, Content_Encoding="gzip")
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_another_packing_is_400(lite: Wire, coding: str) -> None:
    reply = lite.post(a_statement(), Content_Encoding=coding)
    assert reply.get_json()["error"]["where"] == "Content-Encoding"


def test_a_body_over_the_limit_is_413_without_the_built_in_server_too(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite", max_body_bytes=1000)
    many: list[Any] = [a_statement() for _ in range(10)]
    reply = wire.post(many)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (413, "too_large")
    assert wire.stored() == []


@pytest.mark.parametrize(
    ("size", "stated", "status"),
    [(1001, None, 413), (50, "100", 400), (1000, None, 204), (100, "100", 204)],
)
def test_a_cut_off_document_is_refused_under_any_server(
    make_wire: MakeWire, size: int, stated: str | None, status: int
) -> None:
    """Over the limit with no length told; or the sender gone: no part of it passes for the whole."""
    wire = make_wire("sqlite", max_body_bytes=1000)
    agent = quote(json.dumps(a_statement()["actor"]))
    one = f"/xapi/agents/profile?agent={agent}&profileId=https://example.org/p"
    environment = {
        "wsgi.input": io.BytesIO(b"x" * size),
        "wsgi.input_terminated": True,
        **({"CONTENT_LENGTH": stated} if stated else {}),
    }
    reply = wire.app.test_client().put(
        one,
        headers={**wire.headers, "If-None-Match": "*", "Content-Type": "text/plain"},
        auth=(wire.made.key, wire.made.secret),
        environ_overrides=environment,
    )
    assert reply.status_code == status
    assert wire.ask("GET", one).status_code == (200 if status == 204 else 404)
