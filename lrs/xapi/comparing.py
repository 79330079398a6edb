"""Whether two statements with the same id are the same statement.

Before 409 the specification asks for its own comparison: what a store may set or write otherwise
is passed over, everything else counts.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#231-statement-immutability
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from lrs.xapi.agents import normal_form
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant_of

# Data 2.3.1, exception 1: what the store assigns.
_ASSIGNED = frozenset({"id", "stored", "authority", "version"})
_SECONDS = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?S")


def same_statement(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    version: SpecVersion,  # noqa: ARG001
) -> bool:
    """Return whether two checked statements are the same by the specification's comparison.

    The versions compare alike so far, and the two may have been sent under different ones.
    """
    if _written(a) == _written(b):
        return True
    return _same(_essence(a, b), _essence(b, a))


def _written(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _essence(statement: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a statement, in one form."""
    kept = {key: item for key, item in statement.items() if key not in _ASSIGNED}
    # A store that was given no timestamp sets one; then nothing can be said.
    if "timestamp" not in other:
        kept.pop("timestamp", None)
    return {key: _formed(key, item) for key, item in kept.items()}


def _formed(key: str, value: Any) -> Any:
    form = _FORMS.get(key)
    return value if form is None else form(value)


# Exception 4: a timestamp may be written in another zone.
def _timestamp(value: str) -> Any:
    return instant_of(value)  # version 1.0 reads all that 2.0 does


# Exceptions 5 and 7: the order of members, and upper or lower case where it means nothing.
def _agent(value: Mapping[str, Any]) -> Any:
    rest = {
        key: item
        for key, item in value.items()
        if key not in ("mbox", "mbox_sha1sum", "openid", "account", "member")
    }
    rest["identifier"] = normal_form(value)
    if "member" in value:
        rest["member"] = sorted((_agent(one) for one in value["member"]), key=_written)
    return rest


# Exception 3: what a verb is displayed as is no part of the statement.
def _verb(value: Mapping[str, Any]) -> Any:
    return {key: item for key, item in value.items() if key != "display"}


# Exception 2: nor is what an activity is defined as.
def _activity(value: Mapping[str, Any]) -> Any:
    return {key: item for key, item in value.items() if key != "definition"}


def _statement_ref(value: Mapping[str, Any]) -> Any:
    return {**value, "id": value["id"].lower()}


def _sub_statement(value: Mapping[str, Any]) -> Any:
    return {key: _formed(key, item) for key, item in value.items()}


_OBJECTS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "Activity": _activity,
    "Agent": _agent,
    "Group": _agent,
    "StatementRef": _statement_ref,
    "SubStatement": _sub_statement,
}


def _object(value: Mapping[str, Any]) -> Any:
    return _OBJECTS[value.get("objectType", "Activity")](value)


# Data 4.6: of a duration, nothing beyond the hundredth of a second is compared.
def _result(value: Mapping[str, Any]) -> Any:
    if "duration" not in value:
        return value
    return {**value, "duration": _SECONDS.sub(_hundredths, value["duration"])}


def _hundredths(seconds: re.Match[str]) -> str:
    fraction = (seconds[2] or "")[:2].rstrip("0")
    return f"{seconds[1]}.{fraction}S" if fraction else f"{seconds[1]}S"


def _context(value: Mapping[str, Any]) -> Any:
    return {key: _in_context(key, item) for key, item in value.items()}


def _in_context(key: str, value: Any) -> Any:
    match key:
        case "registration" | "language":
            return value.lower()
        case "instructor" | "team":
            return _agent(value)
        case "statement":
            return _statement_ref(value)
        case "contextActivities":
            return {kind: _activities(item) for kind, item in value.items()}
        case "contextAgents":
            return [{**item, "agent": _agent(item["agent"])} for item in value]
        case "contextGroups":
            return [{**item, "group": _agent(item["group"])} for item in value]
        case _:
            return value


# Data 2.4.6.2: one activity comes back as an array of one.
def _activities(value: Any) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    return [_activity(activity) for activity in found]


_FORMS: dict[str, Callable[[Any], Any]] = {
    "actor": _agent,
    "verb": _verb,
    "object": _object,
    "result": _result,
    "context": _context,
    "timestamp": _timestamp,
}


def _same(a: Any, b: Any) -> bool:
    """Compare JSON values: 1 is 1.0 as it is in JSON, but true is not 1 as it is in Python."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(item, b[key]) for key, item in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)
