"""UUIDs in the standard string form of RFC 4122; upper case is read as lower case.

The variant is not looked at: the specification's own first example is of none.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from lrs.xapi.faults import At, a_string, fault

# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#44-uuids
_STANDARD_FORM = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
)


def uuid_of(text: str) -> UUID | None:
    """Return the UUID, or None when the string is none."""
    if _STANDARD_FORM.fullmatch(text) is None:
        return None
    return UUID(int=int(text.replace("-", ""), 16))


def a_uuid(value: Any, at: At) -> str:
    """Return the UUID as text in lower case."""
    if _STANDARD_FORM.fullmatch(a_string(value, at)) is None:
        raise fault(at, "this must be a UUID", "eight, four, four, four and twelve hex digits")
    found: str = value
    return found.lower()
