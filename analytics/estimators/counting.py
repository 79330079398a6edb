"""How many there are: units and clusters, which are told by numbers, counted without putting them in order."""

from __future__ import annotations

import numpy as np

from analytics.estimators.grid import IntArray

_ROOM = 8
"""Numbers up to so many times as many as there are rows are ticked off; larger ones are sorted."""


def how_many(who: IntArray) -> int:
    """Return how many different ones there are.

    >>> how_many(np.array([3, 1, 3]))
    2
    """
    if not len(who):
        return 0
    if int(who.min()) < 0 or int(who.max()) > _ROOM * len(who):
        return len(np.unique(who))
    seen = np.zeros(int(who.max()) + 1, bool)
    seen[who] = True
    return int(np.count_nonzero(seen))
