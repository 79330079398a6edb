"""Activities, their definitions, and the interactions that a definition may describe.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2441-when-the-objecttype-is-activity
"""

from __future__ import annotations

from typing import Any

from lrs.xapi.faults import (
    At,
    Rule,
    Seen,
    a_string,
    an_array,
    an_object,
    fault,
    missing,
    one_of,
    properties,
)
from lrs.xapi.iris import an_iri, extensions
from lrs.xapi.languages import a_language_map

INTERACTION_TYPES = (
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
)
COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")


# Data 2.4.4.1, response patterns: how a pattern is written is left to its maker, since the
# specification lets a store leave it (real senders write "True"); that it is a string is not.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#response-patterns
def _patterns(value: Any, at: At) -> None:
    for index, pattern in enumerate(an_array(value, at)):
        a_string(pattern, (at, index))


_COMPONENT: dict[str, Rule] = {"id": a_string, "description": a_language_map}


# Data 2.4.4.1, interaction components: an id each, all different in one list.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#interaction-components
def _components(value: Any, at: At) -> None:
    seen: set[str] = set()
    for index, component in enumerate(an_array(value, at)):
        name = properties(component, (at, index), _COMPONENT, ("id",))["id"]
        if name in seen:
            raise fault(((at, index), "id"), "two components of one list have the same id")
        seen.add(name)


_DEFINITION: dict[str, Rule] = {
    "name": a_language_map,
    "description": a_language_map,
    "type": an_iri,
    "moreInfo": an_iri,
    "interactionType": one_of(INTERACTION_TYPES),
    "correctResponsesPattern": _patterns,
    **dict.fromkeys(COMPONENT_LISTS, _components),
    "extensions": extensions,
}
_INTERACTION = frozenset({"correctResponsesPattern", *COMPONENT_LISTS})


def check_definition(value: Any, at: At) -> dict[str, Any]:
    """Hold an activity definition to its rules."""
    found = properties(value, at, _DEFINITION)
    # Data 2.4.4.1, interaction activities: they state their type.
    if "interactionType" not in found and not _INTERACTION.isdisjoint(found):
        raise missing(at, "interactionType")
    return found


_ACTIVITY: dict[str, Rule] = {
    "objectType": one_of(("Activity",)),
    "id": an_iri,
    "definition": check_definition,
}


def look_at_activity(value: Any, at: At) -> str:
    """Hold an activity to its rules; return its id."""
    found: str = properties(value, at, _ACTIVITY, ("id",))["id"]
    return found


check_activity = Seen(look_at_activity)
"""The same, for those that come again."""


def check_activities(value: Any, at: At) -> list[dict[str, Any]]:
    """Hold one activity or an array of them, as in contextActivities, to the rules."""
    if value.__class__ is not list:
        check_activity(an_object(value, at), at)
        return [value]
    for index, activity in enumerate(value):
        check_activity(activity, (at, index))
    found: list[dict[str, Any]] = value
    return found
