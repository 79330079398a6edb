"""Each estimator against a second implementation: diff-diff and statsmodels, to 1e-6."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rollouts import roll_out

from analytics.answering import answer_panel
from analytics.estimators import fits, group_time, naive
from analytics.estimators.errors import deviations_of, measure
from analytics.estimators.grid import Grid, grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import diff_diff

EXACT = 1e-6


def grid(frame: pd.DataFrame) -> Grid:
    return grid_of(RowPanel(frame))


def value(weights: np.ndarray | None, cells: Grid) -> float:
    assert weights is not None
    return float((weights * cells.mean).sum())


def theirs(frame: pd.DataFrame, made: Any, **more: Any) -> Any:
    table = frame.assign(first=frame["cohort"].where(frame["cohort"] != NEVER, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made.fit(
            table, outcome="num", unit="unit", time="period", first_treat="first", **more
        )


@pytest.mark.parametrize(
    ("comparison", "control"), [("never", "never_treated"), ("not_yet", "not_yet_treated")]
)
def test_group_time_effects_equal_diff_diff(comparison: str, control: str) -> None:
    frame = roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9})
    result = theirs(frame, diff_diff.CallawaySantAnna(control_group=control))
    cells = grid(frame)
    effects = group_time.group_time(cells, comparison)
    compared = 0
    for at in range(len(effects.event)):
        key = (cells.cohorts[effects.cohort[at]], cells.periods[effects.period[at]])
        if key in result.group_time_effects:
            want = result.group_time_effects[key]["effect"]
            assert value(effects.weights[at], cells) == pytest.approx(want, abs=EXACT)
            compared += 1
    assert compared >= 20
    assert value(group_time.simple(effects), cells) == pytest.approx(result.overall_att, abs=EXACT)


def test_event_study_equals_diff_diff() -> None:
    frame = roll_out(effect=0.5, cohorts={3: 8, 5: 6, NEVER: 9})
    made = diff_diff.CallawaySantAnna(control_group="never_treated")
    result = theirs(frame, made, aggregate="event_study")
    cells = grid(frame)
    effects = group_time.group_time(cells, "never")
    for event in range(5):
        want = result.event_study_effects[event]["effect"]
        got = value(group_time.at_event(effects, event), cells)
        assert got == pytest.approx(want, abs=EXACT)


def test_imputation_equals_diff_diff() -> None:
    frame = roll_out(effect=0.5, cohorts={3: 8, 5: 6, 8: 7, NEVER: 9})
    result = theirs(frame, diff_diff.ImputationDiD())
    cells = grid(frame)
    assert value(fits.imputation(cells), cells) == pytest.approx(result.overall_att, abs=EXACT)


def dummies(frame: pd.DataFrame) -> pd.DataFrame:
    trained = (frame["period"] >= frame["cohort"]).astype(float).rename("trained")
    fixed = [pd.get_dummies(frame[key], dtype=float, prefix=key) for key in ("unit", "period")]
    return pd.concat([trained, fixed[0], fixed[1].iloc[:, 1:]], axis=1)


def test_two_way_fixed_effects_equal_least_squares() -> None:
    frame = roll_out(effect=0.5)
    want = sm.OLS(frame["num"], dummies(frame)).fit().params["trained"]
    cells = grid(frame)
    assert value(fits.twfe(cells), cells) == pytest.approx(want, abs=EXACT)


def test_trend_adjusted_equals_least_squares_with_lines() -> None:
    frame = roll_out(effect=0.5, periods=8, cohorts={4: 8, 5: 6, NEVER: 9})
    lines = pd.get_dummies(frame["cohort"], dtype=float, prefix="line").mul(frame["period"], axis=0)
    table = pd.concat([dummies(frame), lines.iloc[:, 1:]], axis=1)
    want = sm.OLS(frame["num"], table).fit().params["trained"]
    cells = grid(frame)  # too short a time after the start for the settling periods to be left out
    got = value(fits.trend_adjusted(cells, fits.by_exposure(cells)), cells)
    assert got == pytest.approx(want, abs=EXACT)


def test_before_after_is_the_difference_of_the_trained_units_means() -> None:
    frame = roll_out(effect=0.5)
    own = frame[frame["cohort"] != NEVER]
    after = own["period"] >= own["cohort"]
    cells = grid(frame)
    want = own.loc[after, "num"].mean() - own.loc[~after, "num"].mean()
    assert value(naive.before_after(cells), cells) == pytest.approx(want, abs=1e-12)


def test_two_groups_two_periods_have_welchs_error() -> None:
    """One change a cluster, two groups: the clustered error is Welch's, and so are its degrees."""
    frame = roll_out(cohorts={1: 9, NEVER: 14}, periods=2)
    wide = frame.pivot_table(index=["cohort", "unit"], columns="period", values="num")
    change = (wide[1] - wide[0]).rename("change").reset_index()
    one = change.loc[change["cohort"] == 1, "change"]
    other = change.loc[change["cohort"] == NEVER, "change"]
    welch = sm.stats.CompareMeans(sm.stats.DescrStatsW(one), sm.stats.DescrStatsW(other))
    _, p, df = welch.ttest_ind(usevar="unequal")[0:1] + welch.ttest_ind(usevar="unequal")[1:3]
    panel = RowPanel(frame)
    cells = grid_of(panel)
    effects = group_time.group_time(cells, "never")
    told = measure(deviations_of(panel, cells), {"did": group_time.simple(effects)})["did"]
    assert (told.p, told.df) == (pytest.approx(p, abs=1e-9), pytest.approx(df, abs=1e-9))


def test_two_periods_leave_one_way_to_compare_and_nothing_to_disagree() -> None:
    """All estimators are the same difference of differences; rounding is no disagreement."""
    answer = answer_panel(
        RowPanel(roll_out(cohorts={1: 40, NEVER: 30}, periods=2, effect=2.0)), Question()
    )
    made = answer["estimates"]
    assert made["simple"]["att"] == pytest.approx(made["imputation"]["att"], abs=1e-9)
    assert answer["checks"]["base_disagreement"]["p"] == 1.0
    assert "estimators_disagree" not in answer["flags"]
    assert answer["verdict"] == "improved"
