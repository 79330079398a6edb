"""`multipart/mixed`: statements in the first part, the bytes of their attachments in the others.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#152-multipartmixed
https://www.rfc-editor.org/rfc/rfc2046#section-5.1

The parts are cut by hand: a parser of mail would read the content and change its line ends, and an
attachment is what it is to the byte, or its hash is another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lrs.errors import BadInput

MIXED = "multipart/mixed"
HASH = "X-Experience-API-Hash"

_HASHES = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
# https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,\-./:=? ]{0,69}[A-Za-z0-9'()+_,\-./:=?]")
_MOST_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """An attachment: its bytes, the type they were sent as, and their SHA-2 in lower case hex."""

    sha2: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mixed:
    """A whole request: the JSON of the statements, and the attachments by hash."""

    statements: bytes
    parts: dict[str, Part]


def parse_mixed(body: bytes, boundary: str | None) -> Mixed:
    """Return the parts of a request; raises `BadInput` with the place of the fault."""
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise BadInput(
            "multipart/mixed needs a boundary",
            where="Content-Type",
            hint="send Content-Type: multipart/mixed; boundary=…",
        )
    first, *others = _cut(body, boundary.encode())
    found: dict[str, Part] = {}
    for index, raw in enumerate(others, 1):
        part = _attachment(raw, f"part {index}")
        found[part.sha2] = part
    return Mixed(_json(first), found)


def boundary_in(body: bytes) -> str | None:
    """Return the boundary that a body begins with, for senders that lose it on the way.

    `@xapi/xapi` under Node posts multipart as ``application/octet-stream``.
    """
    line = body.lstrip(b"\r\n").split(b"\r\n", 1)[0].decode("latin-1")
    return line[2:] if line.startswith("--") and _BOUNDARY.fullmatch(line[2:]) else None


def write_mixed(boundary: str, body: bytes, parts: Iterable[Part]) -> bytes:
    """Return JSON and attachments as the body of an answer."""
    edge = b"--" + boundary.encode()
    pieces = [edge + b"\r\nContent-Type: application/json\r\n\r\n" + body]
    pieces += [edge + b"\r\n" + _head(part) + b"\r\n\r\n" + part.content for part in parts]
    return b"\r\n".join((*pieces, edge + b"--\r\n"))


def _head(part: Part) -> bytes:
    return (
        f"Content-Type: {part.content_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\n{HASH}: {part.sha2}"
    ).encode("latin-1")


def _cut(body: bytes, boundary: bytes) -> list[bytes]:
    """Return the parts between the boundaries; what stands before the first is no part."""
    edge = b"\r\n--" + boundary
    _, *rest = (b"\r\n" + body).split(edge, _MOST_PARTS + 1)
    if len(rest) > _MOST_PARTS:
        raise BadInput(f"more than {_MOST_PARTS} parts", where="body")
    for index, piece in enumerate(rest):
        if piece.startswith(b"--"):
            parts = rest[:index]
            break
    else:
        raise BadInput(
            "the closing boundary is missing" if rest else "the boundary is not in the body",
            where="body",
            hint="each part begins with --boundary, the body ends with --boundary--",
        )
    if not parts:
        raise BadInput("there is no part with statements", where="body")
    return [_after_line(part) for part in parts]


def _after_line(piece: bytes) -> bytes:
    """Take off the rest of the boundary's line, in which only white space may stand."""
    line, found, part = piece.partition(b"\r\n")
    if not found or line.strip(b" \t"):
        raise BadInput("a boundary stands on a line of its own", where="body")
    return part


# Communication 1.5.2: the first part is JSON, and holds all the statements.
def _json(raw: bytes) -> bytes:
    headers, content = _headers(raw, "part 0")
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        raise BadInput(
            "the first part must be the statements, as application/json",
            where="part 0, Content-Type",
        )
    return content


# Communication 1.5.2: every other part says that it is binary, and which attachment it is.
def _attachment(raw: bytes, where: str) -> Part:
    headers, content = _headers(raw, where)
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        raise BadInput(
            "an attachment is sent as it is",
            where=f"{where}, Content-Transfer-Encoding",
            hint="send Content-Transfer-Encoding: binary",
        )
    sha2 = headers.get(HASH.lower(), "").lower()
    algorithm = _HASHES.get(len(sha2))
    if algorithm is None:
        raise BadInput(
            f"an attachment says by {HASH} which one it is",
            where=f"{where}, {HASH}",
            hint="the hex digits of its SHA-256",
        )
    if hashlib.new(algorithm, content).hexdigest() != sha2:
        raise BadInput(
            "the attachment's bytes have another hash",
            where=f"{where}, {HASH}",
            hint="hash the bytes as they are sent; was something lost on the way?",
        )
    return Part(sha2, headers.get("content-type", "application/octet-stream"), content)


def _headers(raw: bytes, where: str) -> tuple[dict[str, str], bytes]:
    """Return the headers of a part by their names in lower case, and its content."""
    if raw.startswith(b"\r\n"):
        return {}, raw[2:]
    head, found, content = raw.partition(b"\r\n\r\n")
    if not found:
        raise BadInput("an empty line is missing after the headers", where=where)
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or "\0" in line or "\n" in line:
            raise BadInput("this part has a header that is none", where=where)
        headers[name.strip().lower()] = value.strip()
    return headers, content


# Communication 1.5.2: no part may come that no statement asks for.
def check_wanted(parts: Iterable[str], wanted: Iterable[str]) -> None:
    """Raise `BadInput` for a part whose hash no attachment of the statements has."""
    stray = sorted(set(parts) - {sha2.lower() for sha2 in wanted})
    if stray:
        raise BadInput(
            "a part came that no statement names among its attachments",
            where=f"{HASH}: {stray[0]}",
        )
