"""The context of a statement: a table of properties for each version of the specification.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#246-context
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lrs.xapi.activities import check_activities
from lrs.xapi.agents import Actor, check_actor, check_agent, check_group
from lrs.xapi.faults import (
    At,
    Rule,
    a_string,
    an_array,
    an_object,
    fault,
    one_of,
    properties,
    unknown,
)
from lrs.xapi.iris import an_iri, extensions
from lrs.xapi.languages import a_language_tag
from lrs.xapi.naming import Names
from lrs.xapi.terms import Role, SpecVersion, TermKind
from lrs.xapi.uuids import a_uuid

_SUB_STATEMENT = int(Role.SUB_STATEMENT)
_REGISTRATION = int(TermKind.REGISTRATION)
_REGISTRATION_ROLE = int(Role.REGISTRATION)
_INSTRUCTOR = int(Role.INSTRUCTOR)
_TEAM = int(Role.TEAM)
_CONTEXT_AGENT_ROLE = int(Role.CONTEXT_AGENT)
_CONTEXT_GROUP_ROLE = int(Role.CONTEXT_GROUP)


class Around(NamedTuple):
    """What a rule of the context must know of the statement around it."""

    names: Names
    object_type: str
    in_sub_statement: bool

    def role(self, role: int) -> int:
        """Return the role of what is named here: in a sub-statement there is only one."""
        return _SUB_STATEMENT if self.in_sub_statement else role


_ContextRule = Callable[[Any, At, Around], None]


def _plain(rule: Rule) -> _ContextRule:
    """Make a rule of the context from one that needs to know nothing around."""

    def in_context(value: Any, at: At, _around: Around) -> None:
        rule(value, at)

    return in_context


# Data 2.4.6.1. The registration of a sub-statement is nothing a query asks for.
def _registration(value: Any, at: At, around: Around) -> None:
    registration = a_uuid(value, at)
    if not around.in_sub_statement:
        around.names.term(_REGISTRATION, registration, _REGISTRATION_ROLE)


# Data 2.4.6, row 2: an agent or a group.
def _instructor(value: Any, at: At, around: Around) -> None:
    around.names.actor(check_actor(value, at), around.role(_INSTRUCTOR), related=True)


# Data 2.4.6, row 3: a group, never an agent.
def _team(value: Any, at: At, around: Around) -> None:
    around.names.actor(check_group(value, at), around.role(_TEAM), related=True)


# Data 2.4.6.2.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2462-contextactivities-property
_CONTEXT_TYPES = {
    "parent": int(Role.PARENT),
    "grouping": int(Role.GROUPING),
    "category": int(Role.CATEGORY),
    "other": int(Role.OTHER),
}


def _context_activities(value: Any, at: At, around: Around) -> None:
    for key, item in an_object(value, at).items():
        if key not in _CONTEXT_TYPES:
            raise unknown(at, key, _CONTEXT_TYPES)
        role = around.role(_CONTEXT_TYPES[key])
        for activity in check_activities(item, (at, key)):
            around.names.activity(activity, role, related=True)


# Data 2.4.6, requirements 1 and 2: revision and platform only where the object is an activity.
def _of_an_activity(value: Any, at: At, around: Around) -> None:
    a_string(value, at)
    if around.object_type != "Activity":
        raise fault(at, "this may stand only where the object of the statement is an activity")


# Data 2.4.4.3, statement references.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#statement-references
_STATEMENT_REF: dict[str, Rule] = {"objectType": one_of(("StatementRef",)), "id": a_uuid}


def check_statement_ref(value: Any, at: At) -> str:
    """Hold a reference to a statement to its rules; return the id it refers to."""
    found: str = properties(value, at, _STATEMENT_REF, _STATEMENT_REF)["id"]
    return found.lower()


# IEEE 9274.1.1, 4.2.2.5: relevantTypes, if there, holds at least one activity type.
def _relevant_types(value: Any, at: At) -> None:
    types = an_array(value, at)
    if not types:
        raise fault(at, "relevantTypes must not be empty", "leave the property out")
    for index, item in enumerate(types):
        an_iri(item, (at, index))


_CONTEXT_AGENT: dict[str, Rule] = {
    "objectType": one_of(("contextAgent",)),
    "agent": check_agent,
    "relevantTypes": _relevant_types,
}
_CONTEXT_GROUP: dict[str, Rule] = {
    "objectType": one_of(("contextGroup",)),
    "group": check_group,
    "relevantTypes": _relevant_types,
}


# IEEE 9274.1.1, 4.2.2.5: contextAgents.
def _context_agents(value: Any, at: At, around: Around) -> None:
    role = around.role(_CONTEXT_AGENT_ROLE)
    for index, item in enumerate(an_array(value, at)):
        place = (at, index)
        found = properties(item, place, _CONTEXT_AGENT, ("objectType", "agent"))
        actor = Actor(check_agent(found["agent"], (place, "agent")))
        around.names.actor(actor, role, related=True)


# IEEE 9274.1.1, 4.2.2.5: contextGroups.
def _context_groups(value: Any, at: At, around: Around) -> None:
    role = around.role(_CONTEXT_GROUP_ROLE)
    for index, item in enumerate(an_array(value, at)):
        place = (at, index)
        found = properties(item, place, _CONTEXT_GROUP, ("objectType", "group"))
        around.names.actor(check_group(found["group"], (place, "group")), role, related=True)


_V1_0: dict[str, _ContextRule] = {
    "registration": _registration,
    "instructor": _instructor,
    "team": _team,
    "contextActivities": _context_activities,
    "revision": _of_an_activity,
    "platform": _of_an_activity,
    "language": _plain(a_language_tag),
    "statement": _plain(check_statement_ref),
    "extensions": _plain(extensions),
}
_CONTEXT: dict[SpecVersion, dict[str, _ContextRule]] = {
    SpecVersion.V1_0: _V1_0,
    SpecVersion.V2_0: {
        **_V1_0,
        "contextAgents": _context_agents,
        "contextGroups": _context_groups,
    },
}


def check_context(value: Any, at: At, version: SpecVersion, around: Around) -> None:
    """Hold a context to its rules, and note whom and what it names."""
    rules = _CONTEXT[version]
    for key, item in an_object(value, at).items():
        rule = rules.get(key)
        if rule is None:
            raise unknown(at, key, rules)
        rule(item, (at, key), around)
