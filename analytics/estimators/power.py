"""Before the fact: how many people it takes to see an effect, when whole teams are trained."""

from __future__ import annotations

import math
from typing import Any


def sample_size(
    d: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    cluster_size: float = 1.0,
    icc: float = 0.0,
) -> dict[str, Any]:
    """Return people and clusters a side for an effect of ``d`` standard deviations (two-sided t).

    People of one team are alike by ``icc``, so that each counts for one over the design effect,
    ``1 + (cluster_size - 1) * icc``. ``mde_n100`` is the smallest effect that a hundred people a side,
    each for themselves, would show.
    """
    from statsmodels.stats.power import TTestIndPower

    test = TTestIndPower()
    people = math.ceil(test.solve_power(d, alpha=alpha, power=power) - 1e-9)
    spread = 1 + (cluster_size - 1) * icc
    return {
        "n_per_group": people,
        "design_effect": spread,
        "n_per_group_clustered": math.ceil(people * spread - 1e-9),
        "clusters_per_group": math.ceil(people * spread / cluster_size - 1e-9),
        "mde_n100": float(test.solve_power(nobs1=100, alpha=alpha, power=power)),
    }
