"""Odds and regression together: statsmodels' own, value and error, to 1e-6; right when either is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.treatment.treatment_effects import TreatmentEffect
from test_engine_balancing import errors_of_cases

from analytics.estimators.balancing import Chosen, balanced, entropy_weights
from analytics.estimators.doubly_robust import doubly_robust
from analytics.evaluate import evaluate

EXACT = 1e-6


def chosen(seed: int = 4, *, n: int = 800, bent: float = 1.0, effect: float = 1.5) -> Chosen:
    """Five covariates (statsmodels counts on so many); the outcome is bent in the first."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 5))
    odds = x @ [0.5, 0.2, -0.3, 0.0, 0.1] - 0.5
    on = random.random(n) < 1 / (1 + np.exp(-odds))
    y = x @ [1, 2, 0, 0.4, 1] + bent * x[:, 0] ** 2 + effect * on + random.normal(size=n)
    return Chosen(y, np.ones(n), on, x)


def test_effect_on_the_trained_and_its_error_are_those_of_statsmodels() -> None:
    group = chosen()
    design, on = sm.add_constant(group.covariates), group.trained.astype(int)
    sent = sm.Logit(on.astype(float), design).fit(disp=0, tol=1e-12)
    made = TreatmentEffect(sm.OLS(group.num, design), on, results_select=sent)
    fit = made.ipw_ra(effect_group=1).results_gmm
    told = doubly_robust(group, ratio=False)
    assert told is not None
    assert (told.value, told.se) == pytest.approx((fit.params[0], fit.bse[0]), abs=EXACT)


def test_what_augments_the_regression_sums_to_nothing() -> None:
    """The augmented form (Robins, Rotnitzky and Zhao), written out from two separate fits."""
    group = chosen(5)
    design, on = sm.add_constant(group.covariates), group.trained
    odds = np.exp(design @ sm.Logit(on.astype(float), design).fit(disp=0, tol=1e-12).params)
    fit = sm.WLS(group.num[~on], design[~on], weights=odds[~on]).fit()
    left = group.num - design @ fit.params
    want = left[on].mean() - np.average(left[~on], weights=odds[~on])
    told = doubly_robust(group, ratio=False)
    assert told is not None
    assert told.value == pytest.approx(want, abs=EXACT)


def test_people_with_twice_the_cases_count_twice() -> None:
    group = chosen(6, n=300)
    twice = np.r_[np.arange(300), np.arange(100)]
    cases = np.where(np.arange(300) < 100, 2.0, 1.0)
    many = Chosen(group.num[twice], np.ones(400), group.trained[twice], group.covariates[twice])
    weighed = Chosen(group.num * cases, cases, group.trained, group.covariates)
    one, other = doubly_robust(many, ratio=False), doubly_robust(weighed, ratio=False)
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value, abs=1e-9)


def test_people_counted_twice_know_no_more_when_they_are_one_cluster() -> None:
    group = chosen(6, n=300)
    each = Chosen(group.num, group.den, group.trained, group.covariates, np.arange(300))
    row = np.tile(np.arange(300), 2)
    twice = Chosen(group.num[row], group.den[row], group.trained[row], group.covariates[row], row)
    for estimate in (
        lambda own: doubly_robust(own, ratio=False),
        lambda own: balanced(own, entropy_weights(own), ratio=False),
    ):
        one, other, alone = estimate(each), estimate(twice), estimate(group)
        assert (one.value, one.se, one.df) == pytest.approx(
            (other.value, other.se, other.df), abs=EXACT
        )
        assert one.df <= 298
        assert one.se == pytest.approx(alone.se, rel=0.03)


@pytest.mark.parametrize("bent", [0.0, 1.0])
def test_interval_covers_where_either_regression_is_right(bent: float) -> None:
    """The outcome is bent, and the regression is not: the odds make up for it."""
    covered = []
    for seed in range(200):
        told = doubly_robust(chosen(seed, n=400, bent=bent), ratio=False)
        assert told is not None
        covered.append(told.low <= 1.5 <= told.high)
    assert np.mean(covered) > 0.90


def test_ratio_of_rates_covers() -> None:
    random, covered = np.random.default_rng(9), []
    for _ in range(200):
        told = doubly_robust(errors_of_cases(random), ratio=True)
        assert told is not None
        covered.append(told.low <= -0.2 <= told.high)
    assert np.mean(covered) > 0.90


def test_sides_that_part_have_no_odds() -> None:
    group = chosen(7, n=200)
    apart = np.column_stack([group.covariates, np.where(group.trained, 5.0, -5.0)])
    assert doubly_robust(Chosen(group.num, group.den, group.trained, apart), ratio=False) is None


def test_it_stands_beside_the_weights_in_the_answer(tmp_path: Path) -> None:
    group = chosen(8)
    table = pd.DataFrame(group.covariates, columns=list("abcde"))
    table.assign(y=group.num, on=group.trained * 1, same=table["a"]).to_csv(
        tmp_path / "t.csv", index=False
    )
    spec = {
        "design": "observational", "data": "t.csv", "treatment": "on", "outcome": "y",
        "covariates": [*"abcde", "same"], "kpi": {"kind": "continuous", "better": "up"},
    }  # fmt: skip
    made = evaluate(spec, tmp_path)["estimates"]
    told = doubly_robust(group, ratio=False)
    assert told is not None
    assert made["doubly_robust"]["att"] == pytest.approx(told.value, abs=1e-8)
    assert {"entropy_balancing", "regression"} < set(made)
    table.assign(y=group.num, on=group.trained * 1, team=table.index % 9).to_csv(tmp_path / "t.csv")
    answer = evaluate(spec | {"covariates": list("abcde"), "cluster": "team"}, tmp_path)
    assert answer["n"]["clusters"] == 9
    assert answer["estimate"]["df"] == 8
