"""A batch looked at one by one: which of its statements hold, and what is wrong with the others.

A request is refused at the first fault (`lrs.xapi.statement.check_batch`). Here every statement gets
its own answer: to keep what was refused piece by piece, to store the good ones of a batch under a
key in partial mode, and to repair the known faults of senders under a key in lenient mode.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from lrs.errors import BadStatement, VerkanError
from lrs.xapi.faults import fault
from lrs.xapi.multipart import Part
from lrs.xapi.parsing import Element, ParsedStatement, parse_each
from lrs.xapi.repairs import NO_REPAIRS, Repair, repaired
from lrs.xapi.signatures import check_signatures
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import SpecVersion
from lrs.xapi.versions import stated_version


@dataclass(frozen=True, slots=True)
class Looked:
    """One statement of a batch: the bytes it came in, its place, and what was found."""

    raw: bytes
    path: str
    found: Statement | VerkanError
    repairs: tuple[Repair, ...] = NO_REPAIRS


@dataclass(frozen=True, slots=True)
class Leniency:
    """How known faults are repaired: an account without home page gets this one."""

    home_page: str


def look_at_each(
    body: bytes,
    version: SpecVersion | None,
    *,
    parts: Collection[str] | None = None,
    leniency: Leniency | None = None,
) -> list[Looked]:
    """Return every statement of a body with what was found.

    Without a version each is held to the one it states. ``parts`` are the hashes of the attachments
    that came along; None: do not ask for them. A second statement of the same id is refused.
    Raises `BadStatement` for a body that cannot be told apart into statements.
    """
    seen: set[uuid.UUID] = set()
    return [
        _once(look_at(element, version, parts=parts, leniency=leniency), seen)
        for element in parse_each(body)
    ]


def held_to_signatures(looked: Sequence[Looked], parts: Mapping[str, Part]) -> list[Looked]:
    """Hold every signature that came along to the statement it signs."""
    return [_held_to_signatures(one, parts) for one in looked]


def _held_to_signatures(one: Looked, parts: Mapping[str, Part]) -> Looked:
    if not isinstance(one.found, Statement):
        return one
    try:
        check_signatures([one.found], parts)
    except BadStatement as exc:
        where = (exc.where or "$").replace("$[0]", one.path, 1)
        return replace(one, found=BadStatement(exc.message, where=where, hint=exc.hint))
    return one


def look_at(
    element: Element,
    version: SpecVersion | None,
    *,
    parts: Collection[str] | None = None,
    leniency: Leniency | None = None,
) -> Looked:
    """Return one statement with what was found; repaired only when it does not hold as it came."""
    read = element.read
    if isinstance(read, BadStatement):
        return Looked(element.raw, element.path, read)
    held_to = stated_version(read.body) if version is None else version
    try:
        return Looked(element.raw, element.path, check(read, held_to, parts=parts))
    except BadStatement as exc:
        if leniency is None:
            return Looked(element.raw, element.path, exc)
        return _mended(read, held_to, parts, leniency) or Looked(element.raw, element.path, exc)


def _mended(
    parsed: ParsedStatement,
    version: SpecVersion,
    parts: Collection[str] | None,
    leniency: Leniency,
) -> Looked | None:
    """Return the statement with its known faults repaired, if it holds then."""
    mended, repairs = repaired(parsed, version, leniency.home_page)
    if not repairs:
        return None
    try:
        return Looked(parsed.raw, parsed.path, check(mended, version, parts=parts), repairs)
    except BadStatement:
        return None


# Communication 2.1.2: no two of one batch have the same id.
def _once(looked: Looked, seen: set[uuid.UUID]) -> Looked:
    if not isinstance(looked.found, Statement):
        return looked
    if looked.found.id in seen:
        twice = fault((looked.path, "id"), "two statements of one batch have the same id")
        return Looked(looked.raw, looked.path, twice)
    seen.add(looked.found.id)
    return looked
