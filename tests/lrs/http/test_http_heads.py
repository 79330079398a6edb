"""A head that is known again is read as if it were read anew."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser

from lrs.http import heads
from lrs.http.heads import HeadParser

ADJUSTMENTS = Adjustments(max_request_body_size=1_000)
FIRST_LINES = (
    "POST /xapi/statements HTTP/1.1",
    "PUT /xapi/statements HTTP/1.0",
    "POST /xapi/statements?x=1 HTTP/1.1",
    "get /xapi HTTP/1.1",
)
LINES = (
    "Host: example.org",
    "Content-Length: {n}",
    "content-length: {n}",
    "Content-Length:{n}",
    "Content-Length: {n} ",
    "Content-Length: +{n}",
    "Content-Length: {n}, {n}",
    "Authorization: Basic {word}",
    "authorization:  Basic {word}",
    "Authorization: {word}",
    "X-Request-ID: {word}",
    "X_Request_ID: {word}",
    "Traceparent: {word} {word}",
    " Basic {word}",
    "\tfolded",
    "Connection: close",
    "Connection: keep-alive",
    "Expect: 100-continue",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Cookie: a=\u00e9",
    "no header",
    "Bare: a\rb",
)


def a_head(die: random.Random, lines: tuple[str, ...]) -> bytes:
    text = "\r\n".join(
        line.replace("{n}", str(die.choice((0, 7, 40, 10**6, 10**14)))).replace(
            "{word}", f"{die.getrandbits(40):x}"
        )
        for line in lines
    )
    return f"{text}\r\n\r\n".encode("latin-1")


def read(parser: HTTPRequestParser, raw: bytes) -> dict[str, Any]:
    """Read a request, and return all that is known of it then."""
    left = raw
    while left and not parser.completed:
        left = left[parser.received(left) :]
    said: Any = parser
    found = {name: value for name, value in vars(said).items() if name not in ("adj", "body_rcv")}
    body = None if said.body_rcv is None else said.body_rcv.getbuf().get(100)
    error = None if said.error is None else (said.error.code, said.error.body)
    names = ("version", "chunked", "expect_continue", "connection_close", "content_length")
    return found | {name: getattr(said, name) for name in names} | {"body": body, "error": error}


@pytest.mark.parametrize("seed", range(40))
def test_a_known_head_is_read_as_one_that_was_never_met(seed: int) -> None:
    die = random.Random(seed)
    for _ in range(60):
        lines = (die.choice(FIRST_LINES), *die.sample(LINES, die.randrange(6)))
        for _ in range(3):
            head = a_head(die, lines)
            for body in (b"", b"x" * 50):
                raw = head + body
                known = read(HeadParser(ADJUSTMENTS), raw)
                assert known == read(HTTPRequestParser(ADJUSTMENTS), raw), raw


def test_what_a_sender_repeats_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, times = HTTPRequestParser.parse_header, itertools.count()

    def counted(parser: HTTPRequestParser, head: bytes) -> None:
        next(times)
        real(parser, head)

    monkeypatch.setattr(HTTPRequestParser, "parse_header", counted)
    die = random.Random(1)
    lines = (FIRST_LINES[0], "Host: once.example.org", LINES[7], LINES[10])
    for n in range(20):
        head = a_head(die, (*lines, f"Content-Length: {n}"))
        assert read(HeadParser(ADJUSTMENTS), head)["headers"]["CONTENT_LENGTH"] == str(n)
    assert next(times) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Basic canary",
        "authorization:Basic canary",
        "Authorization: canary ",
        "Proxy-Authorization: Basic canary",
        "Cookie: session=canary",
        "cookie:session=canary",
    ],
)
def test_no_secret_is_kept(line: str) -> None:
    die = random.Random(2)
    for first in FIRST_LINES:
        for more in ((), (line,)):
            read(HeadParser(ADJUSTMENTS), a_head(die, (first, "Host: secret.example.org", *more)))
    kept = heads._known._kept
    assert any(b"secret.example.org" in text for around in kept for text in around)
    assert "canary" not in repr(kept)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    die = random.Random(3)
    for n in range(2_000):
        read(HeadParser(ADJUSTMENTS), a_head(die, (FIRST_LINES[0], f"Host: {n}.example.org")))
    assert len(heads._known) <= 500
