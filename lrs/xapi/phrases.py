"""Phrases: the properties of a statement as they were written, and what each names.

Senders say the same things for ever: the same learner, verb, activity, the same course around it.
What was held to its rules once holds every time it is written with the same bytes, and names the
same terms. So a phrase is looked at when it is new, and looked up after that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import orjson

from lrs.recent import Recent
from lrs.xapi.naming import Definition, Named, Names
from lrs.xapi.parsing import DEEPEST, keys_kept, marks_of

T = TypeVar("T")

_LONGEST_KEPT = 4_000
_MOST_KEPT = 2_500_000
"""Bytes that the phrases of a book may have, if nothing else is said."""

_DEEPEST = DEEPEST - 10
"""Levels left for what a phrase stands in."""


class NotPlain(Exception):
    """What has to be looked at the long way: it breaks a rule, or is of a rare kind."""


class Phrase(Generic[T]):
    """A property that holds: the terms it names, what it says of activities, what was found."""

    __slots__ = ("definitions", "found", "marks", "named")

    def __init__(
        self,
        found: T,
        named: tuple[Named, ...] = (),
        definitions: tuple[Definition, ...] = (),
        marks: int = 0,
    ) -> None:
        self.found = found
        self.named = named
        self.definitions = definitions
        self.marks = marks
        """Marks of keys in its bytes (`lrs.xapi.parsing.marks_of`)."""

    @classmethod
    def of(cls, found: T, names: Names, marks: int = 0) -> Phrase[T]:
        """Return the phrase that names these."""
        return cls(found, names.named(), tuple(names.definitions), marks)


def read_phrase(written: bytes, rule: Callable[[Any, Names], T]) -> Phrase[T]:
    """Hold a property to its rule; raises `NotPlain`, or what the rule raises.

    >>> read_phrase(b'{"id":"https://example.org/did"}', lambda value, names: value["id"]).found
    'https://example.org/did'
    """
    value = orjson.loads(written)
    if written.count(b"{") + written.count(b"[") > _DEEPEST or not keys_kept(written, value):
        raise NotPlain
    names = Names()
    return Phrase.of(rule(value, names), names, marks_of(written))


class Book(Generic[T]):
    """The phrases of one property that were said lately, by their bytes.

    It is bounded, and long ones are not kept. Agents are in it, as the numbers of their
    names are in the memory of the store: whoever erases a person has both forgotten.
    """

    def __init__(self, rule: Callable[[Any, Names], T], most_bytes: int = _MOST_KEPT) -> None:
        self._rule = rule
        self._kept: Recent[bytes, Phrase[T]] = Recent(most_bytes, len)

    def look_up(self, written: bytes) -> Phrase[T]:
        """Return the phrase of these bytes; raises what `read_phrase` raises."""
        found = self._kept.get(written)
        if found is None:
            found = read_phrase(written, self._rule)
            if len(written) <= _LONGEST_KEPT:
                self._kept.put(written, found)
        return found

    def forget(self) -> None:
        """Forget all phrases."""
        self._kept.clear()
