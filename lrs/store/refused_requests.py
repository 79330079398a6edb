"""What is kept of a request that was refused: its faulty statements one by one, and the others.

A sender that is told 400 may send the good part again, or all of it mended, or nothing ever again.
So each faulty statement is kept with its own fault, and what came with it is kept beside it as one
array under the code `companion`: a replay brings in both. Nothing is doubled by that: a statement
with an id is stored once, one without is looked for among what the same key sent since
(`lrs.store.replaying`).

What cannot be told apart into statements, and what came with attachments, is kept whole. A body
over the limit is kept in pieces where it is an array; else only a note of it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from lrs.errors import BadInput, BadStatement, VerkanError
from lrs.store.refusals import COMPANION, Refusal
from lrs.xapi.batches import Looked, look_at_each
from lrs.xapi.digests import digest16
from lrs.xapi.multipart import Part, boundary_in, parse_mixed, write_mixed
from lrs.xapi.statement import Statement
from lrs.xapi.terms import SpecVersion

MOST_FAULTY = 100
"""Faulty statements of one request that are kept one by one; of more, the request is kept whole."""

POSTED = "http"
_PUT = "http PUT "
_INDEX = re.compile(r"\$\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that was refused: its unpacked body, and how it was to be read."""

    body: bytes
    version: SpecVersion | None
    fault: VerkanError
    origin: str = POSTED


def put_under(statement_id: str) -> str:
    """Return the origin of a PUT, whose body need not hold the id that the address names."""
    return f"{_PUT}{statement_id}"


def id_put_under(origin: str) -> str | None:
    """Return the id that the address of a PUT named."""
    return origin.removeprefix(_PUT) if origin.startswith(_PUT) else None


def as_refusals(request: RefusedRequest, most_bytes: int) -> list[Refusal]:
    """Return what is kept of a refused request; ``most_bytes`` bounds the body of each."""
    if boundary_in(request.body) is not None:
        return _of_mixed(request, most_bytes)
    try:
        looked = look_at_each(request.body, request.version)
    except BadStatement:
        return [_one(request, request.body, request.fault, most_bytes)]
    index = _place(request.fault)
    if index is not None and index < len(looked) and isinstance(looked[index].found, Statement):
        # By itself it holds: its id is taken, or its signature is of another.
        looked[index] = replace(looked[index], found=request.fault)
    if len(looked) == 1:
        (single,) = looked
        return [_one(request, single.raw, request.fault, most_bytes, _is_timeless(single))]
    return _of_batch(request, looked, most_bytes)


def one_of(
    looked: Looked, version: SpecVersion | None, parts: Mapping[str, Part], most_bytes: int
) -> Refusal:
    """Return the refusal of one statement of a batch whose others were stored.

    What came along for it is kept with it, as it would be sent.
    """
    assert not isinstance(looked.found, Statement)  # noqa: S101 - the caller's promise
    wanted = [part for sha2, part in parts.items() if sha2.encode() in looked.raw.lower()]
    raw = looked.raw
    if wanted:
        raw = write_mixed(f"refused-{digest16(raw).hex()}", raw, wanted)
    request = RefusedRequest(raw, version, looked.found)
    return _one(request, raw, looked.found, most_bytes, _is_timeless(looked))


def _of_mixed(request: RefusedRequest, most_bytes: int) -> list[Refusal]:
    if len(request.body) <= most_bytes:
        return [_one(request, request.body, request.fault, most_bytes)]
    try:
        mixed = parse_mixed(request.body, boundary_in(request.body))
    except BadInput:
        return [_one(request, request.body, request.fault, most_bytes)]
    without_attachments = replace(request, body=mixed.statements)
    return as_refusals(without_attachments, most_bytes)


def _of_batch(request: RefusedRequest, looked: list[Looked], most_bytes: int) -> list[Refusal]:
    faulty = [one for one in looked if not isinstance(one.found, Statement)]
    if not 0 < len(faulty) <= MOST_FAULTY:
        return list(_pieces(request, looked, request.fault.code, request.fault.message, most_bytes))
    good = [one for one in looked if isinstance(one.found, Statement)]
    why = f"it came in one batch with a statement that was refused, at {faulty[0].path}"
    refusals = [one_of(one, request.version, {}, most_bytes) for one in faulty]
    return [*refusals, *_pieces(request, good, COMPANION, why, most_bytes)]


def _pieces(
    request: RefusedRequest, looked: Sequence[Looked], code: str, message: str, most_bytes: int
) -> Iterator[Refusal]:
    """Yield statements as arrays of no more than that many bytes."""
    for piece in _cut(looked, most_bytes):
        yield Refusal(
            request.origin,
            code,
            request.fault.where,
            message,
            b"[%s]" % b",".join(one.raw for one in piece),
            request.version,
            each_counts=any(_is_timeless(one) for one in piece),
        )
    for one in looked:
        if len(one.raw) + 2 > most_bytes:
            yield _one(request, one.raw, request.fault, most_bytes)


def _cut(looked: Sequence[Looked], most_bytes: int) -> Iterator[list[Looked]]:
    piece: list[Looked] = []
    size = 2
    for one in looked:
        length = len(one.raw) + 1
        if length + 1 > most_bytes:
            continue
        if piece and size + length > most_bytes:
            yield piece
            piece, size = [], 2
        piece.append(one)
        size += length
    if piece:
        yield piece


def _one(
    request: RefusedRequest,
    raw: bytes,
    fault: VerkanError,
    most_bytes: int,
    each_counts: bool = False,
) -> Refusal:
    if len(raw) <= most_bytes:
        return Refusal(
            request.origin,
            fault.code,
            fault.where,
            fault.message,
            raw,
            request.version,
            each_counts,
        )
    note = f"{fault.message} ({len(raw)} bytes: more than is kept)"
    return Refusal(request.origin, fault.code, fault.where, note, b"", request.version)


def _is_timeless(looked: Looked) -> bool:
    """Return whether the same bytes could tell of another event: no id, and no timestamp."""
    if isinstance(looked.found, Statement):
        return not looked.found.id_given and looked.found.timestamp_at is None
    body = orjson.loads(looked.raw)
    return isinstance(body, dict) and body.keys().isdisjoint(("id", "timestamp"))


def _place(fault: VerkanError) -> int | None:
    found = _INDEX.match(fault.where or "")
    return int(found[1]) if found else None
