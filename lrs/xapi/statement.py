"""A statement held to every rule of its version, and what the store needs to know of it.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#24-statement-properties
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from lrs.xapi.agents import check_authority
from lrs.xapi.core import SHARED, Look, check_core
from lrs.xapi.faults import At, fault, unknown
from lrs.xapi.naming import Names, Ref
from lrs.xapi.parsing import ParsedStatement, parse_statements
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import a_timestamp
from lrs.xapi.uuids import a_uuid
from lrs.xapi.verbs import VOIDED
from lrs.xapi.versions import a_statement_version

__all__ = ["Ref", "Statement", "check", "check_batch"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One checked statement, ready to be stored."""

    raw: bytes
    """Exactly as it was received."""
    body: dict[str, Any]
    version: SpecVersion
    id: uuid.UUID
    id_given: bool
    """False: the id was made here, and stands in no byte of ``raw``."""
    timestamp_at: int | None
    """Microseconds; None: the store takes the instant of storing."""
    actor: str | None
    """Normal form of the actor; None: an anonymous group."""
    verb: str
    activity: str | None
    """The object's IRI, when it is an activity."""
    completion: bool | None
    success: bool | None
    score_scaled: float | None
    duration_s: float | None
    voids: uuid.UUID | None
    """The statement that this one voids."""
    targets: uuid.UUID | None
    """The statement that this one is about: its object is a reference to it."""
    refs: tuple[Ref, ...]
    """Every term it names, but its authority, which the store gives it."""
    definitions: tuple[tuple[str, dict[str, Any]], ...]
    """What it says of activities, by IRI."""


def check(
    parsed: ParsedStatement,
    version: SpecVersion,
    *,
    path: str | None = None,
    parts: Collection[str] | None = None,
) -> Statement:
    """Hold a statement to every rule.

    ``parts`` are the hashes of the attachments that came along; None: do not ask for them, as in
    an import, where they stayed behind.
    """
    at = parsed.path if path is None else path
    body = parsed.body
    names = Names()
    given = _check_head(body, at, version)
    core = check_core(body, at, Look(names, version, parts))
    return Statement(
        raw=parsed.raw,
        body=body,
        version=version,
        id=uuid.uuid4() if given is None else given,
        id_given=given is not None,
        timestamp_at=core.timestamp_at,
        actor=core.actor.normal,
        verb=core.verb,
        activity=core.object.activity,
        completion=core.result.completion,
        success=core.result.success,
        score_scaled=core.result.score_scaled,
        duration_s=core.result.duration_s,
        voids=core.object.target if core.verb == VOIDED else None,
        targets=core.object.target,
        refs=names.refs(),
        definitions=tuple(names.definitions),
    )


_STATEMENT = SHARED | {"id", "stored", "authority", "version"}


# Data 2.4: what only a whole statement has. `stored` and `authority` are checked and then replaced
# by the store's own (Data 2.4.8, 2.4.9).
def _check_head(body: Mapping[str, Any], at: At, version: SpecVersion) -> uuid.UUID | None:
    if not body.keys() <= _STATEMENT:
        raise unknown(at, next(key for key in body if key not in _STATEMENT), _STATEMENT)
    if "stored" in body:
        a_timestamp(body["stored"], (at, "stored"), version)
    if "authority" in body:
        check_authority(body["authority"], (at, "authority"))
    if "version" in body:
        a_statement_version(body["version"], (at, "version"), version)
    return uuid.UUID(a_uuid(body["id"], (at, "id"))) if "id" in body else None


def check_batch(
    body: bytes, version: SpecVersion, *, parts: Collection[str] = ()
) -> list[Statement]:
    """Read a body and hold every statement of it to every rule.

    Communication 2.1.2: no two of one batch have the same id.
    """
    found = [check(parsed, version, parts=parts) for parsed in parse_statements(body)]
    seen: set[uuid.UUID] = set()
    for index, statement in enumerate(found):
        if statement.id in seen:
            raise fault((("$", index), "id"), "two statements of one batch have the same id")
        seen.add(statement.id)
    return found
