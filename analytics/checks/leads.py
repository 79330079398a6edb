"""Were the trained already on another way before they were trained? Two one-degree tests.

The joint test of all leads over-rejects with few clusters (27 % instead of 5 % with 40 teams), so
two contrasts ask the two questions that matter: a *dip*, the last period before the start against
all earlier ones (people sent because of a bad month), and a *slope*, a line through the earlier
ones (people sent because they were on their way up or down). The last period takes no part in the
slope, so the two do not test the same thing. Both compare with everyone not yet trained, and weigh
each cohort by how much it can tell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from analytics.estimators.errors import Measured
from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray
from analytics.estimators.group_time import comparison_rows, steady_share

Contrast = Callable[[IntArray], FloatArray]


def dip(grid: Grid) -> FloatArray | None:
    """Return the weights of the last period before the start, against the earlier ones."""
    return _pooled(grid, _dip_contrast, least=2)


def slope(grid: Grid) -> FloatArray | None:
    """Return the weights of the line through the leads, the last one left out, per period."""
    return _pooled(grid, _slope_contrast, least=3)


def _dip_contrast(periods: IntArray) -> FloatArray:
    earlier = len(periods) - 1
    return np.append(np.full(earlier, -1.0 / earlier), 1.0)


def _slope_contrast(periods: IntArray) -> FloatArray:
    time = periods[:-1] - periods[:-1].mean()
    return np.append(time / (time @ time), 0.0)


def _pooled(grid: Grid, contrast: Contrast, least: int) -> FloatArray | None:
    """Return the mean over cohorts of one contrast of their leads, weighed by precision."""
    total, precision = np.zeros(grid.den.shape), 0.0
    for g in grid.starts:
        leads = np.flatnonzero(grid.untreated[g])
        others = comparison_rows(grid, g, int(grid.last_before[g]), "both")
        others &= grid.there[:, leads].all(axis=1)
        if len(leads) < least or not others.any():
            continue
        along = contrast(grid.periods[leads])
        own = _against(grid, g, others, leads, along)
        weight = _precision(grid, g, others, along)
        total += weight * own
        precision += weight
    return total / precision if precision > 0 else None


def _against(
    grid: Grid, g: int, others: BoolArray, leads: IntArray, along: FloatArray
) -> FloatArray:
    weights = np.zeros(grid.den.shape)
    weights[g, leads] = along
    share = steady_share(grid, others, leads)
    weights[np.ix_(others, leads)] -= np.outer(share, along)
    return weights


def _precision(grid: Grid, g: int, others: BoolArray, along: FloatArray) -> float:
    """Return what one over the variance would be, were all clusters and periods alike."""
    clusters = 1.0 / grid.clusters[g] + 1.0 / grid.clusters[others].sum()
    return float(1.0 / (clusters * (along @ along)))


def joint(leads: Measured, names: list[str]) -> dict[str, float | int] | None:
    """Return the Wald test that all group-time leads are zero; for the record, not for a flag.

    None when there are too many leads for the clusters to tell them apart.
    """
    if not names:
        return None
    values, cov = leads.block(names)
    if np.linalg.matrix_rank(cov, hermitian=True) < len(names):
        return None
    wald = float(values @ np.linalg.solve(cov, values))
    return {"statistic": wald, "df": len(names), "p": float(special.chdtrc(len(names), wald))}
