"""From the bytes of a request to statements, each with exactly the bytes it came in.

orjson reads and msgspec keeps the slices, for no parser that makes values can give 1.10 back. What
they leave open is decided here: the same key twice in one object (the specification leaves it
undefined; a store that keeps the body cannot say which of the two it meant), and depth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from lrs.errors import BadStatement
from lrs.xapi.faults import At, fault

DEEPEST = 100
"""Levels of nesting; every statement of the specification needs fewer than ten."""

WHITE = b" \t\r\n"
_slices = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """One statement as it was received, and the place it has in the request."""

    raw: bytes
    body: dict[str, Any]
    path: str = "$"


@dataclass(frozen=True, slots=True)
class Element:
    """What stands at one place of a request: the statement read from it, or why there is none."""

    raw: bytes
    path: str
    read: ParsedStatement | BadStatement


def parse_statements(body: bytes) -> list[ParsedStatement]:
    """Return the statements of a body: one object, or an array of them."""
    found = _read(body)
    if isinstance(found, dict):
        return [_one(body.strip(WHITE), found, "$")]
    if not isinstance(found, list):
        raise fault("$", "a statement must be an object, several an array of objects")
    raws = _slice(body)
    unlike = not keys_kept(body, found)
    return [
        _one(raw, item, f"$[{index}]", look_closer=unlike)
        for index, (raw, item) in enumerate(zip(raws, found, strict=True))
    ]


def parse_each(body: bytes) -> list[Element]:
    """Return the statements of a body one by one, whatever is wrong with the others.

    Raises `BadStatement` for a body that is neither an object nor an array.
    """
    found = _read(body)
    if isinstance(found, dict):
        return [_element(body.strip(WHITE), found, "$")]
    if not isinstance(found, list):
        raise fault("$", "a statement must be an object, several an array of objects")
    each = zip(_slice(body), found, strict=True)
    return [_element(raw, item, f"$[{index}]") for index, (raw, item) in enumerate(each)]


def _element(raw: bytes, body: Any, path: str) -> Element:
    try:
        return Element(raw, path, _one(raw, body, path))
    except BadStatement as exc:
        return Element(raw, path, exc)


def parse_statement(body: bytes) -> ParsedStatement:
    """Return the one statement of a body, as PUT sends it."""
    found = _read(body)
    if not isinstance(found, dict):
        raise fault("$", "this must be one statement, an object", "POST takes an array of them")
    return _one(body.strip(WHITE), found, "$")


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise BadStatement(
            f"this is not JSON: {exc.msg}",
            where=f"line {exc.lineno} column {exc.colno}",
            hint="UTF-8, without NaN or Infinity, every string closed",
        ) from exc


def _slice(body: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _slices.decode(body)]
    except RecursionError as exc:
        raise _too_deep("$") from exc


def _one(raw: bytes, body: Any, path: str, *, look_closer: bool = True) -> ParsedStatement:
    if not isinstance(body, dict):
        raise fault(path, "a statement must be an object")
    # Only where there are many brackets can they be many levels deep.
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _is_deep(body):
        raise _too_deep(path)
    if look_closer and not keys_kept(raw, body):
        _look_for_doubles(raw, path)
    return ParsedStatement(raw, body, path)


def _too_deep(path: str) -> BadStatement:
    return fault(path, f"the nesting is deeper than {DEEPEST} levels")


def _is_deep(body: Any) -> bool:
    level: list[Any] = [body]
    for _ in range(DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(item: Any) -> Iterator[Any]:
    held = item.values() if isinstance(item, dict) else item
    return (child for child in held if isinstance(child, dict | list))


def keys_kept(raw: bytes, read: Any) -> bool:
    """Return whether surely no key was lost in reading, so that none was there twice.

    The marks of keys, a quote and a colon, are counted in what came and in what orjson writes of
    what it read: a lost key is a mark less. A string that begins with a colon has a mark on both
    sides, a quote inside a string has none on either. Where that would not hold (a colon written
    as an escape, a string that ends with a backslash) the answer is no, and the slow look decides.
    """
    try:
        written = orjson.dumps(read)
    except orjson.JSONEncodeError:
        return False  # deeper than orjson writes
    if written == raw:
        return True
    if b"\\u003" in raw or b'\\\\"' in raw:
        return False
    return marks_of(raw) == _marks(written)


def marks_of(raw: bytes) -> int:
    """Return how many marks of keys there are, white space or not."""
    return _marks(raw.translate(None, WHITE))


def _marks(written: bytes) -> int:
    marks = written.count(b'":')
    return marks - written.count(b'\\":') if b"\\" in written else marks


def slices_of(body: bytes) -> list[bytes] | None:
    """Return the bytes of each element of an array; None when it cannot be cut into them."""
    try:
        return _slice(body)
    except (BadStatement, msgspec.MsgspecError):
        return None


class _DoubleKey(Exception):
    """An object with the same key twice."""


def _look_for_doubles(raw: bytes, path: str) -> None:
    try:
        _strict.decode(raw.decode())
    except _DoubleKey:
        at, key = next(_doubles(_pairs.decode(raw.decode()), path))
        raise fault((at, key), "the same property stands here twice") from None


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DoubleKey
    return found


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written: pairs, in order."""


_strict = json.JSONDecoder(object_pairs_hook=_no_doubles)
_pairs = json.JSONDecoder(object_pairs_hook=_Pairs)


def _doubles(value: Any, at: At) -> Iterator[tuple[At, str]]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            if key in seen:
                yield at, key
            seen.add(key)
            yield from _doubles(item, (at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _doubles(item, (at, index))
