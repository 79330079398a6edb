"""A mapping of bounded size that forgets what it has held longest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_KEPT_OF_FULL = 0.9


def _as_one(_key: object) -> int:
    return 1


class Recent(Generic[K, V]):
    """A mapping that holds so much and no more; when it is full, the tenth that came first goes.

    What is asked for all the time goes too, and comes back the next time it is met: to know what is
    used would cost every look more than that costs once in a while. It holds about as much at all
    times, so what it takes of the memory of a process soon stands still. Looks need no lock.
    """

    def __init__(self, size: int, weigh: Callable[[K], int] = _as_one) -> None:
        """``size`` is the number of its keys, or what they weigh."""
        self._size = size
        self._weigh = weigh
        self._weight = 0
        self._kept: dict[K, V] = {}
        self._changing = threading.Lock()
        self.get: Callable[[K], V | None] = self._kept.get
        """Return what is remembered of a key, or None."""

    def put(self, key: K, value: V) -> None:
        """Remember the value."""
        with self._changing:
            if key not in self._kept:
                self._weight += self._weigh(key)
            self._kept[key] = value
            if self._weight > self._size:
                self._make_room()

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._kept.clear()
            self._weight = 0

    def _make_room(self) -> None:
        going, weight = [], self._weight
        for key in self._kept:
            if weight <= self._size * _KEPT_OF_FULL:
                break
            going.append(key)
            weight -= self._weigh(key)
        for key in going:
            del self._kept[key]
        self._weight = weight

    def __len__(self) -> int:
        return len(self._kept)
