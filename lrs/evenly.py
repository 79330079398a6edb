"""New connections go to the process that holds the fewest of them.

Processes that listen on one socket are all woken by a connection, and the quickest takes it: a burst
of senders that keep their connections, as most do, may all end at one process while another, and the
processor it would have had, has nothing to do. So each says in memory that all share how many it holds, and
one that holds more than another leaves what is new to that one for a moment. When nobody has
taken it by then, because the other is busy or gone, it takes it after all.
"""

from __future__ import annotations

import mmap

_SIZE = 4


class Held:
    """How many connections each of several processes holds; made before they part."""

    def __init__(self, processes: int) -> None:
        self._numbers = memoryview(mmap.mmap(-1, _SIZE * processes)).cast("i")

    def of(self, place: int) -> Share:
        """Return the share of the process of that place among them."""
        return Share(self._numbers, place)


class Share:
    """The connections of one process, beside those of the others."""

    def __init__(self, numbers: memoryview[int], place: int) -> None:
        self._numbers = numbers
        self._place = place

    def tell(self, connections: int) -> None:
        """Tell the others how many this process holds."""
        self._numbers[self._place] = connections

    def is_large(self) -> bool:
        """Return whether another process holds fewer."""
        return self._numbers[self._place] > min(self._numbers)
