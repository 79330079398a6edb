"""Small roll-outs with a known effect, made on the spot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.estimators.panel import NEVER


def roll_out(
    *,
    seed: int = 1,
    cohorts: dict[int, int] | None = None,
    periods: int = 10,
    people: int = 1,
    effect: float = 0.0,
    noise: float = 1.0,
    trend: float = 0.0,
    dip: float = 0.0,
) -> pd.DataFrame:
    """Return rows of a roll-out: ``cohorts`` says how many clusters start when.

    ``trend`` lets the trained drift by so much a period, ``dip`` moves their last period before the
    start. Every cluster has a level of its own; ``people`` rows stand in it each period.
    """
    random = np.random.default_rng(seed)
    started = cohorts or {4: 10, 7: 10, NEVER: 10}
    cohort = np.repeat(list(started), list(started.values()))
    shape = (len(cohort), periods, people)
    at, period, person = (index.ravel() for index in np.indices(shape))
    start = cohort[at]
    value = random.normal(size=len(cohort))[at] + noise * random.normal(size=at.size)
    value += 0.1 * period + effect * (period >= start)
    value += trend * period * (start != NEVER) + dip * (period == start - 1)
    unit = at * people + person
    columns = {"unit": unit, "period": period, "cohort": start, "cluster": at, "num": value}
    return pd.DataFrame(columns)
