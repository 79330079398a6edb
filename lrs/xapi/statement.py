"""A statement held to every rule of its version, and what the store needs to know of it.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#24-statement-properties
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import orjson

from lrs.xapi.agents import check_authority
from lrs.xapi.core import SHARED, Look, check_core
from lrs.xapi.faults import At, unknown
from lrs.xapi.naming import Names, Ref, refs_of
from lrs.xapi.parsing import ParsedStatement
from lrs.xapi.phrases import Phrase
from lrs.xapi.results import Result
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import a_timestamp
from lrs.xapi.uuids import a_uuid
from lrs.xapi.verbs import VOIDED
from lrs.xapi.versions import a_statement_version

__all__ = ["Ref", "Statement", "check"]


class Statement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One checked statement, ready to be stored."""

    raw: bytes
    """Exactly as it was received."""
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
    result: Result
    authority: bytes | None
    """What it says itself of who vouches for it, as JSON."""
    phrases: tuple[Phrase[Any], ...]
    """What it names, and what it says of activities, part by part."""
    voids: uuid.UUID | None = None
    """The statement that this one voids."""
    targets: uuid.UUID | None = None
    """The statement that this one is about: its object is a reference to it."""

    @property
    def body(self) -> dict[str, Any]:
        """The statement, read anew each time."""
        found: dict[str, Any] = orjson.loads(self.raw)
        return found

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Every term it names, but its authority, which the store gives it."""
        return refs_of(named for phrase in self.phrases for named in phrase.named)


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
        version=version,
        id=uuid.uuid4() if given is None else given,
        id_given=given is not None,
        timestamp_at=core.timestamp_at,
        actor=core.actor.normal,
        verb=core.verb,
        activity=core.object.activity,
        result=core.result,
        authority=orjson.dumps(body["authority"]) if "authority" in body else None,
        phrases=(Phrase.of(None, names),),
        voids=core.object.target if core.verb == VOIDED else None,
        targets=core.object.target,
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
