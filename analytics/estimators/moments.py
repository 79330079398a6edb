"""Errors from the sums and products of the clusters' deviations, where clusters are too many to list.

With people as clusters there are as many as there are people, and a table of them would not fit.
Their spread is all that an error needs, and it fits: for each cohort, how many clusters it has, the
sum of their deviations by period, and the sum of the products of every two periods. Panels too large
to list add them up themselves (`analytics.store.adding`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from analytics.estimators.grid import FloatArray, Grid, IntArray

LISTED = 50_000
"""Clusters up to which a table of them is small, and is used."""


@dataclass(frozen=True)
class Moments:
    """By cohort: the clusters seen, their deviations added up, and the products of these."""

    clusters: IntArray
    total: FloatArray
    squares: FloatArray


@runtime_checkable
class Summing(Protocol):
    """A panel that can add its clusters up itself."""

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the moments of ``(num - mean * den) / cell's den``; None to have clusters listed."""
        ...
