"""A mapping of bounded size that forgets what was not used lately."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _as_one(_key: object) -> int:
    return 1


class Recent(Generic[K, V]):
    """A mapping that forgets what was not used lately.

    Two generations: when the young one is full it becomes the old one, and the old one is dropped.
    Reading and writing are single operations on a dict, so threads need no lock; the worst a race
    can do is to forget.
    """

    def __init__(self, size: int, weigh: Callable[[K], int] = _as_one) -> None:
        """``size`` is that of one generation: the number of its keys, or what they weigh."""
        self._size = size
        self._weigh = weigh
        self._weight = 0
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
        if self._weight >= self._size:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = value
        self._weight += self._weigh(key)

    def clear(self) -> None:
        """Forget everything."""
        self._old, self._young, self._weight = {}, {}, 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
