"""Ratios of rates: against statsmodels' Poisson regression, the bootstrap, and a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analytics.estimators.errors import deviations_of
from analytics.estimators.grid import grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.poisson import rate_ratio
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.study import Study

COUNT = Question(kind="count", better="down")


def events(seed: int, ratio: float = 0.8, teams: int = 10, shock: float = 0.2) -> pd.DataFrame:
    """Errors in cases: teams with a level and shocks of their own, fewer errors once trained."""
    random = np.random.default_rng(seed)
    rows = []
    for cohort in (4, 7, NEVER):
        for team in range(teams):
            level = random.normal(-3, 0.3)
            for period in range(10):
                den = float(random.integers(200, 400))
                rate = np.exp(level + 0.03 * period + shock * random.normal())
                num = random.poisson(den * rate * ratio ** (period >= cohort))
                rows.append((f"{cohort}-{team}", period, cohort, float(num), den))
    return pd.DataFrame(rows, columns=["unit", "period", "cohort", "num", "den"])


def test_ratio_is_observed_over_the_regressions_prediction() -> None:
    cells = events(1).groupby(["cohort", "period"])[["num", "den"]].sum().reset_index()
    design = pd.concat(
        [
            pd.get_dummies(cells["cohort"], dtype=float, prefix="g"),
            pd.get_dummies(cells["period"], dtype=float, prefix="t").iloc[:, 1:],
        ],
        axis=1,
    )
    trained = cells["period"] >= cells["cohort"]
    model = sm.GLM(
        cells["num"][~trained],
        design[~trained],
        family=sm.families.Poisson(),
        offset=np.log(cells["den"][~trained]),
    ).fit(tol=1e-12)
    expected = model.predict(design[trained], offset=np.log(cells["den"][trained])).sum()
    made = rate_ratio(grid_of(RowPanel(events(1))))
    assert made is not None
    assert made.log == pytest.approx(np.log(cells["num"][trained].sum() / expected), abs=1e-7)


def test_weights_are_the_derivative_of_the_log_ratio() -> None:
    """Move one cell's rate a little: the logarithm moves by its weight."""
    frame = events(2, teams=3)
    grid = grid_of(RowPanel(frame))
    made = rate_ratio(grid)
    assert made is not None
    for cohort, period in ((0, 1), (1, 5), (2, 8), (0, 6), (2, 2)):
        step = np.zeros_like(grid.num)
        step[cohort, period] = 1e-4 * grid.den[cohort, period]
        up, down = (
            rate_ratio(type(grid)(**{**vars_of(grid), "num": grid.num + sign * step}))
            for sign in (1, -1)
        )
        assert up is not None
        assert down is not None
        slope = (up.log - down.log) / 2e-4
        assert slope == pytest.approx(made.weights[cohort, period], rel=1e-3, abs=1e-6)


def vars_of(grid: object) -> dict[str, object]:
    names = ("cohorts", "periods", "num", "den", "num2", "rows", "clusters", "people")
    return {name: getattr(grid, name) for name in names}


def test_interval_covers_the_true_ratio() -> None:
    covered, found = [], []
    for seed in range(100):
        told = Study(RowPanel(events(seed)), COUNT).log_ratio
        assert told is not None
        covered.append(told.low <= np.log(0.8) <= told.high)
        found.append(told.value)
    assert np.mean(found) == pytest.approx(np.log(0.8), abs=0.02)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_a_cohort_without_a_single_event_is_left_out() -> None:
    frame = events(3)
    frame.loc[frame["cohort"] == 7, "num"] = 0.0
    panel = RowPanel(frame)
    grid = grid_of(panel)
    made = rate_ratio(grid)
    assert made is not None
    assert made.observed == grid.num[0, grid.periods >= 4].sum()
    cov, _ = deviations_of(panel, grid).covariance(made.weights[None])
    assert np.isfinite(cov).all()


def test_no_event_after_the_start_has_no_ratio() -> None:
    frame = events(4)
    frame.loc[frame["period"] >= frame["cohort"], "num"] = 0.0
    assert rate_ratio(grid_of(RowPanel(frame))) is None
