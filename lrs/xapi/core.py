"""What a statement and a sub-statement have in common: who did what, with what result, where.

A sub-statement is held to the same rules (Data 2.4.4.3), so this is one function for both; what
it names counts for the ``related_`` queries only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from lrs.xapi.activities import look_at_activity
from lrs.xapi.agents import Actor, check_actor
from lrs.xapi.attachments import check_attachments, check_sent
from lrs.xapi.contexts import Around, check_context, check_statement_ref
from lrs.xapi.faults import At, a_string, an_object, fault, missing, unknown
from lrs.xapi.naming import Names
from lrs.xapi.results import NO_RESULT, Result, check_result
from lrs.xapi.terms import Role, SpecVersion, TermKind
from lrs.xapi.times import a_timestamp
from lrs.xapi.verbs import VOIDED, check_verb

SHARED = frozenset({"actor", "verb", "object", "result", "context", "timestamp", "attachments"})
_SUB_STATEMENT = SHARED | {"objectType"}
_SET_BY_THE_STORE = frozenset({"id", "stored", "version", "authority"})


class Object(NamedTuple):
    """What a statement is about."""

    type: str
    activity: str | None = None
    target: UUID | None = None


class Core(NamedTuple):
    """What the store and the facts take from a statement."""

    actor: Actor
    verb: str
    object: Object
    result: Result
    timestamp_at: int | None


class Look(NamedTuple):
    """How a statement is looked at."""

    names: Names
    version: SpecVersion
    parts: Collection[str] | None
    in_sub_statement: bool = False

    def note(self, actor: Actor, role: int) -> None:
        """Note an agent or group."""
        if self.in_sub_statement:
            self.names.actor(actor, _IN_SUB_STATEMENT, related=True)
        else:
            self.names.actor(actor, role)


_ACTOR = int(Role.ACTOR)
_OBJECT = int(Role.OBJECT)
_VERB = int(Role.VERB)
_VERB_KIND = int(TermKind.VERB)
_IN_SUB_STATEMENT = int(Role.SUB_STATEMENT)


def check_core(body: Mapping[str, Any], at: At, look: Look) -> Core:
    """Hold actor, verb, object and the rest to their rules."""
    for key in ("actor", "verb", "object"):
        if key not in body:
            raise missing(at, key)
    actor = actor_of(body["actor"], (at, "actor"), look)
    verb = verb_of(body["verb"], (at, "verb"), look)
    found = object_of(body["object"], (at, "object"), look)
    _voiding(verb, found, (at, "object"))
    result = check_result(body["result"], (at, "result")) if "result" in body else NO_RESULT
    if "context" in body:
        around = Around(look.names, found.type, look.in_sub_statement)
        check_context(body["context"], (at, "context"), look.version, around)
    timestamp_at = None
    if "timestamp" in body:
        timestamp_at = a_timestamp(body["timestamp"], (at, "timestamp"), look.version)
    if "attachments" in body:
        _attachments(body["attachments"], (at, "attachments"), look.parts)
    return Core(actor, verb, found, result, timestamp_at)


def actor_of(value: Any, at: At, look: Look) -> Actor:
    """Hold who did it to the rules, and note them (Data 2.4.2)."""
    found = check_actor(value, at)
    look.note(found, _ACTOR)
    return found


def verb_of(value: Any, at: At, look: Look) -> str:
    """Hold what was done to the rules, and note it (Data 2.4.3)."""
    found = check_verb(value, at)
    if not look.in_sub_statement:
        look.names.term(_VERB_KIND, found, _VERB)
    return found


# Data 2.3.2: what voids refers to a statement.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#232-voiding
def _voiding(verb: str, found: Object, at: At) -> None:
    if verb == VOIDED and found.type != "StatementRef":
        raise fault(at, "a statement that voids has a StatementRef as its object")


def _attachments(value: Any, at: At, parts: Collection[str] | None) -> None:
    found = check_attachments(value, at)
    if parts is not None:
        check_sent(found, at, parts)


# Data 2.4.4: an object without objectType is an activity.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#244-object
def object_of(value: Any, at: At, look: Look) -> Object:
    """Hold what it was done to to the rules, and note it."""
    kind = an_object(value, at).get("objectType", "Activity")
    check = _OBJECTS.get(kind) if isinstance(kind, str) else None
    if check is None:
        a_string(kind, (at, "objectType"))
        raise fault((at, "objectType"), f"this must be one of {', '.join(_OBJECTS)}")
    return check(value, at, look)


def _activity(value: Any, at: At, look: Look) -> Object:
    look_at_activity(value, at)
    if look.in_sub_statement:
        look.names.activity(value, _IN_SUB_STATEMENT, related=True)
    else:
        look.names.activity(value, _OBJECT)
    return Object("Activity", value["id"])


# Data 2.4.4.2.
def _agent_or_group(value: Any, at: At, look: Look) -> Object:
    look.note(check_actor(value, at), _OBJECT)
    return Object(value["objectType"])


# Data 2.4.4.3, statement references: the statement need not be here.
def _statement_ref(value: Any, at: At, _look: Look) -> Object:
    return Object("StatementRef", target=UUID(check_statement_ref(value, at)))


# Data 2.4.4.3, sub-statements: without what the store sets, and not one inside the other.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#substatements
def _sub_statement(value: Any, at: At, look: Look) -> Object:
    if look.in_sub_statement:
        raise fault((at, "objectType"), "a sub-statement cannot hold a sub-statement")
    for key in value:
        if key in _SET_BY_THE_STORE:
            raise fault((at, key), f"a sub-statement cannot have the property {key}")
        if key not in _SUB_STATEMENT:
            raise unknown(at, key, _SUB_STATEMENT)
    check_core(value, at, look._replace(in_sub_statement=True))
    return Object("SubStatement")


_OBJECTS: dict[str, Callable[[Any, At, Look], Object]] = {
    "Activity": _activity,
    "Agent": _agent_or_group,
    "Group": _agent_or_group,
    "StatementRef": _statement_ref,
    "SubStatement": _sub_statement,
}
