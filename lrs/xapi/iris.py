"""Identifiers that are IRIs: activities, verbs, types, extension keys, home pages.

The specification leaves the depth of the check to the store. Held here: a scheme (so the IRI is
absolute), only characters that RFC 3987 has, and whole percent escapes. Passed over, because real
senders write them: square brackets in a query, and a second ``#``. NUL is not an IRI character,
so no identifier that reaches PostgreSQL holds one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lrs.xapi.faults import At, a_string, an_object, fault

# https://www.rfc-editor.org/rfc/rfc3987#section-2.2
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20\x7f-\xa0\ud800-\udfff<>\"{}|\\^`]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

# A cache of long strings would be a way to fill the memory from outside.
_LONGEST_KEPT = 300


def is_iri(value: str) -> bool:
    """Return whether the string is an absolute IRI."""
    return _kept(value) if len(value) <= _LONGEST_KEPT else _looked_at(value)


def _looked_at(value: str) -> bool:
    if _ABSOLUTE.fullmatch(value) is None:
        return False
    return "%" not in value or _BROKEN_ESCAPE.search(value) is None


_kept = lru_cache(maxsize=8192)(_looked_at)


# Data 2.2: IRIs without a scheme, and what is no IRI, are refused.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#43-iris
def an_iri(value: Any, at: At) -> str:
    """Return the value if it is an absolute IRI."""
    if value.__class__ is str and len(value) <= _LONGEST_KEPT and _kept(value):
        return value
    if not is_iri(a_string(value, at)):
        raise fault(
            at,
            "this must be an IRI with a scheme, such as https://example.org/it",
            None if ":" in value else "put the scheme and the domain you own before it",
        )
    found: str = value
    return found


# Data 4.1: the keys of extensions are IRIs, the values anything at all, null too.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#41-extensions
def extensions(value: Any, at: At) -> None:
    """Hold a map of extensions to its one rule."""
    for key in an_object(value, at):
        if not is_iri(key):
            raise fault((at, key), "the key of an extension must be an IRI")
