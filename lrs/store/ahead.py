"""Makes the next things ready while one is being used.

A database writes without the interpreter: meanwhile another thread reads the file and holds the
next statements to their rules.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class _Fault:
    """What making an item raised."""

    def __init__(self, raised: BaseException) -> None:
        self.raised = raised


class _Ready(Generic[T]):
    """The items that are made and not taken yet."""

    def __init__(self, most: int) -> None:
        self.line: queue.Queue[list[T] | _Fault] = queue.Queue(most)
        self.stopped = threading.Event()

    def make(self, items: Iterator[T]) -> None:
        """Make the items, until nobody takes them any more; an empty list is the end."""
        try:
            for item in items:
                self.line.put([item])
                if self.stopped.is_set():
                    return
            self.line.put([])
        except BaseException as exc:  # raised again where the item is taken
            self.line.put(_Fault(exc))

    def drop(self) -> None:
        """Let go of one item, so that there is room."""
        with suppress(queue.Empty):
            self.line.get_nowait()


def ahead(items: Iterator[T], most: int = 2) -> Iterator[T]:
    """Yield the items; up to ``most`` of those that follow are made in a thread beside.

    What making one raises is raised in its place. The thread ends with this iterator.
    """
    ready: _Ready[T] = _Ready(most)
    maker = threading.Thread(target=ready.make, args=(items,), name="ahead", daemon=True)
    maker.start()
    try:
        while made := ready.line.get():
            if isinstance(made, _Fault):
                raise made.raised
            yield from made
    finally:
        ready.stopped.set()
        while maker.is_alive():  # it may wait for room
            ready.drop()
            maker.join(0.01)
