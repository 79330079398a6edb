"""Each cluster's own series, and how clusters move about one course, whoever of them was trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, Grid, IntArray
from analytics.estimators.panel import Panel


class Series(NamedTuple):
    """The clusters' sums by period (clusters × periods), the row of each one's cohort, and its name."""

    num: FloatArray
    den: FloatArray
    cohort: IntArray
    cluster: np.ndarray

    @property
    def covariance(self) -> FloatArray:
        """Return the covariance over periods of a cluster's mean about the course of all.

        It is the same whoever was drawn, effects apart.
        """
        size = self.den.mean(axis=0)
        course = self.num.sum(axis=0) / np.where(size > 0, self.den.sum(axis=0), 1.0)
        off = (self.num - course * self.den) / np.where(size > 0, size, 1.0)
        return np.asarray(off.T @ off / max(len(off) - 1, 1))


def series(panel: Panel, grid: Grid) -> Series:
    """Return each cluster's sums by period, its cohort and itself, by the panel's second pass."""
    num, cohort, cluster = _sums(panel, grid, mean=0.0)
    less, *_ = _sums(panel, grid, mean=-1.0)
    return Series(num, less - num, cohort, cluster)


def _sums(panel: Panel, grid: Grid, mean: float) -> tuple[FloatArray, IntArray, np.ndarray]:
    at, when = np.nonzero(grid.there)
    names = [f"p{column}" for column in range(len(grid.periods))]
    table = pd.DataFrame({"cohort": grid.cohorts[at], "period": grid.periods[when], "mean": mean})
    own = (when[:, None] == np.arange(len(names))).astype(np.float64)
    answer = panel.scores(table.join(pd.DataFrame(own, columns=names)))
    rows = np.searchsorted(grid.cohorts, answer.cohort)
    known = ~grid.always[rows]
    return answer.values[known], rows[known], answer.cluster[known]
