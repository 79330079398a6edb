"""Everything a statement names, gathered while its rules are looked at.

The plain filters find a statement by its actor, its object and the members of either (`DIRECT`);
the ``related_`` ones also by whom and what its context and its sub-statement name (`RELATED`).
A term that is found directly is not kept a second time as related: its roles are added to the
direct one.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#213-get-statements
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lrs.xapi.agents import Actor
from lrs.xapi.terms import Role, Scope, TermKind


class Ref(NamedTuple):
    """One term a statement names: as what, and for which queries."""

    kind: TermKind
    value: str
    scope: Scope
    roles: Role


# Each bit of `Role` as a plain int: the arithmetic of enum flags is fifty times slower.
_MEMBER = int(Role.MEMBER)
_ROLES: dict[int, Role] = {}

_Named = dict[tuple[TermKind, str], int]


class Names:
    """What one statement names."""

    __slots__ = ("_direct", "_related", "definitions")

    def __init__(self) -> None:
        self._direct: _Named = {}
        self._related: _Named = {}
        self.definitions: list[tuple[str, dict[str, Any]]] = []

    def term(self, kind: TermKind, value: str, role: int, *, related: bool = False) -> None:
        """Note that the statement names a term in a role."""
        named = self._related if related else self._direct
        key = (kind, value)
        named[key] = named.get(key, 0) | role

    def actor(self, actor: Actor, role: int, *, related: bool = False) -> None:
        """Note an agent or a group, and a group's members."""
        if actor.normal is not None:
            self.term(TermKind.AGENT, actor.normal, role, related=related)
        for member in actor.members:
            # In a sub-statement the one thing that counts is that they are in it.
            bit = role if role == _SUB_STATEMENT else _MEMBER
            self.term(TermKind.AGENT, member, bit, related=related)

    def activity(self, activity: dict[str, Any], role: int, *, related: bool = False) -> None:
        """Note an activity, and what the statement says it is."""
        self.term(TermKind.ACTIVITY, activity["id"], role, related=related)
        if activity.get("definition"):
            self.definitions.append((activity["id"], activity["definition"]))

    def refs(self) -> tuple[Ref, ...]:
        """Return every term once."""
        direct = self._direct
        found = []
        for key, roles in self._related.items():
            if key in direct:
                direct[key] |= roles
            else:
                found.append(Ref(*key, Scope.RELATED, _role(roles)))
        found.extend(Ref(*key, Scope.DIRECT, _role(roles)) for key, roles in direct.items())
        return tuple(found)


_SUB_STATEMENT = int(Role.SUB_STATEMENT)


def _role(bits: int) -> Role:
    found = _ROLES.get(bits)
    if found is None:
        found = _ROLES[bits] = Role(bits)
    return found
