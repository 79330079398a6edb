"""How many requests a key may send in a minute, for those keys that have a limit.

A limit is a guard against a tool that has run wild, not a price list: nobody who keeps to it is ever
refused. So each process counts for itself and in memory, and with several workers (or machines) up
to that many times the limit may pass; what is over it in one process is over it in all. Counting
costs no look at the database.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_MINUTE_S = 60


@dataclass(slots=True)
class _Counted:
    seconds: deque[tuple[int, int]] = field(default_factory=deque)
    """The seconds in which requests were let in, and how many, oldest first."""
    total: int = 0


class Limits:
    """Counts requests by key, in whole seconds over the last minute."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[int, _Counted] = {}
        self._lock = threading.Lock()

    def wait_s(self, key_id: int, limit: int | None) -> int:
        """Count one request of the key and return 0, or return the seconds until the next may come.

        A refused request is not counted, so that who waits as told is let in.
        """
        if limit is None:
            return 0
        now = self._clock()
        with self._lock:
            counted = self._counted.setdefault(key_id, _Counted())
            _forget(counted, int(now))
            if counted.total >= limit:
                free_at = counted.seconds[0][0] + _MINUTE_S + 1
                return max(1, math.ceil(free_at - now))
            _count(counted, int(now))
        return 0


def _forget(counted: _Counted, second: int) -> None:
    # A second counts until it is over a minute ago as a whole.
    while counted.seconds and counted.seconds[0][0] < second - _MINUTE_S:
        counted.total -= counted.seconds.popleft()[1]


def _count(counted: _Counted, second: int) -> None:
    counted.total += 1
    if counted.seconds and counted.seconds[-1][0] == second:
        counted.seconds[-1] = (second, counted.seconds[-1][1] + 1)
    else:
        counted.seconds.append((second, 1))
