"""Reads the body of a request, never more of it than the limit, packed or not.

A gigabyte of zeros packs into one megabyte (`trust.md`, "gzip body"), so what is unpacked counts,
and unpacking stops at the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flask import g, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_content_length, get_input_stream

from lrs.app import host
from lrs.errors import BadInput, TooLarge, VerkanError
from lrs.xapi.multipart import MIXED, Mixed, boundary_in, parse_mixed

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PIECE = 1 << 16


def statements_body() -> Mixed:
    """Return the statements of a request and the attachments that came along."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    body = any_body()
    if not body.strip():
        raise BadInput("the body is empty", where="body", hint="send a statement, or an array")
    if kind.lower() == MIXED:
        return parse_mixed(body, options.get("boundary"))
    if kind.lower() == "application/octet-stream" and (boundary := boundary_in(body)):
        return parse_mixed(body, boundary)
    json_only(kind.lower(), options)
    return Mixed(body, {})


def any_body() -> bytes:
    """Return the unpacked body of a request that may be of any type, and may be empty."""
    g.received = read_whole(request.environ, host().settings.max_body_bytes)
    g.received = _unpacked(g.received)
    found: bytes = g.received
    return found


def received() -> bytes:
    """Return the body of a request that was refused, unpacked if it can be; empty: none is here."""
    if "received" not in g:
        try:
            return any_body()
        except (VerkanError, HTTPException):
            pass
    found: bytes = g.get("received", b"")
    return found


def json_only(kind: str, options: Mapping[str, str]) -> None:
    """Refuse a body that is not said to be JSON in UTF-8."""
    if kind != "application/json":
        raise BadInput(
            f"statements come as application/json, not as {kind or 'a body of no stated kind'}",
            where="Content-Type",
            hint="send Content-Type: application/json",
        )
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise BadInput(
            f"JSON comes in UTF-8, not in {options['charset']}",
            where="Content-Type",
            hint="send Content-Type: application/json, and the body in UTF-8",
        )


def _unpacked(body: bytes) -> bytes:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in ("gzip", "x-gzip"):
        raise BadInput(
            f"bodies come plain or packed with gzip, not with {coding}",
            where="Content-Encoding",
            hint="send it plain, or with Content-Encoding: gzip",
        )
    return unpack(body, host().settings.max_body_bytes)


def read_whole(environ: WSGIEnvironment, most_bytes: int) -> bytes:
    """Return the body, packed as it may be.

    Where a server marks the end of the input, werkzeug takes a body for whole that the limit cut
    off, or whose sender vanished. Raises `RequestEntityTooLarge` and `ClientDisconnected` instead.
    """
    body: bytes = get_input_stream(environ, max_content_length=most_bytes).read()
    length = get_content_length(environ)
    if length is None and len(body) == most_bytes and environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    if length is not None and len(body) < length:
        raise ClientDisconnected("the connection ended before the body did")
    return body


def unpack(body: bytes, limit: int) -> bytes:
    """Return what gzip packed; raises `TooLarge` as soon as it is more than the limit."""
    whole = bytearray()
    for piece in _pieces(memoryview(body)):
        whole += piece
        if len(whole) > limit:
            raise TooLarge(
                f"the body unpacks to more than {limit} bytes",
                where="body",
                hint="send fewer statements at a time",
            )
    return bytes(whole)


def _pieces(body: memoryview) -> Iterator[bytes]:
    """Yield what was packed, in small pieces. RFC 1952, 2.2: parts packed one by one may follow."""
    unpacker = zlib.decompressobj(wbits=31)
    packed = b""
    try:
        while body or packed:
            if not packed:
                packed, body = bytes(body[:_PIECE]), body[_PIECE:]
            yield unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail
            if unpacker.eof and (unpacker.unused_data or body):
                packed, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=31)
    except zlib.error as exc:
        raise _not_gzip() from exc
    if not unpacker.eof:
        raise _not_gzip()


def _not_gzip() -> BadInput:
    return BadInput(
        "the body is not whole gzip, though Content-Encoding says so",
        where="body",
        hint="send it plain, or packed whole",
    )
