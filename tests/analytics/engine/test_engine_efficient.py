"""Start drawn by lot: the estimate that takes off as much of the earlier difference as pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out

from analytics.answering import answer_panel
from analytics.estimators.efficient import efficient
from analytics.estimators.errors import Measured, deviations_of, measure
from analytics.estimators.grid import grid_of
from analytics.estimators.group_time import group_time, simple
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel

COHORTS = {4: 14, 7: 14, NEVER: 12}


def measured(frame: pd.DataFrame) -> Measured:
    panel = RowPanel(frame)
    grid = grid_of(panel)
    deviations = deviations_of(panel, grid)
    weights = {
        "efficient": efficient(grid, deviations, "both"),
        "did": simple(group_time(grid, "both")),
    }
    return measure(deviations, weights)


def test_two_periods_two_groups_are_worked_out_by_hand() -> None:
    """One cohort and the never trained: earlier difference times its regression share, taken off."""
    frame = roll_out(seed=3, cohorts={1: 15, NEVER: 25}, periods=2, effect=1.0)
    wide = frame.pivot(index="unit", columns="period", values="num")
    on = frame.groupby("unit")["cohort"].first() == 1
    one, other = wide[on], wide[~on]
    cov = one.cov().to_numpy() / 15 + other.cov().to_numpy() / 25
    share = cov[0, 1] / cov[0, 0]
    gap = (one.mean() - other.mean()).to_numpy()
    told = measured(frame)["efficient"]
    assert told.value == pytest.approx(gap[1] - share * gap[0], abs=1e-9)
    assert told.se == pytest.approx((cov[1, 1] - share * cov[0, 1]) ** 0.5, abs=1e-9)


def test_it_covers_and_is_the_more_precise() -> None:
    covered, widths = [], []
    for seed in range(120):
        told = measured(roll_out(seed=seed, cohorts=COHORTS, effect=0.5, noise=1.5))
        covered.append(told["efficient"].low <= 0.5 <= told["efficient"].high)
        widths.append((told["efficient"].se, told["did"].se))
    assert abs(np.mean(covered) - 0.95) < 3 * (0.95 * 0.05 / 120) ** 0.5
    mine, plain = np.mean(widths, axis=0)
    assert mine < 0.85 * plain


def test_it_is_the_headline_when_the_start_was_drawn_by_lot() -> None:
    panel = RowPanel(roll_out(seed=5, cohorts=COHORTS, effect=1.0))
    drawn = answer_panel(panel, Question(randomised_timing=True))
    assert drawn["estimate"]["att"] == drawn["estimates"]["efficient"]["att"]
    assert "efficient" not in answer_panel(panel, Question())["estimates"]


def test_a_ratio_of_events_is_told_as_a_difference_of_its_own() -> None:
    """What one says the other does: a base from another estimate would be that one's noise."""
    frame = roll_out(seed=6, cohorts=COHORTS, effect=-0.5)
    counts = frame.assign(num=np.round(np.exp(frame["num"] / 2) * 20), den=10.0)
    answer = answer_panel(RowPanel(counts), Question(kind="count", randomised_timing=True))
    told, trained = answer["estimate"], counts["period"] >= counts["cohort"]
    had = counts.loc[trained, "num"].sum() / counts.loc[trained, "den"].sum()
    for att, ratio in (("att", "ratio"), ("att_low", "low"), ("att_high", "high")):
        assert told[att] == pytest.approx(had / told["ratio"] * (told[ratio] - 1), rel=1e-9)
    assert answer["estimates"]["efficient"]["att"] != told["att"]
    assert answer["estimate"]["ratio"] == answer["estimates"]["poisson"]["ratio"]
