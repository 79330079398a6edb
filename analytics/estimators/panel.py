"""A unit × period panel, seen only through its sums.

Every estimator here is linear in cell means, so two passes suffice, and they are what keeps a
company of ten million people out of memory: `cells` gives counts and sums by cohort and period; the
weights of every estimand are worked out from those; `scores` gives, for each cluster, the weighted
sum of deviations from the cell means, from which the errors follow. A table in memory
(`RowPanel`) and the record store (`analytics.store`, in SQL) answer the same two questions.

A cohort is the period in which a unit was first trained; ``NEVER`` marks units never trained. The
outcome of a row is ``num / den``: a measured value has ``den = 1``, a count or rate its exposure.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

NEVER = 2_147_483_647
"""The cohort of units that were never trained: later than every period."""


class Scores(NamedTuple):
    """The weighted deviations of clusters, one line per cohort and cluster, sorted by these."""

    cohort: npt.NDArray[np.int64]
    cluster: npt.NDArray[np.generic]
    """Their numbers or names."""
    values: npt.NDArray[np.float64]
    """Clusters × estimands, in the order of the weights."""


class Panel(Protocol):
    """What an estimator may ask of a panel."""

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period, sorted by both.

        Columns: ``cohort`` (int, ``NEVER`` for never), ``period`` (int), ``rows`` (observations),
        ``num`` and ``den`` (their sums), ``num2`` (sum of num²/den, for spreads).
        """
        ...

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: ``cohort``, ``clusters`` and ``people`` (distinct, int)."""
        ...

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return the score of each cluster for each estimand.

        ``weights`` has ``cohort``, ``period``, ``mean`` and one column per estimand. The value is
        the sum over the cluster's rows of ``weight * (num - mean * den)``.
        """
        ...
