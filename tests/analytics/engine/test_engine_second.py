"""Estimators for draws by lot against a second implementation, to 1e-9."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rollouts import roll_out

from analytics.estimators import randomised
from analytics.estimators.efficient import efficient
from analytics.estimators.errors import deviations_of, measure
from analytics.estimators.grid import grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.randomised import Draw
from analytics.estimators.row_panel import RowPanel


def staggered(frame: pd.DataFrame) -> tuple[float, float]:
    """The plug-in efficient estimator of Roth and Sant'Anna (2023), section 4, on units' rows.

    Every cohort's mean outcome path has a weight in the effect and one in the earlier difference;
    with Neyman's covariance of the paths the two give the adjustment and the error.
    """
    wide = frame.pivot(index="unit", columns="period", values="num")
    start = frame.groupby("unit")["cohort"].first()
    cohorts, periods = sorted(start.unique()), list(wide.columns)
    size = start.value_counts()
    after = {g: np.zeros(len(periods)) for g in cohorts}
    before = {g: np.zeros(len(periods)) for g in cohorts}
    pairs = [
        (g, t)
        for g in cohorts
        for t in periods
        if periods[0] < g <= t and any(other > t for other in cohorts)
    ]
    total = sum(size[g] for g, _ in pairs)
    for g, t in pairs:
        others = [other for other in cohorts if other > t]
        beside = sum(size[other] for other in others)
        for weights, column in ((after, t), (before, g - 1)):
            weights[g][column] += size[g] / total
            for other in others:
                weights[other][column] -= size[g] / total * size[other] / beside
    parts = np.zeros((2, 2))
    means = np.zeros(2)
    for g in cohorts:
        paths = wide[start == g].to_numpy()
        both = np.array([after[g], before[g]])
        means += both @ paths.mean(axis=0)
        parts += both @ np.cov(paths.T) @ both.T / len(paths)
    share = parts[0, 1] / parts[1, 1]
    variance = parts[0, 0] - 2 * share * parts[0, 1] + share**2 * parts[1, 1]
    return float(means[0] - share * means[1]), float(variance**0.5)


@pytest.mark.parametrize("never", [0, 9])
def test_efficient_equals_the_papers_formula_on_units(never: int) -> None:
    cohorts = {3: 8, 5: 6, 8: 7} | ({NEVER: never} if never else {})
    frame = roll_out(seed=2, effect=0.5, cohorts=cohorts)
    panel = RowPanel(frame)
    grid = grid_of(panel)
    deviations = deviations_of(panel, grid)
    made = measure(deviations, {"efficient": efficient(grid, deviations, "both")})["efficient"]
    assert (made.value, made.se) == pytest.approx(staggered(frame), abs=1e-9)


def experiment(size: int = 90) -> Draw:
    random = np.random.default_rng(8)
    side = np.arange(size, dtype=np.int64) % 2
    before = random.normal(size=(size, 2))
    outcome = before @ [1.0, -0.5] + 0.4 * side + random.normal(size=size) * (1 + side)
    rows = np.arange(size, dtype=np.int64)
    return Draw(outcome, np.ones(size), side, rows, before - before.mean(axis=0))


def test_adjusted_difference_equals_least_squares_with_hc2() -> None:
    draw = experiment()
    table = sm.add_constant(np.column_stack([draw.side, draw.covariates]))
    fit = sm.OLS(draw.num, table).fit(cov_type="HC2")
    made = randomised.ancova(draw)
    assert made is not None
    assert (made.value, made.se) == pytest.approx((fit.params[1], fit.bse[1]), abs=1e-9)


def test_plain_difference_equals_welch() -> None:
    draw = experiment()
    sides = [sm.stats.DescrStatsW(draw.num[draw.side == side]) for side in (1, 0)]
    _, p, df = sm.stats.CompareMeans(*sides).ttest_ind(usevar="unequal")
    made = randomised.difference(draw)
    assert (made.p, made.df) == pytest.approx((p, df), abs=1e-9)


def test_ratio_of_rates_equals_poisson_with_robust_errors() -> None:
    """A regression with nothing but the side: the sandwich, side by side, is Neyman's."""
    random = np.random.default_rng(9)
    side = np.arange(80, dtype=np.int64) % 2
    den = random.integers(5, 20, 80).astype(float)
    num = random.poisson(den * (0.3 + 0.1 * side)).astype(float)
    draw = Draw(num, den, side, np.arange(80, dtype=np.int64), np.empty((80, 0)))
    model = sm.GLM(num, sm.add_constant(side), family=sm.families.Poisson(), offset=np.log(den))
    fit = model.fit(cov_type="HC0")
    made = randomised.log_ratio(draw)
    assert made is not None
    assert made.value == pytest.approx(fit.params[1], abs=1e-9)
    assert made.se == pytest.approx(fit.bse[1] * (40 / 39) ** 0.5, abs=1e-9)
