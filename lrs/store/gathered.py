"""What a batch names and says, gathered before anything of it has a number.

It is most of the work of storing a batch, needs no database and holds plain values only: it is done
before the batch waits for its turn, or in another process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.store.authorities import Authority
from lrs.xapi.naming import Definition, Name
from lrs.xapi.terms import Role, Scope, TermKind

if TYPE_CHECKING:
    from lrs.store.rows import Incoming
    from lrs.xapi.phrases import Phrase
    from lrs.xapi.statement import Statement

_AUTHORITY = int(Role.AUTHORITY)
_DIRECT, _RELATED = int(Scope.DIRECT), int(Scope.RELATED)
_AGENT, _VERB, _ACTIVITY = (
    int(kind) for kind in (TermKind.AGENT, TermKind.VERB, TermKind.ACTIVITY)
)

_Run = tuple[list[int], int]
"""The places of the statements that say a phrase, in order, and the roles of something it names."""

_Runs = dict[int, list[_Run]]
"""All runs of each name, by its place among the names."""


Line = tuple[int, int, list[int], list[int]]
"""A name, a scope, the places of the statements that it stands in so, in order, and its roles there."""


class Lines(msgspec.Struct, array_like=True, gc=False):
    """Where each name stands in each scope; a name is its place among the names of the batch."""

    once: tuple[list[int], list[int], list[int], list[int]]
    """Of those that stand in one statement alone: the names, scopes, places, and roles."""
    often: list[Line]
    """The others."""


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
    texts: list[list[tuple[int, Definition]]]
    """What a phrase says of activities, each beside the place of its name."""
    said: list[tuple[int, int]]
    """Which statement says which of the texts, in their order."""

    @property
    def size(self) -> int:
        """How many statements there are."""
        return len(self.verbs)

    def told(self, fresh: Collection[int] | None = None) -> Iterator[tuple[int, Definition]]:
        """Yield what is said of activities, each thing once: where it was said last.

        Beside it stands the place of the activity's name.

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
    """What the statements of a batch name, gathered one after another.

    Of each phrase only where it is said is noted at first: what it names follows at the end, once a
    phrase and not once a statement.
    """

    def __init__(self) -> None:
        self._sent: list[Statement] = []
        self._phrases: dict[Phrase[Any], tuple[list[int], int]] = {}
        self._vouchers: dict[bytes, tuple[Authority, int, list[int]]] = {}
        self._vouching: list[int] = []
        self._texts: list[tuple[Definition, ...]] = []
        self._said: list[tuple[int, int]] = []

    def add(self, one: Incoming) -> None:
        """Add the next statement."""
        sent, vouching, defines = one
        place = len(self._sent)
        self._sent.append(sent)
        phrases = self._phrases
        for phrase in sent.phrases:
            known = phrases.get(phrase)
            if known is None:
                known = phrases[phrase] = ([], self._text(phrase))
            known[0].append(place)
            if known[1] >= 0 and defines:
                self._said.append((place, known[1]))
        voucher = self._vouchers.get(vouching.digest)
        if voucher is None:
            voucher = self._vouchers[vouching.digest] = (vouching, len(self._vouchers), [])
        voucher[2].append(place)
        self._vouching.append(voucher[1])

    def done(self) -> Gathered:
        """Return what was gathered."""
        names: dict[Name, int] = {}
        lines = self._lines(names)
        return Gathered(
            list(names),
            [voucher for voucher, _, _ in self._vouchers.values()],
            [None if one.actor is None else names[_AGENT, one.actor] for one in self._sent],
            [names[_VERB, one.verb] for one in self._sent],
            [
                None if one.activity is None else names[_ACTIVITY, one.activity]
                for one in self._sent
            ],
            self._vouching,
            lines,
            [[(names[_ACTIVITY, one.activity], one) for one in text] for text in self._texts],
            self._said,
        )

    def _text(self, phrase: Phrase[Any]) -> int:
        """Return the place among the texts of what a phrase says of activities; -1: nothing."""
        if not phrase.definitions:
            return -1
        self._texts.append(phrase.definitions)
        return len(self._texts) - 1

    def _lines(self, names: dict[Name, int]) -> Lines:
        """Return where each name stands, and note the names."""
        direct: _Runs = {}
        related: _Runs = {}
        said = [(phrase.named, places) for phrase, (places, _) in self._phrases.items()]
        for voucher, _, places in self._vouchers.values():
            vouching = tuple((name, _RELATED, _AUTHORITY) for name in voucher.names)
            said.append((vouching, places))
        for named, places in said:
            for name, scope, role in named:
                number = names.setdefault(name, len(names))
                runs = direct if scope == _DIRECT else related
                runs.setdefault(number, []).append((places, role))
        lines = Lines(([], [], [], []), [])
        both = direct.keys() & related.keys()
        for number in both:
            _add_both(lines, number, _roles_at(direct[number]), _roles_at(related[number]))
            del direct[number], related[number]
        _add_all(lines, _DIRECT, direct)
        _add_all(lines, _RELATED, related)
        return lines


def _add_all(lines: Lines, scope: int, runs: _Runs) -> None:
    alone = [
        (number, found[0][0][0], found[0][1])
        for number, found in runs.items()
        if len(found) == 1 and len(found[0][0]) == 1
    ]
    names, scopes, places, roles = lines.once
    names += [number for number, _, _ in alone]
    scopes += [scope] * len(alone)
    places += [place for _, place, _ in alone]
    roles += [role for _, _, role in alone]
    for number, found in runs.items():
        if len(found) > 1:
            _add_line(lines, number, scope, _roles_at(found))
        elif len(found[0][0]) > 1:
            at, role = found[0]
            lines.often.append((number, scope, at, [role] * len(at)))


def _add_both(lines: Lines, number: int, direct: dict[int, int], related: dict[int, int]) -> None:
    """Add both lines of a name; where it is named in both ways it is found directly."""
    for place in direct.keys() & related.keys():
        direct[place] |= related.pop(place)
    _add_line(lines, number, _DIRECT, direct)
    _add_line(lines, number, _RELATED, related)


def _add_line(lines: Lines, number: int, scope: int, roles_at: dict[int, int]) -> None:
    if roles_at:
        at = sorted(roles_at)
        lines.often.append((number, scope, at, [roles_at[place] for place in at]))


def _roles_at(runs: Iterable[_Run]) -> dict[int, int]:
    """Return all roles at each place."""
    found: dict[int, int] = {}
    for places, role in runs:
        if found.keys().isdisjoint(places):
            found |= dict.fromkeys(places, role)
        else:
            for place in places:
                found[place] = found.get(place, 0) | role
    return found
