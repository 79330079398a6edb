"""The error of an effect between clusters that were trained and clusters that were not.

What each cluster adds to an estimate's error is its own, and each side counts by itself with n / (n - 1):
where two teams of twenty were trained, the error is known from two, and the degrees of freedom say so
(Satterthwaite). With a single trained cluster there is no error to be known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.permutation import least_possible

_CHANCE = 0.05


@dataclass(frozen=True)
class Between:
    """Rows of clusters, and which rows are trained: a cluster may have both kinds."""

    cluster: IntArray
    trained: BoolArray

    @cached_property
    def _places(self) -> tuple[int, IntArray]:
        names, place = np.unique(self.cluster, return_inverse=True)
        return len(names), np.asarray(place, np.int64)

    @cached_property
    def on(self) -> BoolArray:
        """Return which clusters have trained rows."""
        return self._any(self.trained)

    @cached_property
    def off(self) -> BoolArray:
        """Return which clusters have untrained rows."""
        return self._any(~self.trained)

    def _any(self, rows: BoolArray) -> BoolArray:
        n, place = self._places
        return np.asarray(np.bincount(place[rows], minlength=n) > 0)

    @property
    def crossed(self) -> bool:
        """Return whether some cluster has rows of both kinds."""
        return bool((self.on & self.off).any())

    @property
    def sizes(self) -> tuple[int, int]:
        """Return how many clusters have trained rows, and how many untrained ones."""
        return int(self.on.sum()), int(self.off.sum())

    @property
    def groups(self) -> list[BoolArray]:
        """Return the clusters that count together; none where one is alone with its side.

        Where hardly any cluster is without trained rows, those that have both kinds are compared
        with themselves, and all count together.
        """
        never = ~self.on
        if self.on.sum() < 2:
            return []
        if never.sum() > 1:
            return [self.on, never]
        return [np.ones(len(self.on), bool)] if self.crossed else []

    @property
    def too_few(self) -> bool:
        """Return whether no effect, however large, could be told from chance at one in twenty."""
        if len(self.groups) == 1:  # each against itself: a sign for every cluster
            return 2.0 ** (1 - len(self.on)) >= _CHANCE
        return not self.groups or least_possible(self.on.astype(np.int64)) >= _CHANCE

    def estimate(self, value: float, part: FloatArray) -> Estimate | None:
        """Return the estimate with the error of its clusters, from each row's part; None without one."""
        n, place = self._places
        squares = np.bincount(place, part, n) ** 2
        sizes = np.array([int(group.sum()) for group in self.groups], np.float64)
        if not len(sizes):
            return None
        own = np.array([float(squares[group].sum()) for group in self.groups])
        own = own * sizes / (sizes - 1)
        return Estimate(value, math.sqrt(float(own.sum())), freedom(own, sizes))


def freedom(variances: FloatArray, sizes: FloatArray) -> float:
    """Return Satterthwaite's degrees of freedom of the sum of the sides' variances.

    No more than they would be were all clusters alike: the few of a small side may lie close to each
    other by chance, and it is just then that their error is too small.
    """
    return min(_freedom(variances, sizes), _freedom(1 / sizes, sizes))


def _freedom(variances: FloatArray, sizes: FloatArray) -> float:
    total, below = float(variances.sum()), float((variances**2 / (sizes - 1)).sum())
    return total**2 / below if below > 0 else 1.0
