"""Start drawn by lot: the efficient estimator of Roth and Sant'Anna (2023), as weights on cell means.

When chance alone decides who starts when, trained and not yet trained can be compared as they stand,
and the difference they had before the start is chance as well. How much of it to take off is
estimated: none of it (a plain comparison) and all of it (difference in differences) are the two ends,
and the amount that leaves the least error lies mostly between them.
"""

from __future__ import annotations

import numpy as np

from analytics.estimators.errors import Spread
from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.group_time import comparison_rows


def efficient(grid: Grid, deviations: Spread, comparison: str) -> FloatArray | None:
    """Return the weights of the mean effect over all trained units and periods; None without any."""
    both = _contrasts(grid, comparison)
    if both is None:
        return None
    after, before = both
    cov, _ = deviations.covariance(np.array([after, before]))
    share = cov[0, 1] / cov[1, 1] if cov[1, 1] > 0 else 1.0
    return np.asarray(after - share * before)


def _contrasts(grid: Grid, comparison: str) -> tuple[FloatArray, FloatArray] | None:
    """Return the weights of trained less not yet trained: once trained, and just before the start."""
    after, before = np.zeros(grid.den.shape), np.zeros(grid.den.shape)
    total = 0.0
    for g in grid.starts.tolist():
        untrained = np.flatnonzero(grid.untreated[g])
        if not len(untrained):
            continue
        base = int(untrained[-1])
        for t in np.flatnonzero(grid.treated[g]).tolist():
            others = comparison_rows(grid, g, t, comparison)
            others &= grid.there[:, t] & grid.there[:, base]
            if not others.any():
                continue
            size = float(grid.den[g, t])
            total += size
            for weights, column in ((after, t), (before, base)):
                share = grid.den[others, column] / grid.den[others, column].sum()
                weights[g, column] += size
                weights[others, column] -= size * share
    return (after / total, before / total) if total > 0 else None
