"""Which months of whom are not read, because a plan reads the effect from a later month on.

Where a team starts before that, its months in between are trained, and outside what was planned: they
stand neither before nor after. Where the answer rests on a draw, nobody's months count from the first
drawn start on, so that the same months would be missing whatever the lot had said.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.estimators.grid import BoolArray, IntArray


class Unread(NamedTuple):
    """The months before ``until`` in which somebody is trained; of all from ``since`` on, if it is given."""

    until: int
    since: int | None = None

    def of(self, cohort: int | IntArray, months: IntArray) -> BoolArray:
        """Return which of these months of a cohort, or each of its own, are not read."""
        begin = cohort if self.since is None else self.since
        return np.asarray((months >= begin) & (months < self.until))
