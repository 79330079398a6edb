"""Exact tests by dealing labels anew, against plain enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from rollouts import roll_out

from analytics.answering import answer_panel
from analytics.checks.few import dealt_anew, signs_flipped
from analytics.estimators import group_time
from analytics.estimators.grid import grid_of
from analytics.estimators.panel import NEVER
from analytics.estimators.permutation import DRAWS, assignments, deal_test
from analytics.estimators.question import Question
from analytics.estimators.randomised import Draw, permuted
from analytics.estimators.row_panel import RowPanel


def test_every_distinct_deal_is_tried_once() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    random = np.random.default_rng(1)
    parts = random.normal(size=(5, 3))
    deals = set(itertools.permutations(labels.tolist()))
    values = [abs(sum(parts[at, label] for at, label in enumerate(deal))) for deal in deals]
    observed = abs(parts[np.arange(5), labels].sum())
    tested = deal_test(parts, labels)
    assert (tested.assignments, tested.exact) == (len(deals), True)
    assert tested.p == pytest.approx(np.mean(np.array(values) >= observed - 1e-12))


@pytest.mark.parametrize("scale", [1e-10, 1e10])
@pytest.mark.parametrize("each", [4, 20])
def test_unit_of_the_outcome_does_not_change_p(scale: float, each: int) -> None:
    """By all deals and by a sample; with ties, which rounding must not break."""
    labels = np.repeat([0, 1], each)
    outcome = np.random.default_rng(5).integers(0, 4, 2 * each) / 7 + 0.5 * labels
    parts = np.column_stack([-outcome, outcome]) / each
    plain = deal_test(parts, labels)
    assert plain.p < 0.6
    assert deal_test(parts * scale, labels).p == plain.p


def test_number_of_deals_is_the_multinomial() -> None:
    labels = np.repeat([0, 1, 2], [4, 3, 5])
    assert assignments(labels) == math.factorial(12) // (24 * 6 * 120)


def test_too_many_deals_are_sampled_and_the_same_each_time() -> None:
    random = np.random.default_rng(2)
    labels = np.repeat([0, 1], 20)
    parts = random.normal(size=(40, 2))
    one, other = deal_test(parts, labels), deal_test(parts, labels)
    assert (one.exact, one.assignments) == (False, DRAWS)
    assert one == other


def test_p_of_a_draw_is_uniform_without_an_effect() -> None:
    random = np.random.default_rng(3)
    found = []
    for _ in range(300):
        side = random.permutation(np.repeat([0, 1], 5))
        draw = Draw(
            num=random.normal(size=10),
            den=np.ones(10),
            side=side,
            cluster=np.arange(10),
            covariates=np.empty((10, 0)),
        )
        found.append(permuted(draw).p)
    assert np.mean(np.array(found) < 0.05) <= 0.08
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_few_clusters_are_dealt_in_every_way() -> None:
    panel = RowPanel(roll_out(cohorts={5: 4, NEVER: 5}, effect=6.0))
    grid = grid_of(panel)
    weights = group_time.simple(group_time.group_time(grid, "both"))
    assert weights is not None
    tested = dealt_anew(panel, grid, weights)
    assert tested is not None
    assert tested.assignments == math.comb(9, 4)
    assert tested.p == pytest.approx(1 / 126)


def test_a_cluster_that_was_not_always_seen_cannot_be_dealt() -> None:
    frame = roll_out(cohorts={5: 4, NEVER: 5})
    gone = (frame["cluster"] == 0) & (frame["period"] == 6)
    panel = RowPanel(pd.DataFrame(frame[~gone]))
    grid = grid_of(panel)
    weights = group_time.simple(group_time.group_time(grid, "both"))
    assert weights is not None
    assert dealt_anew(panel, grid, weights) is None


def changes_with_unequal_errors() -> pd.DataFrame:
    """Ten clusters in two periods, five trained; a third period in which not all were seen."""
    frame = roll_out(cohorts={1: 5, NEVER: 5}, periods=2, effect=1.2)
    later = frame[(frame["period"] == 0) & (frame["cluster"] > 0)].assign(period=-1)
    return pd.concat([frame, pd.DataFrame(later)], ignore_index=True)


def test_wild_bootstrap_equals_least_squares_with_turned_residuals() -> None:
    """The restricted bootstrap of a regression of changes on training, in all 1,024 ways."""
    frame = roll_out(cohorts={1: 5, NEVER: 5}, periods=2, effect=1.2)
    wide = frame.pivot_table(index=["cluster", "cohort"], columns="period", values="num")
    change = (wide[1] - wide[0]).to_numpy()
    trained = (wide.index.get_level_values("cohort") == 1).astype(float)
    design = sm.add_constant(trained)

    def t_value(outcome: np.ndarray) -> float:
        return abs(float(sm.OLS(outcome, design).fit(cov_type="HC1").tvalues[1]))

    left, observed = change - change.mean(), t_value(change)
    ways = itertools.product((1.0, -1.0), repeat=10)
    want = np.mean([t_value(left * np.array(way)) >= observed - 1e-9 for way in ways])
    panel = RowPanel(frame)
    grid = grid_of(panel)
    weights = group_time.simple(group_time.group_time(grid, "both"))
    assert weights is not None
    tested = signs_flipped(panel, grid, weights)
    assert tested is not None
    assert (tested.p, tested.assignments) == (pytest.approx(want, abs=1e-9), 1024)


def test_few_clusters_that_cannot_be_dealt_have_their_signs_turned() -> None:
    answer = answer_panel(RowPanel(changes_with_unequal_errors()), Question())
    assert answer["inference"]["assignments"] == 1024
    assert answer["inference"]["method"] == "wild bootstrap of clusters, all signs"
    assert answer["inference"]["p"] == answer["estimate"]["p"]
