"""Statements at a glance: what is written as it always is need not be taken apart anew.

A statement is cut into its properties, and each is looked up among the phrases that hold
(`lrs.xapi.phrases`); times, ids, results and extensions, which differ each time, are looked at. All
that is out of the ordinary (a rule broken, a sub-statement, attachments, groups around) goes the long way
(`lrs.xapi.statement.check`), which is the only one that refuses. Both ways use the same rules.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from lrs.errors import BadStatement
from lrs.xapi.agents import check_authority
from lrs.xapi.contexts import Around, check_context
from lrs.xapi.core import Look, actor_of, object_of, verb_of
from lrs.xapi.faults import fault
from lrs.xapi.iris import extensions
from lrs.xapi.languages import a_language_tag
from lrs.xapi.naming import Names
from lrs.xapi.parsing import WHITE, marks_of, parse_statement, parse_statements, slices_of
from lrs.xapi.phrases import Book, NotPlain, Phrase, read_phrase
from lrs.xapi.results import NO_RESULT, Result, check_bounds, check_scaled
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import Role, Scope, SpecVersion, TermKind
from lrs.xapi.times import a_duration, a_timestamp
from lrs.xapi.uuids import a_uuid, uuid_of
from lrs.xapi.verbs import VOIDED
from lrs.xapi.versions import a_statement_version, stated_version

_REGISTRATION, _AS_REGISTRATION = int(TermKind.REGISTRATION), int(Role.REGISTRATION)
_DIRECT = int(Scope.DIRECT)
_MOST_OF_OBJECTS = 6_000_000
"""Bytes: objects are longer than other properties, for many bring their whole question along."""
_EXACT = 2**53
_AT = "$"
"""Where it stands does not matter: what is refused here is looked at again."""


class _Context(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    registration: str | UnsetType = UNSET
    instructor: Raw | UnsetType = UNSET
    team: Raw | UnsetType = UNSET
    contextActivities: Raw | UnsetType = UNSET  # noqa: N815 - the name of the specification
    revision: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    extensions: Raw | UnsetType = UNSET


class _Score(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    scaled: int | float | UnsetType = UNSET
    raw: int | float | UnsetType = UNSET
    min: int | float | UnsetType = UNSET
    max: int | float | UnsetType = UNSET


class _Result(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    score: _Score | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    response: str | UnsetType = UNSET
    duration: str | UnsetType = UNSET
    extensions: Raw | UnsetType = UNSET


class _Written(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    actor: Raw
    verb: Raw
    object: Raw
    id: str | UnsetType = UNSET
    result: _Result | UnsetType = UNSET
    context: _Context | UnsetType = UNSET
    timestamp: str | UnsetType = UNSET
    stored: str | UnsetType = UNSET
    authority: Raw | UnsetType = UNSET
    version: str | UnsetType = UNSET


_cut = msgspec.json.Decoder(_Written).decode


def check_batch(
    body: bytes, version: SpecVersion, *, parts: Collection[str] = ()
) -> list[Statement]:
    """Read a body and hold every statement of it to every rule.

    Communication 2.1.2: no two of one batch have the same id.
    """
    found = _at_a_glance(body.strip(WHITE), version, parts)
    if found is None:
        found = [check(parsed, version, parts=parts) for parsed in parse_statements(body)]
    if len({statement.id for statement in found}) < len(found):
        raise _same_id(found)
    return found


def _same_id(found: list[Statement]) -> BadStatement:
    first: dict[uuid.UUID, int] = {}
    second = next(n for n, one in enumerate(found) if first.setdefault(one.id, n) != n)
    return fault((("$", second), "id"), "two statements of one batch have the same id")


def glanced(raw: bytes, version: SpecVersion | None = None) -> Statement | None:
    """Return a statement held to a version, or to the one it states; None: it has to be looked at."""
    seen = _glance(raw, version)
    return seen[0] if seen is not None and seen[1] == marks_of(raw) else None


def _at_a_glance(
    body: bytes, version: SpecVersion, parts: Collection[str]
) -> list[Statement] | None:
    """Return the statements of a body; None when one of them may have to be refused."""
    raws = slices_of(body) if body[:1] == b"[" else [body]
    if raws is None:
        return None
    try:
        seen = [_glance(raw, version) or _looked_at(raw, version, parts) for raw in raws]
    except BadStatement:
        return None
    # A key that stands in one object twice is in the body, and in nothing that was read of it.
    whole = sum([marks for _, marks in seen]) == marks_of(body)
    return [statement for statement, _ in seen] if whole else None


_Seen = tuple[Statement, int]
"""A statement, and the marks of keys in what was read of it."""


def _looked_at(raw: bytes, version: SpecVersion, parts: Collection[str]) -> _Seen:
    parsed = parse_statement(raw)
    return check(parsed, version, parts=parts), marks_of(raw)


def _glance(raw: bytes, version: SpecVersion | None) -> _Seen | None:
    """Return a statement all of whose parts hold, or None."""
    try:
        return _put_together(raw, _cut(raw), version)
    except (NotPlain, BadStatement, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _put_together(raw: bytes, said: _Written, version: SpecVersion | None) -> _Seen:
    if version is None:
        version = stated_version({"version": said.version})
    actor = _actors.look_up(bytes(said.actor))
    verb = _verbs.look_up(bytes(said.verb))
    about = _objects.look_up(bytes(said.object))
    phrases: list[Phrase[Any]] = [actor, verb, about]
    id_, timestamp_at, authority, keys = _head(said, version, phrases)
    result = NO_RESULT
    if said.result is not UNSET:
        result, read = _told(said.result, phrases)
        keys += 1 + read
    if said.context is not UNSET:
        keys += 1 + _around(said.context, phrases)
    statement = Statement(
        raw=raw,
        version=version,
        id=uuid.uuid4() if id_ is None else id_,
        id_given=id_ is not None,
        timestamp_at=timestamp_at,
        actor=actor.found,
        verb=verb.found,
        activity=about.found,
        result=result,
        authority=authority,
        phrases=tuple(phrases),
    )
    return statement, keys + sum([phrase.marks for phrase in phrases])


_Head = tuple[uuid.UUID | None, int | None, bytes | None, int]
"""Id, instant and authority, which only a whole statement has, and how many properties were read."""


# Data 2.4: `stored` and `authority` are checked and then replaced by the store's own.
def _head(said: _Written, version: SpecVersion, phrases: list[Phrase[Any]]) -> _Head:
    id_ = timestamp_at = authority = None
    keys = 3
    if said.id is not UNSET:
        id_, keys = uuid_of(said.id), keys + 1
        if id_ is None:
            raise NotPlain
    if said.timestamp is not UNSET:
        timestamp_at, keys = a_timestamp(said.timestamp, _AT, version), keys + 1
    if said.stored is not UNSET:
        a_timestamp(said.stored, _AT, version)
        keys += 1
    if said.version is not UNSET:
        a_statement_version(said.version, _AT, version)
        keys += 1
    if said.authority is not UNSET:
        authority, keys = bytes(said.authority), keys + 1
        phrases.append(_authorities.look_up(authority))
    return id_, timestamp_at, authority, keys


def _told(said: _Result, phrases: list[Phrase[Any]]) -> tuple[Result, int]:
    """Return what the facts take from a result, and how many properties were read."""
    scaled = duration_s = None
    keys = 0
    if said.score is not UNSET:
        scaled, keys = _scored(said.score)
        keys += 1
    if said.duration is not UNSET:
        duration_s, keys = a_duration(said.duration, _AT), keys + 1
    if said.response is not UNSET:
        _without_mark(said.response)
        keys += 1
    if said.extensions is not UNSET:
        phrases.append(read_phrase(bytes(said.extensions), _extensions))
        keys += 1
    success = completion = None
    if said.success is not UNSET:
        success, keys = said.success, keys + 1
    if said.completion is not UNSET:
        completion, keys = said.completion, keys + 1
    return Result(completion, success, scaled, duration_s), keys


def _scored(said: _Score) -> tuple[float | None, int]:
    """Return the scaled score, and how many properties were read."""
    given = (said.scaled, said.raw, said.min, said.max)
    scaled, raw, low, high = (None if value is UNSET else value for value in given)
    if scaled is not None:
        check_scaled(scaled, _AT)
        scaled = float(scaled)
    for bound in (raw, low, high):
        if bound is not None and not -_EXACT < bound < _EXACT:
            raise NotPlain  # not every parser takes it for the same number
    check_bounds(raw, low, high, _AT)
    return scaled, 4 - given.count(UNSET)


def _without_mark(text: str) -> None:
    """Refuse to be sure of a text that looks like the mark of a key."""
    if text.lstrip()[:1] == ":":
        raise NotPlain


def _around(said: _Context, phrases: list[Phrase[Any]]) -> int:
    """Add the phrases of a context; return how many properties were read."""
    keys = 0
    if said.registration is not UNSET:
        registration = (_REGISTRATION, a_uuid(said.registration, _AT))
        phrases.append(Phrase(None, ((registration, _DIRECT, _AS_REGISTRATION),)))
        keys += 1
    for written, book in (
        (said.contextActivities, _activities),
        (said.instructor, _instructors),
        (said.team, _teams),
    ):
        if written is not UNSET:
            phrases.append(book.look_up(bytes(written)))
            keys += 1
    for text in (said.platform, said.revision, said.language):
        if text is not UNSET:
            _without_mark(text)
            keys += 1
    if said.language is not UNSET:
        a_language_tag(said.language, _AT)
    if said.extensions is not UNSET:
        phrases.append(read_phrase(bytes(said.extensions), _extensions))
        keys += 1
    return keys


def _actor(value: Any, names: Names) -> str | None:
    return actor_of(value, _AT, _look(names)).normal


def _verb(value: Any, names: Names) -> str:
    found = verb_of(value, _AT, _look(names))
    if found == VOIDED:
        raise NotPlain
    return found


def _object(value: Any, names: Names) -> str:
    found = object_of(value, _AT, _look(names))
    if found.activity is None:
        raise NotPlain
    return found.activity


def _look(names: Names) -> Look:
    return Look(names, SpecVersion.V1_0, None)


def _of_context(key: str) -> Callable[[Any, Names], None]:
    """Return the rule of a property of the context, which is the same in all versions."""

    def hold(value: Any, names: Names) -> None:
        check_context({key: value}, _AT, SpecVersion.V1_0, Around(names, "Activity", False))

    return hold


def _authority(value: Any, _names: Names) -> None:
    check_authority(value, _AT)


def _extensions(value: Any, _names: Names) -> None:
    extensions(value, _AT)


_actors, _verbs, _objects = Book(_actor), Book(_verb), Book(_object, _MOST_OF_OBJECTS)
_authorities = Book(_authority)
_activities, _instructors, _teams = (
    Book(_of_context(key)) for key in ("contextActivities", "instructor", "team")
)


def forget_phrases() -> None:
    """Forget all that was said lately, agents above all."""
    for book in (_actors, _verbs, _objects, _authorities, _activities, _instructors, _teams):
        book.forget()
