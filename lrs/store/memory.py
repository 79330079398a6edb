"""What one process remembers of a database, so that it need not ask again for what cannot change.

Only what was committed is remembered, and only facts that hold for ever: the number of a term, the
number of an authority. What is forgotten costs a question and nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets what was not used lately.

    Two generations: when the young one is full it becomes the old one, and the old one is dropped.
    Reading and writing are single operations on a dict, so threads need no lock; the worst a race
    can do is to forget.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return what is remembered of the key, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember the value."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Memory:
    """What a process remembers of one database."""

    def __init__(self) -> None:
        #: (tenant, kind, value) → number of the term
        self.terms: Recent[tuple[int, int, str], int] = Recent(50_000)
        #: (tenant, digest) → number of the authority
        self.authorities: Recent[tuple[int, bytes], int] = Recent(1_000)
        #: (tenant, activity) → hash of the definition that was merged last
        self.definitions: Recent[tuple[int, str], int] = Recent(20_000)
