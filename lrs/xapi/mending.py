"""The tools of a repair: what was repaired is noted with its place, what was not stays as it came.

A repair never changes what it is given. It returns the same object when nothing is to be done, so
that `written` can tell the bytes that stay from those that must be written anew: a number that is
not repaired is not even spelled otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import orjson

from lrs.xapi.faults import At, path_of
from lrs.xapi.terms import SpecVersion


class Repair(NamedTuple):
    """One thing that was repaired: its JSON path in the request, and the name of the rule."""

    path: str
    rule: str


class Bench:
    """What a repair must know, and where it notes what it did."""

    def __init__(self, version: SpecVersion, home_page: str) -> None:
        self.version = version
        self.home_page = home_page
        self.repairs: list[Repair] = []

    def note(self, at: At, rule: str) -> None:
        """Note that something was repaired."""
        self.repairs.append(Repair(path_of(at), rule))


Mend = Callable[[Any, At, Bench], Any]
"""A repair of one value: the value, where it stands, the bench; it returns what is to stand there."""


def in_object(rules: Mapping[str, Mend]) -> Mend:
    """Make the repair of an object from those of its properties."""

    def mend(value: Any, at: At, bench: Bench) -> Any:
        if not isinstance(value, dict):
            return value
        mended = {
            key: rules[key](item, (at, key), bench) if key in rules else item
            for key, item in value.items()
        }
        return _same_or(value, mended)

    return mend


def in_each(rule: Mend) -> Mend:
    """Make the repair of an array, or of the one value that stands where an array may."""

    def mend(value: Any, at: At, bench: Bench) -> Any:
        if not isinstance(value, list):
            return rule(value, at, bench)
        mended = [rule(item, (at, index), bench) for index, item in enumerate(value)]
        unchanged = all(new is old for new, old in zip(mended, value, strict=True))
        return value if unchanged else mended

    return mend


def _same_or(value: dict[str, Any], mended: dict[str, Any]) -> dict[str, Any]:
    return value if all(mended[key] is item for key, item in value.items()) else mended


# Data 2.2: null stands for nothing but inside extensions.
def without_nulls(value: Any, at: At, bench: Bench) -> Any:
    """Leave out properties that are null, as senders write what they do not know."""
    if isinstance(value, list):
        return in_each(without_nulls)(value, at, bench)
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {}
    for key, item in value.items():
        if item is None:
            bench.note((at, key), "null-property")
        else:
            kept[key] = item if key == "extensions" else without_nulls(item, (at, key), bench)
    return value if len(kept) == len(value) and _same_or(value, kept) is value else kept


_properties = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def written(raw: bytes, was: Any, now: Any) -> bytes:
    """Write a repaired value; what is the same object as before keeps its bytes."""
    if now is was:
        return raw
    if isinstance(was, dict) and isinstance(now, dict):
        slices = _properties.decode(raw)
        return b"{%s}" % b",".join(
            b"%s:%s" % (orjson.dumps(key), _kept(slices, was, key, item))
            for key, item in now.items()
        )
    if isinstance(was, list) and isinstance(now, list):
        each = zip(_items.decode(raw), was, now, strict=True)
        return b"[%s]" % b",".join(written(bytes(part), old, new) for part, old, new in each)
    return orjson.dumps(now)


def _kept(slices: Mapping[str, msgspec.Raw], was: Mapping[str, Any], key: str, item: Any) -> bytes:
    return written(bytes(slices[key]), was[key], item) if key in was else orjson.dumps(item)
