"""What a batch names and says, gathered before anything of it has a number.

It is most of the work of storing a batch, needs no database and holds plain values only: it is done
before the batch waits for its turn, or in another process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.store.authorities import Authority
from lrs.xapi.naming import Definition, Name
from lrs.xapi.terms import Role, Scope, TermKind

if TYPE_CHECKING:
    from lrs.store.rows import Incoming
    from lrs.xapi.phrases import Phrase

_AUTHORITY = int(Role.AUTHORITY)
_DIRECT, _RELATED = int(Scope.DIRECT), int(Scope.RELATED)
_AGENT, _VERB, _ACTIVITY = (
    int(kind) for kind in (TermKind.AGENT, TermKind.VERB, TermKind.ACTIVITY)
)

_Line = tuple[list[int], list[int]]
"""The places of the statements that name something in a scope, in order, and the roles in each."""

_Noted = list[tuple[list[int], list[int], int]]
"""Lines to add a statement to, and the roles that it has in each."""


class Lines(msgspec.Struct, array_like=True, gc=False):
    """Where each name stands in each scope: a line is some of ``places`` and of ``roles``, in turn."""

    names: list[int]
    """Of each line, the place of its name among the names of the batch."""
    scopes: list[int]
    lengths: list[int]
    places: list[int]
    """Of the statements, in order within a line."""
    roles: list[int]


class Gathered(msgspec.Struct, array_like=True, gc=False):
    """What the statements of a batch name, each name once, and what they say of activities.

    What is said of a statement is its place among the names, or the authorities, of the batch.
    """

    names: list[Name]
    authorities: list[Authority]
    actors: list[int | None]
    verbs: list[int]
    activities: list[int | None]
    vouching: list[int]
    lines: Lines
    texts: list[tuple[Definition, ...]]
    said: list[tuple[int, int]]
    """Which statement says which of the texts, in their order."""

    @property
    def size(self) -> int:
        """How many statements there are."""
        return len(self.verbs)

    def told(self, fresh: Collection[int] | None = None) -> Iterator[Definition]:
        """Yield what is said of activities, each thing once: where it was said last.

        ``fresh`` are the places of the statements that count; None: all.
        """
        said = [text for place, text in self.said if fresh is None or place in fresh]
        for text in reversed(dict.fromkeys(reversed(said))):
            yield from self.texts[text]


def gather(incoming: Sequence[Incoming]) -> Gathered:
    """Gather what a batch names, each with who vouches for it."""
    gathering = Gathering()
    for one in incoming:
        gathering.add(one)
    return gathering.done()


class Gathering:
    """What the statements of a batch name, gathered one after another."""

    def __init__(self) -> None:
        self._names: dict[Name, int] = {}
        self._authorities: dict[bytes, tuple[int, _Noted]] = {}
        self._vouchers: list[Authority] = []
        self._lines: dict[tuple[int, int], _Line] = {}
        self._phrases: dict[Phrase[Any], tuple[_Noted, int]] = {}
        self._actors: list[int | None] = []
        self._verbs: list[int] = []
        self._activities: list[int | None] = []
        self._vouching: list[int] = []
        self._texts: list[tuple[Definition, ...]] = []
        self._said: list[tuple[int, int]] = []

    def add(self, one: Incoming) -> None:
        """Add the next statement."""
        place = len(self._verbs)
        sent, vouching, defines = one
        authority, by_authority = self._vouched(vouching)
        noted = [by_authority]
        for phrase in sent.phrases:
            known = self._phrases.get(phrase)
            if known is None:
                known = self._phrases[phrase] = self._of(phrase)
            noted.append(known[0])
            if known[1] >= 0 and defines:
                self._said.append((place, known[1]))
        for named in noted:
            for places, roles, role in named:
                if places and places[-1] == place:
                    roles[-1] |= role
                else:
                    places.append(place)
                    roles.append(role)
        names = self._names
        self._actors.append(None if sent.actor is None else names[_AGENT, sent.actor])
        self._verbs.append(names[_VERB, sent.verb])
        self._activities.append(None if sent.activity is None else names[_ACTIVITY, sent.activity])
        self._vouching.append(authority)

    def done(self) -> Gathered:
        """Return what was gathered."""
        for (name, scope), related in self._lines.items():
            direct = self._lines.get((name, _DIRECT)) if scope == _RELATED else None
            if direct is not None:
                _take_out(related, direct)
        return Gathered(
            list(self._names),
            self._vouchers,
            self._actors,
            self._verbs,
            self._activities,
            self._vouching,
            Lines(
                [name for name, _ in self._lines],
                [scope for _, scope in self._lines],
                [len(places) for places, _ in self._lines.values()],
                [place for places, _ in self._lines.values() for place in places],
                [role for _, roles in self._lines.values() for role in roles],
            ),
            self._texts,
            self._said,
        )

    def _vouched(self, vouching: Authority) -> tuple[int, _Noted]:
        """Return the place of an authority among those of the batch, and where it is noted."""
        known = self._authorities.get(vouching.digest)
        if known is None:
            place = len(self._vouchers)
            self._vouchers.append(vouching)
            named = [(*self._line(name, _RELATED), _AUTHORITY) for name in vouching.names]
            known = self._authorities[vouching.digest] = (place, named)
        return known

    def _of(self, phrase: Phrase[Any]) -> tuple[_Noted, int]:
        """Return where a phrase is noted, and the place of what it says; -1: nothing."""
        named = [(*self._line(name, scope), role) for name, scope, role in phrase.named]
        if not phrase.definitions:
            return named, -1
        self._texts.append(phrase.definitions)
        return named, len(self._texts) - 1

    def _line(self, name: Name, scope: int) -> _Line:
        number = self._names.setdefault(name, len(self._names))
        line = self._lines.get((number, scope))
        if line is None:
            line = self._lines[number, scope] = ([], [])
        return line


def _take_out(related: _Line, direct: _Line) -> None:
    """Take from a line what is named directly too, for there it is found; the roles are added to it."""
    at = {place: n for n, place in enumerate(direct[0])}
    both = [n for n, place in enumerate(related[0]) if place in at]
    for n in reversed(both):
        direct[1][at[related[0].pop(n)]] |= related[1].pop(n)
