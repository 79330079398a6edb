"""How a broken rule is told: what is wrong, the JSON path of the fault, what to do.

A rule gets the place it looks at as an `At`: cheap to make for every property, written out as a
path (``$[3].context.extensions["http://…"]``) only when the rule is broken. Values are never
repeated in a message, for they may name a person; the names of properties may be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import orjson

from lrs.errors import BadStatement
from lrs.recent import Recent

At = str | tuple["At", str | int]
"""A place in a statement: the root's name, or a place and the key or index below it."""

Rule = Callable[[Any, At], object]
"""A rule for one value; it raises `BadStatement` when the value breaks it."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NAME = 80

# What a type is called in a message.
_CALLED = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def path_of(at: At) -> str:
    """Write a place as a JSON path."""
    steps: list[str] = []
    while not isinstance(at, str):
        at, key = at
        steps.append(_step(key))
    return at + "".join(reversed(steps))


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _PLAIN.fullmatch(key) else f"[{shown(key)}]"


def shown(name: str) -> str:
    """Return the name of a property as JSON, shortened, for a message."""
    short = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
    return json.dumps(short, ensure_ascii=False)


def fault(at: At, message: str, hint: str | None = None) -> BadStatement:
    """Return the error of a rule broken at this place."""
    return BadStatement(message, where=path_of(at), hint=hint)


# Data 2.2: null is refused everywhere but inside extensions; so is the wrong type, even when a
# string holds what would be right.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#22-formatting-requirements
def wrong_type(at: At, value: object, wanted: str) -> BadStatement:
    """Return the error of a value that has the wrong JSON type."""
    if value is None:
        return fault(at, f"null stands where {wanted} belongs", "leave the property out")
    return fault(at, f"this must be {wanted}, not {_CALLED.get(type(value), 'this')}")


def an_object(value: Any, at: At) -> dict[str, Any]:
    """Return the value if it is a JSON object."""
    if value.__class__ is not dict:
        raise wrong_type(at, value, "an object")
    found: dict[str, Any] = value
    return found


def an_array(value: Any, at: At) -> list[Any]:
    """Return the value if it is a JSON array."""
    if value.__class__ is not list:
        raise wrong_type(at, value, "an array")
    found: list[Any] = value
    return found


def a_string(value: Any, at: At) -> str:
    """Return the value if it is a string."""
    if value.__class__ is not str:
        raise wrong_type(at, value, "a string")
    found: str = value
    return found


def a_boolean(value: Any, at: At) -> bool:
    """Return the value if it is a boolean."""
    if value.__class__ is not bool:
        raise wrong_type(at, value, "a boolean")
    found: bool = value
    return found


def a_number(value: Any, at: At) -> float:
    """Return the value if it is a number; true and false are none."""
    if value.__class__ is not int and value.__class__ is not float:
        raise wrong_type(at, value, "a number")
    found: float = value
    return found


def properties(
    value: Any, at: At, rules: Mapping[str, Rule], required: Collection[str] = ()
) -> dict[str, Any]:
    """Hold an object to a table of its properties: each known, each to its rule, none missing.

    Names are compared letter by letter, so ``Actor`` is as unknown as ``actr`` (Data 2.2).
    """
    found = an_object(value, at)
    for key, item in found.items():
        rule = rules.get(key)
        if rule is None:
            raise unknown(at, key, rules)
        rule(item, (at, key))
    for key in required:
        if key not in found:
            raise missing(at, key)
    return found


_Found = TypeVar("_Found")


class Seen(Generic[_Found]):
    """A rule that remembers what it found: senders repeat the same verbs and activities for ever.

    Writing a value as JSON costs a fraction of looking at it. The memory is bounded, and long values
    are not kept. It is not for agents: nobody who is erased may live on in it. What is found is
    never None.
    """

    def __init__(
        self, rule: Callable[[Any, At], _Found], most: int = 1_500, longest: int = 2_000
    ) -> None:
        self._rule = rule
        self._longest = longest
        self._kept: Recent[bytes, _Found] = Recent(most)

    def __call__(self, value: Any, at: At) -> _Found:
        """Hold a value to the rule; return what the rule finds."""
        written = orjson.dumps(value)
        found = self._kept.get(written)
        if found is None:
            found = self._rule(value, at)
            if len(written) <= self._longest:
                self._kept.put(written, found)
        return found


def missing(at: At, key: str) -> BadStatement:
    """Return the error of a required property that is not there."""
    return fault((at, key), f'"{key}" is missing')


def unknown(at: At, key: str, known: Collection[str]) -> BadStatement:
    """Return the error of a property the specification does not know here."""
    near = next((name for name in known if name.lower() == key.lower()), None)
    hint = f'write it "{near}"' if near else f"known here: {', '.join(sorted(known))}"
    return fault((at, key), f"the specification has no property {shown(key)} here", hint)


def one_of(allowed: Collection[str]) -> Rule:
    """Return the rule of a string that has one of these values, letter by letter."""

    def rule(value: Any, at: At) -> str:
        if a_string(value, at) not in allowed:
            raise fault(at, f"this must be one of {', '.join(allowed)}")
        found: str = value
        return found

    return rule
