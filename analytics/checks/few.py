"""With fewer than twelve clusters no formula for the error can be trusted: deal the starts anew.

Each cluster's own series is kept and the cohorts are dealt among the clusters in every way; what
the estimate's weights give is compared with what they gave in fact. A single trained cluster is
this test's extreme: the rank of its effect among the placebo effects of the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.panel import Panel
from analytics.estimators.permutation import Permuted, deal_test

FEW = 12


def dealt_anew(panel: Panel, grid: Grid, weights: FloatArray) -> Permuted | None:
    """Return the permutation p value, or None when some cluster was not seen in every period."""
    num, den, cohort = _series(panel, grid)
    needed = (weights != 0).any(axis=0)
    if len(cohort) < 2 or len(np.unique(cohort)) < 2 or (den[:, needed] <= 0).any():
        return None
    mean = np.divide(num, den, out=np.zeros_like(num), where=den > 0)
    share = weights / np.maximum(np.bincount(cohort, minlength=len(weights)), 1)[:, None]
    return deal_test(mean @ share.T, cohort)


def _series(panel: Panel, grid: Grid) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """Return each cluster's sums by period, through the panel's second pass."""
    num, cohort = _sums(panel, grid, mean=0.0)
    less, _ = _sums(panel, grid, mean=-1.0)
    return num, less - num, cohort


def _sums(panel: Panel, grid: Grid, mean: float) -> tuple[FloatArray, np.ndarray]:
    at, when = np.nonzero(grid.there)
    names = [f"p{column}" for column in range(len(grid.periods))]
    table = pd.DataFrame({"cohort": grid.cohorts[at], "period": grid.periods[when], "mean": mean})
    own = (when[:, None] == np.arange(len(names))).astype(np.float64)
    answer = panel.scores(table.join(pd.DataFrame(own, columns=names)))
    rows = np.searchsorted(grid.cohorts, answer["cohort"].to_numpy(np.int64))
    known = ~grid.always[rows]
    return answer[names].to_numpy(np.float64)[known], rows[known]
