"""Statements inside the documents that other record stores keep them in.

A dump of another store's database is not a file of statements: each is a property of a document,
or a column of a row, and may be escaped. Here it is taken out, byte for byte where nothing had to
be escaped, so that a number stays as it was written.

- Learning Locker (`mongoexport`): the property ``statement``. MongoDB took no dots or dollars in
  keys, so they stand as ``&46;`` and ``&36;``; numbers and dates may be extended JSON
  (https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/).
- SQL LRS: the column ``payload`` of the table ``xapi_statement``, as an object or as text.
- Ralph: the document itself, or ``_source`` of Elasticsearch and MongoDB, or the column ``event``
  of ClickHouse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec
import orjson

from lrs.errors import BadInput
from lrs.xapi.times import instant


class DumpForm(StrEnum):
    """How the statements of a file are kept."""

    STATEMENTS = "statements"
    LEARNING_LOCKER = "learning-locker"
    SQL_LRS = "sql-lrs"
    RALPH = "ralph"


class Unwrapped(NamedTuple):
    """A statement as it was given to the other store, and whether that store holds it as voided."""

    raw: bytes
    voided: bool = False


_HOLDERS: Mapping[DumpForm, tuple[str, ...]] = {
    DumpForm.RALPH: ("_source", "event"),
    DumpForm.SQL_LRS: ("payload",),
    DumpForm.LEARNING_LOCKER: ("statement",),
}
#: A table with one of these columns is a dump.
COLUMNS = frozenset(name for names in _HOLDERS.values() for name in names)
_VOIDED = ("voided", "is_voided")
_TRUE = {"true", "t", "1"}

_properties = msgspec.json.Decoder(dict[str, msgspec.Raw])
# Inside a string a quote has a backslash before it, so none of these is found there.
_NUMBER = re.compile(rb'\{\s*"\$number(?:Int|Long|Double|Decimal)"\s*:\s*"([^"\\]*)"\s*\}')
_DATE_MS = re.compile(rb'\{\s*"\$date"\s*:\s*(-?[0-9]+)\s*\}')
_DATE_TEXT = re.compile(rb'\{\s*"\$date"\s*:\s*("[^"\\]*")\s*\}')
_KEY_OR_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"(\s*:)?', re.DOTALL)
_LONGEST_MS = 15
"""Digits of milliseconds; more would be past the year 9999 by far."""


def recognise(raw: bytes) -> DumpForm | None:
    """Return how the first elements of a file say that it is kept; None: this one does not say."""
    try:
        found = _properties.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if "actor" in found or "verb" in found:
        return DumpForm.STATEMENTS
    for form, names in _HOLDERS.items():
        if any(name in found for name in names):
            return form
    return None


def unwrap(raw: bytes, form: DumpForm) -> Unwrapped:
    """Return the statement that an element of such a file holds; raises `BadInput` for none."""
    if form is DumpForm.STATEMENTS:
        return Unwrapped(raw)
    try:
        found = _properties.decode(raw)
        held = _held(found, form)
    except (msgspec.MsgspecError, orjson.JSONDecodeError, RecursionError) as exc:
        raise BadInput(f"this is no document of a dump: {exc}", where="$") from exc
    if held is None:
        if form is DumpForm.RALPH and "actor" in found:
            return Unwrapped(raw)
        names = " or ".join(f"`{name}`" for name in _HOLDERS[form])
        raise BadInput(
            f"there is no {names} in this document", where="$", hint="is --format the right one?"
        )
    if form is DumpForm.LEARNING_LOCKER:
        held = _unescaped(held)
    return Unwrapped(held, _is_voided(found))


def _held(found: Mapping[str, msgspec.Raw], form: DumpForm) -> bytes | None:
    for name in _HOLDERS[form]:
        if name in found:
            held = bytes(found[name])
            # A column of text holds the statement as JSON within JSON.
            return orjson.loads(held).encode() if held[:1] == b'"' else held
    return None


def _is_voided(found: Mapping[str, msgspec.Raw]) -> bool:
    said = (bytes(found[name]) for name in _VOIDED if name in found)
    return any(value.strip(b'"').decode(errors="replace").lower() in _TRUE for value in said)


def _unescaped(held: bytes) -> bytes:
    if b'"$' in held:
        held = _NUMBER.sub(rb"\1", held)
        held = _DATE_MS.sub(_as_text, held)
        held = _DATE_TEXT.sub(rb"\1", held)
    if b"&46;" in held or b"&36;" in held:
        held = _KEY_OR_TEXT.sub(_key, held)
    return held


def _as_text(found: re.Match[bytes]) -> bytes:
    ms = found.group(1)
    return b'"%s"' % instant(int(ms) * 1000).encode() if len(ms) <= _LONGEST_MS else found.group()


def _key(found: re.Match[bytes]) -> bytes:
    if found.group(1) is None:
        return found.group()
    return found.group().replace(b"&46;", b".").replace(b"&36;", b"$")
