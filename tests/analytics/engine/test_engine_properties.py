"""What holds for every panel: effects put in come out, nothing comes out of nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.checks import leads
from analytics.estimators import fits, group_time, naive
from analytics.estimators.errors import deviations_of
from analytics.estimators.grid import Grid, grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.working import working_covariance

SMALL = settings(max_examples=15, deadline=None)


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Panels without noise: a level each, a season for all, some rows missing, some exposure."""
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    starts = draw(st.lists(st.integers(2, 8), min_size=1, max_size=3, unique=True))
    season = random.normal(size=9)
    rows = []
    for at, cohort in enumerate([*starts, NEVER]):
        for unit in range(draw(st.integers(2, 4))):
            for period in range(9):
                den = float(random.integers(1, 9))
                mean = at + season[period]  # the level is the cohort's, so weights cannot matter
                rows.append((f"{at}-{unit}", period, cohort, mean * den, den))
    return pd.DataFrame(rows, columns=["unit", "period", "cohort", "num", "den"])


def estimates(grid: Grid, panel: RowPanel) -> dict[str, float]:
    effects = group_time.group_time(grid, "both")
    covariance = working_covariance(grid, deviations_of(panel, grid).pooled)
    weights = {
        "simple": group_time.simple(effects),
        "group": group_time.group(effects),
        "dynamic": group_time.dynamic(effects),
        "imputation": fits.imputation(grid),
        "weighted": fits.imputation(grid, covariance),
    }
    return {
        name: float((array * grid.mean).sum())
        for name, array in weights.items()
        if array is not None
    }


@SMALL
@given(frame=panels())
def test_no_effect_is_found_where_there_is_none(frame: pd.DataFrame) -> None:
    panel = RowPanel(frame)
    for name, value in estimates(grid_of(panel), panel).items():
        assert value == pytest.approx(0, abs=1e-8), name


@SMALL
@given(frame=panels(), effect=st.floats(-5, 5))
def test_an_effect_put_in_comes_out(frame: pd.DataFrame, effect: float) -> None:
    trained = frame["period"] >= frame["cohort"]
    panel = RowPanel(frame.assign(num=frame["num"] + effect * frame["den"] * trained))
    for name, value in estimates(grid_of(panel), panel).items():
        assert value == pytest.approx(effect, abs=1e-7), name


@SMALL
@given(frame=panels())
def test_levels_and_seasons_are_neither_dip_nor_slope(frame: pd.DataFrame) -> None:
    grid = grid_of(RowPanel(frame))
    for weights in (leads.dip(grid), leads.slope(grid)):
        if weights is not None:
            assert float((weights * grid.mean).sum()) == pytest.approx(0, abs=1e-9)


@SMALL
@given(frame=panels(), seed=st.integers(0, 99))
def test_order_of_rows_does_not_matter(frame: pd.DataFrame, seed: int) -> None:
    shuffled = frame.sample(frac=1, random_state=seed)
    one, other = RowPanel(frame), RowPanel(shuffled)
    pd.testing.assert_frame_equal(one.cells(), other.cells())
    pd.testing.assert_frame_equal(one.sizes(), other.sizes())


@SMALL
@given(frame=panels())
def test_weights_of_each_cohort_and_estimate_cancel(frame: pd.DataFrame) -> None:
    """No level of a cohort or of a period can leak into an effect."""
    grid = grid_of(RowPanel(frame))
    weights = fits.imputation(grid)
    assert weights is not None
    assert np.abs(weights.sum(axis=1)).max() < 1e-9
    assert np.abs(weights.sum(axis=0)).max() < 1e-9


def test_two_way_fixed_effects_go_wrong_where_effects_grow() -> None:
    """The reason it is among the naive numbers: growing effects, early and late starters only."""
    rows = [
        (f"{cohort}-{unit}", period, cohort, float(max(0, period - cohort + 1)))
        for cohort in (2, 7)
        for unit in range(4)
        for period in range(12)
    ]
    grid = grid_of(RowPanel(pd.DataFrame(rows, columns=["unit", "period", "cohort", "num"])))
    wrong = naive.naive(grid)["twfe"]
    right = group_time.simple(group_time.group_time(grid, "both"))
    assert wrong is not None
    assert right is not None
    assert float((right * grid.mean).sum()) == pytest.approx(3.0)  # of 1, 2, 3, 4, 5
    assert float((wrong * grid.mean).sum()) < 1.0
