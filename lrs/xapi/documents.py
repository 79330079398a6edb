"""Documents: state, agent profiles and activity profiles, as rules without I/O.

Ruled by 1.0.3, Communication 2.2, 2.3, 2.6, 2.7 and 3.1, and IEEE 9274.1.1, 4.1.4 and 4.1.6.
https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#22-document-resources
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

import msgspec
import orjson

from lrs.errors import BadInput, Conflict, PreconditionFailed
from lrs.xapi.agents import check_agent
from lrs.xapi.iris import is_iri
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant_of
from lrs.xapi.uuids import uuid_of

JSON = "application/json"


class DocumentKind(IntEnum):
    """Which of the three resources a document lives in."""

    STATE = 1
    AGENT_PROFILE = 2
    ACTIVITY_PROFILE = 3


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """Which document, or which list of them, a request means."""

    kind: DocumentKind
    activity: str | None
    agent: str | None
    """Normal form of the agent."""
    registration: UUID | None
    name: str | None
    """stateId or profileId; None means the list."""
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is kept."""

    content: bytes
    content_type: str
    etag: str
    """Forty hex digits, without quotes."""
    updated_at: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the caller says must hold: the headers ``If-Match`` and ``If-None-Match``."""

    if_match: str | None = None
    if_none_match: str | None = None

    def __bool__(self) -> bool:
        return self.if_match is not None or self.if_none_match is not None


# What each resource is addressed by. Communication 2.3, 2.6, 2.7: the tables of parameters.
_NAME = {
    DocumentKind.STATE: "stateId",
    DocumentKind.AGENT_PROFILE: "profileId",
    DocumentKind.ACTIVITY_PROFILE: "profileId",
}
_REQUIRED = {
    DocumentKind.STATE: ("activityId", "agent"),
    DocumentKind.AGENT_PROFILE: ("agent",),
    DocumentKind.ACTIVITY_PROFILE: ("activityId",),
}


def parse_document_query(
    kind: DocumentKind, method: str, args: Mapping[str, str], version: SpecVersion
) -> DocumentQuery:
    """Return what a request means; raises `BadInput` that names the parameter at fault."""
    known = {*_REQUIRED[kind], _NAME[kind]}
    if kind is DocumentKind.STATE:
        known.add("registration")
    listing = method in ("GET", "HEAD") and _NAME[kind] not in args
    if listing:
        known.add("since")
    _only(args, known)
    required = _REQUIRED[kind] if _many(kind, method) else (*_REQUIRED[kind], _NAME[kind])
    for name in required:
        if not args.get(name):
            raise BadInput(f"the parameter {name} is missing", where=name)
    return DocumentQuery(
        kind,
        activity=_activity(args.get("activityId")),
        agent=_agent(args.get("agent")),
        registration=_registration(args.get("registration")),
        name=args.get(_NAME[kind]),
        since=_since(args.get("since"), version),
    )


# Communication 2.2: GET without an id lists; state alone is also deleted without one (2.3).
def _many(kind: DocumentKind, method: str) -> bool:
    return method in ("GET", "HEAD") or (kind is DocumentKind.STATE and method == "DELETE")


# Communication 3.2: a parameter that the resource does not know is refused.
def _only(args: Mapping[str, str], known: set[str]) -> None:
    for name in args:
        if name not in known:
            raise BadInput(
                f"this resource knows no parameter {name!r} here",
                where=name,
                hint=f"it knows: {', '.join(sorted(known))}",
            )


def _activity(value: str | None) -> str | None:
    if value is not None and not is_iri(value):
        raise BadInput("activityId must be an IRI", where="activityId")
    return value


def _agent(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parsed: Any = orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise BadInput("agent must be an agent, as JSON", where="agent") from exc
    return check_agent(parsed, "agent")


def _registration(value: str | None) -> UUID | None:
    found = uuid_of(value) if value is not None else None
    if value is not None and found is None:
        raise BadInput("registration must be a UUID", where="registration")
    return found


def _since(value: str | None, version: SpecVersion) -> int | None:
    found = instant_of(value, version) if value is not None else None
    if value is not None and found is None:
        raise BadInput("since must be a timestamp", where="since", hint="2026-01-31T09:30:00Z")
    return found


# Communication 3.1: the ETag is the SHA-1 of the content, in hex; 2.0 leaves the algorithm open.
def etag_of(content: bytes) -> str:
    """Return the entity tag of a content, without its quotes."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


def _tags(header: str) -> set[str]:
    """Return the tags of a header; senders write them with quotes and without."""
    return {quoted or bare for quoted, bare in _TAG.findall(header)}


def _matches(header: str, etag: str | None) -> bool:
    """Return whether the document there is (or its absence, None) is one the header names."""
    return etag is not None and (header.strip() == "*" or etag in _tags(header))


# Communication 3.1, and RFC 2616, 14.24 and 14.26.
def hold_conditions(conditions: Conditions, etag: str | None) -> None:
    """Raise `PreconditionFailed` when the document at hand is not what the caller takes it for."""
    if conditions.if_match is not None and not _matches(conditions.if_match, etag):
        raise PreconditionFailed(
            "the document has changed, or is gone, since you read it",
            where="If-Match",
            hint="read it again and send its new ETag",
        )
    if conditions.if_none_match is not None and _matches(conditions.if_none_match, etag):
        raise PreconditionFailed(
            "there is a document here already", where="If-None-Match", hint="read it first"
        )


# Communication 3.1: a PUT that could overwrite must say what it takes to be there. Version 1.0
# asks that of profiles, even new ones; version 2.0 of state as well, but of nothing that is new.
def hold_put(
    kind: DocumentKind, version: SpecVersion, conditions: Conditions, etag: str | None
) -> None:
    """Raise when a PUT may not go on."""
    hold_conditions(conditions, etag)
    if conditions:
        return
    careful = version is SpecVersion.V2_0 or kind is not DocumentKind.STATE
    if etag is not None and careful:
        raise Conflict(
            "there is a document here already, and the request does not say that it knows it",
            where="If-Match",
            hint="read the document and send its ETag as If-Match",
        )
    if version is SpecVersion.V1_0 and kind is not DocumentKind.STATE:
        raise BadInput(
            "PUT of a profile needs If-Match or If-None-Match",
            where="If-None-Match",
            hint="send If-None-Match: * for a new one",
        )


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


# Communication 2.2, "JSON Procedure with Requirements": what is posted as JSON is an object.
def check_posted(content: bytes, content_type: str) -> None:
    """Raise `BadInput` when a document that says it is JSON is not a JSON object."""
    if is_json(content_type):
        _object(content, "body", "the document sent")


def merged(existing: Document, content: bytes, content_type: str) -> bytes:
    """Return the existing document with the members of the new one put over its own, one level."""
    if not is_json(existing.content_type) or not is_json(content_type):
        raise BadInput(
            "only JSON documents can be merged, and one of the two is not",
            where="Content-Type",
            hint="PUT replaces a document whatever its kind",
        )
    both = {
        **_object(existing.content, "document", "the document there is"),
        **_object(content, "body", "the document sent"),
    }
    return msgspec.json.encode(both)


def is_json(content_type: str) -> bool:
    """Return whether a content type is JSON's, whatever its parameters."""
    return content_type.split(";", 1)[0].strip().lower() == JSON


def _object(content: bytes, where: str, what: str) -> dict[str, msgspec.Raw]:
    try:
        orjson.loads(content)  # msgspec leaves slices it does not look into unchecked
        return _members.decode(content)
    except (orjson.JSONDecodeError, msgspec.MsgspecError) as exc:
        raise BadInput(f"{what} is not a JSON object", where=where) from exc
