"""The Person object: everything a store knows an agent to be called, without saying who it is.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#24-agents-resource
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lrs.xapi.agents import IDENTIFIERS, normal_form


# Communication 2.4, the table of the Person object: every property is an array.
def person_of(agent: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the Person of an agent that statements gave these names."""
    person: dict[str, Any] = {"objectType": "Person"}
    known = sorted({*names, *([agent["name"]] if "name" in agent else [])})
    if known:
        person["name"] = known
    for scheme in IDENTIFIERS:
        if scheme in agent:
            person[scheme] = [agent[scheme]]
    return person


def names_of(normal: str, statement: dict[str, Any]) -> set[str]:
    """Return the names that a statement gives the agent of that normal form, wherever it does."""
    return {
        found["name"]
        for found in _objects(statement)
        if isinstance(found.get("name"), str) and _is(found, normal)
    }


def _is(found: dict[str, Any], normal: str) -> bool:
    try:
        return normal_form(found) == normal
    except (TypeError, KeyError, AttributeError):  # a look-alike inside an extension
        return False


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a statement but those in extensions, which are the sender's own."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key != "extensions":
                yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)
