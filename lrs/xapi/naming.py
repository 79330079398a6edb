"""Everything a statement names, gathered while its rules are looked at.

The plain filters find a statement by its actor, its object and the members of either (`DIRECT`);
the ``related_`` ones also by whom and what its context and its sub-statement name (`RELATED`).
A term that is found directly is not kept a second time as related: its roles are added to the
direct one.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#213-get-statements
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from lrs.xapi.agents import Actor
from lrs.xapi.terms import Role, Scope, TermKind

Name = tuple[int, str]
"""What a term is, and its text: ``(TermKind.VERB, "http://adlnet.gov/expapi/verbs/passed")``."""

Named = tuple[Name, int, int]
"""A name, the scope it is named in, and the bits of its roles."""

_MEMBER = int(Role.MEMBER)
_SUB_STATEMENT = int(Role.SUB_STATEMENT)
_DIRECT = int(Scope.DIRECT)
_RELATED = int(Scope.RELATED)
_AGENT = int(TermKind.AGENT)
_ACTIVITY = int(TermKind.ACTIVITY)


class Ref(NamedTuple):
    """One term a statement names: as what, and for which queries."""

    kind: TermKind
    value: str
    scope: Scope
    roles: Role


class Definition(NamedTuple):
    """What a statement says of an activity."""

    activity: str
    body: bytes
    """As JSON."""
    mark: int
    """The same, in one process, for the same body."""


def mark_of(written: bytes) -> int:
    """Return the mark of a definition that is written so."""
    return hash(written)


class Names:
    """What one statement, or a part of it, names."""

    __slots__ = ("_named", "definitions")

    def __init__(self) -> None:
        self._named: list[Named] = []
        self.definitions: list[Definition] = []

    def term(self, kind: int, value: str, role: int, *, related: bool = False) -> None:
        """Note that the statement names a term in a role."""
        self._named.append(((kind, value), _RELATED if related else _DIRECT, role))

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
        iri, body = activity["id"], activity.get("definition")
        self.term(_ACTIVITY, iri, role, related=related)
        if body:
            written = orjson.dumps(body)
            self.definitions.append(Definition(iri, written, mark_of(written)))

    def named(self) -> tuple[Named, ...]:
        """Return all that was noted, a term as often as it was."""
        return tuple(self._named)


def refs_of(named: Iterable[Named]) -> tuple[Ref, ...]:
    """Return every term once, with all its roles: directly when it is named so at least once."""
    found: dict[Name, tuple[int, int]] = {}
    for name, scope, roles in named:
        before, so_far = found.get(name, (_RELATED, 0))
        found[name] = (min(before, scope), so_far | roles)
    return tuple(
        Ref(TermKind(kind), value, Scope(scope), Role(roles))
        for (kind, value), (scope, roles) in found.items()
    )
