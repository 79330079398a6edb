"""What a key may do: the scopes of the xAPI specification (1.0.3, Communication 4.2, "OAuth").

A scope that is asked for is met by itself or by a wider one.
"""

from __future__ import annotations

from collections.abc import Iterable

from lrs.errors import BadInput

SCOPES = {
    "statements/write": "store statements",
    "statements/read/mine": "read the statements stored with this key",
    "statements/read": "read every statement",
    "state": "read and write state documents",
    "define": "say what an activity is called and means, in the statements it stores",
    "profile": "read and write profiles of activities and agents",
    "all/read": "read everything",
    "all": "everything",
}
"""Each scope with what it lets a key do, narrow before wide."""

ALSO_CALLED = {
    "xapi:write": ("statements/write", "define"),
    "xapi:read": ("statements/read",),
    "xapi:all": ("all",),
}
"""Scopes by the names that LinkedIn Learning asks for when it gets a token
(https://learn.microsoft.com/en-us/linkedin/learning/integrations/xapi). A key must have the first;
it knows no name for the others, which a token gets too if the key has them."""

_MET_BY: dict[str, frozenset[str]] = {
    "statements/write": frozenset({"all", "statements/write"}),
    "statements/read/mine": frozenset(
        {"all", "all/read", "statements/read", "statements/read/mine"}
    ),
    "statements/read": frozenset({"all", "all/read", "statements/read"}),
    "state": frozenset({"all", "state"}),
    "define": frozenset({"all", "define"}),
    "profile": frozenset({"all", "profile"}),
    "all/read": frozenset({"all", "all/read"}),
    "all": frozenset({"all"}),
}


def allows(held: Iterable[str], needed: str) -> bool:
    """Tell whether the scopes held meet the one needed."""
    return not _MET_BY[needed].isdisjoint(held)


def checked_scopes(names: Iterable[str]) -> frozenset[str]:
    """Return the scopes of those names; raises `BadInput` for none at all or an unknown one."""
    found = frozenset(names)
    unknown = sorted(found - SCOPES.keys())
    if unknown or not found:
        raise BadInput(
            f"there is no scope {unknown[0]!r}" if unknown else "a key needs at least one scope",
            where="scope",
            hint=f"the scopes are: {', '.join(SCOPES)}",
        )
    return found
