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


# The bits of `Role` as plain numbers: the arithmetic of enum flags is fifty times slower.
_MEMBER = int(Role.MEMBER)
_SUB_STATEMENT = int(Role.SUB_STATEMENT)
_ROLES: dict[int, Role] = {}

_Terms = dict[str, int]


class Names:
    """What one statement names."""

    __slots__ = ("_direct", "_related", "definitions")

    def __init__(self) -> None:
        self._direct: dict[int, _Terms] = {}
        self._related: dict[int, _Terms] = {}
        self.definitions: list[tuple[str, dict[str, Any]]] = []

    def term(self, kind: int, value: str, role: int, *, related: bool = False) -> None:
        """Note that the statement names a term in a role."""
        named = self._related if related else self._direct
        terms = named.get(kind)
        if terms is None:
            named[kind] = {value: role}
        else:
            terms[value] = terms.get(value, 0) | role

    def actor(self, actor: Actor, role: int, *, related: bool = False) -> None:
        """Note an agent or a group, and a group's members."""
        if actor.normal is not None:
            self.term(_AGENT, actor.normal, role, related=related)
        for member in actor.members:
            # In a sub-statement the one thing that counts is that they are in it.
            bit = role if role == _SUB_STATEMENT else _MEMBER
            self.term(_AGENT, member, bit, related=related)

    def activity(self, activity: dict[str, Any], role: int, *, related: bool = False) -> None:
        """Note an activity, and what the statement says it is."""
        self.term(_ACTIVITY, activity["id"], role, related=related)
        definition = activity.get("definition")
        if definition:
            self.definitions.append((activity["id"], definition))

    def refs(self) -> tuple[Ref, ...]:
        """Return every term once."""
        found: list[Ref] = []
        for kind, terms in self._related.items():
            direct = self._direct.get(kind, _NOTHING)
            _gather(found, _KINDS[kind], terms, direct, Scope.RELATED)
        for kind, terms in self._direct.items():
            _gather(found, _KINDS[kind], terms, _NOTHING, Scope.DIRECT)
        return tuple(found)


_KINDS = {int(kind): kind for kind in TermKind}
_AGENT = int(TermKind.AGENT)
_ACTIVITY = int(TermKind.ACTIVITY)
_NOTHING: _Terms = {}


def _gather(found: list[Ref], kind: TermKind, terms: _Terms, direct: _Terms, scope: Scope) -> None:
    for value, bits in terms.items():
        if value in direct:
            direct[value] |= bits
        else:
            found.append(Ref(kind, value, scope, _ROLES.get(bits) or _role(bits)))


def _role(bits: int) -> Role:
    return _ROLES.setdefault(bits, Role(bits))
