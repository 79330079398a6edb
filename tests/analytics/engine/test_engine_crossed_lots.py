"""Lots within clusters, ratios adjusted for covariates, and deals that do not hang on the order."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analytics.estimators import randomised
from analytics.estimators.permutation import deal_test
from analytics.estimators.randomised import Draw
from analytics.evaluate import evaluate
from lrs.errors import BadInput

EXACT = 1e-6


def ask(folder: Path, table: pd.DataFrame, kind: str, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {"design": "randomised", "data": "t.csv", "outcome": "y", "treatment": "on"}
    return evaluate(spec | {"kpi": {"kind": kind, "better": "up"}} | more, folder)


def teams(seed: int = 1, size: int = 12, each: int = 10) -> pd.DataFrame:
    """Half of each team is drawn; teams differ much."""
    random = np.random.default_rng(seed)
    team = np.repeat(np.arange(size), each)
    on = np.tile(np.arange(each) % 2, size)
    before = random.normal(size=size * each)
    y = 5 + 2 * random.normal(size=size)[team] + 0.4 * on + before + random.normal(size=len(team))
    return pd.DataFrame({"team": team, "on": on, "before": before, "y": y})


def counts(seed: int = 2, size: int = 80) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"on": np.arange(size) % 2, "team": np.arange(size) // 2 % 20})
    table["log"] = random.normal(size=size)
    table["hours"] = random.integers(5, 30, size)
    rate = np.exp(-0.5 + 0.8 * table["log"] - 0.3 * table["on"]) * random.gamma(5, 0.2, size)
    table["y"] = random.poisson(table["hours"] * rate)
    return table


def poisson_of(table: pd.DataFrame) -> Any:
    design = sm.add_constant(table[["on", "log"]].to_numpy(float))
    offset = np.log(table["hours"])
    return sm.GLM(table["y"], design, family=sm.families.Poisson(), offset=offset)


def test_all_on_both_sides_have_the_error_of_paired_differences(tmp_path: Path) -> None:
    table = teams()
    wide = table.pivot_table(index="team", columns="on", values="y")
    told = ask(tmp_path, table, "continuous", cluster="team")["estimate"]
    t, p = stats.ttest_rel(wide[1], wide[0])
    assert told["att"] == pytest.approx((wide[1] - wide[0]).mean(), abs=1e-9)
    assert told["se"] == pytest.approx(told["att"] / t, abs=1e-9)
    assert told["p"] == pytest.approx(p, abs=1e-9)
    assert "both sides" in told["method"]


def test_who_crosses_over_is_paired_with_themselves(tmp_path: Path) -> None:
    """Times that make up for each other widen the error, those that are alike narrow it."""
    random = np.random.default_rng(3)
    first = random.normal(size=30)
    for sign in (1, -1):
        second = sign * first + 0.3 * random.normal(size=30)
        table = pd.DataFrame({"who": [*range(30)] * 2, "on": np.repeat([0, 1], 30)})
        table["y"] = [*first, *second]
        answer = ask(tmp_path, table, "continuous", unit="who")
        want = np.std(second - first, ddof=1) / 30**0.5
        assert answer["estimate"]["se"] == pytest.approx(want, abs=1e-9)
        assert answer["estimates"]["difference"]["df"] == 29


def test_adjusted_within_teams_equals_least_squares_over_clusters() -> None:
    table = teams()
    before = table[["before"]].to_numpy() - table["before"].mean()
    draw = Draw(
        table["y"].to_numpy(),
        np.ones(120),
        table["on"].to_numpy(),
        table["team"].to_numpy(),
        before,
    )
    fit = sm.OLS(draw.num, sm.add_constant(np.column_stack([draw.side, before]))).fit(
        cov_type="cluster", cov_kwds={"groups": draw.cluster, "use_correction": False}
    )
    made = randomised.ancova(draw)
    assert made is not None
    assert (made.value, made.df) == (pytest.approx(fit.params[1], abs=1e-9), 11)
    assert made.se == pytest.approx(fit.bse[1] * (12 / 11) ** 0.5, abs=EXACT)


def test_ratio_within_teams_equals_poisson_over_clusters() -> None:
    table = counts()
    draw = Draw(
        table["y"].to_numpy(float), table["hours"].to_numpy(float), table["on"].to_numpy(),
        table["team"].to_numpy(), np.empty((80, 0)),
    )  # fmt: skip
    model = sm.GLM(
        draw.num, sm.add_constant(draw.side), family=sm.families.Poisson(), offset=np.log(draw.den)
    )
    groups = {"groups": draw.cluster, "use_correction": False}
    fit = model.fit(tol=1e-12, cov_type="cluster", cov_kwds=groups)
    made = randomised.log_ratio(draw)
    assert made is not None
    assert made.value == pytest.approx(fit.params[1], abs=EXACT)
    assert made.se == pytest.approx(fit.bse[1] * (20 / 19) ** 0.5, abs=EXACT)
    assert made.df == 19


def test_clusters_of_one_side_among_others_are_no_reason_to_refuse(tmp_path: Path) -> None:
    """One school with a single kind of class: with its two parts added up, none is the other's."""
    table = teams(4, size=20)
    table = table[(table["team"] > 0) | (table["on"] == 1)]
    told = ask(tmp_path, table, "continuous", cluster="team")["estimate"]
    mean, n = table.groupby("on")["y"].mean(), table.groupby("on")["team"].nunique()
    left = (table["y"] - table["on"].map(mean)) / table["on"].map(table["on"].value_counts())
    by_team = left.groupby([table["team"], table["on"]]).sum().unstack()
    by_team = (by_team - by_team.mean()) * np.sqrt(n / (n - 1))
    signed = by_team[1].fillna(0) - by_team[0].fillna(0)
    assert told["se"] == pytest.approx(np.sqrt((signed**2).sum()), abs=1e-9)
    usual = sm.OLS(table["y"], sm.add_constant(table["on"])).fit(
        cov_type="cluster", cov_kwds={"groups": table["team"]}
    )
    assert told["se"] == pytest.approx(usual.bse["on"], rel=0.02)


def test_a_few_people_on_both_sides_are_a_mistake_most_are_a_trial_some_left(
    tmp_path: Path,
) -> None:
    table = pd.DataFrame({"who": [*range(30)] * 2, "on": np.repeat([0, 1], 30)})
    table["y"] = np.random.default_rng(5).normal(size=60)
    left = table[(table["on"] == 0) | (table["who"] < 25)]
    assert ask(tmp_path, left, "continuous", unit="who")["n"]["units"] == 30
    with pytest.raises(BadInput, match="5 of 30 units have trained and untrained rows") as refused:
        ask(tmp_path, table[(table["on"] == 0) | (table["who"] < 5)], "continuous", unit="who")
    assert refused.value.where == "unit"


@pytest.mark.parametrize("kind", ["count", "rate", "absence"])
def test_events_are_adjusted_as_poisson_does(tmp_path: Path, kind: str) -> None:
    """The sandwich with each row's part over the root of one less its leverage: HC2."""
    table = counts()
    table["y"] = table[["y", "hours"]].min(axis=1)  # no more days away than there are
    answer = ask(tmp_path, table, kind, exposure="hours", covariates=["log"])
    model = poisson_of(table)
    fit = model.fit(tol=1e-12)
    leverage = fit.get_influence().hat_matrix_diag
    part = np.asarray(model.score_obs(fit.params)) / np.sqrt(1 - leverage)[:, None]
    inverse = np.asarray(fit.cov_params())
    cov = inverse @ part.T @ part @ inverse
    told = answer["estimate"]
    assert told["coef"] == pytest.approx(fit.params.iloc[1], abs=EXACT)
    assert told["se"] == pytest.approx(np.sqrt(cov[1, 1]), abs=EXACT)
    assert answer["estimates"]["poisson"]["df"] == 77
    by_side = table.groupby("on")[["y", "hours"]].sum()
    rate = by_side["y"] / by_side["hours"]
    assert answer["estimates"]["rate_ratio"]["ratio"] == pytest.approx(rate[1] / rate[0], abs=EXACT)
    without = fit.predict(
        sm.add_constant(table[["on", "log"]].assign(on=0).to_numpy(float), has_constant="add"),
        offset=np.log(table["hours"]),
    )
    want = without.sum() / table["hours"].sum() * (told["ratio"] - 1)
    assert told["att"] == pytest.approx(want, abs=EXACT)


def test_adjusted_ratio_of_clusters_equals_poisson_over_clusters(tmp_path: Path) -> None:
    table = counts()
    fit = poisson_of(table).fit(
        tol=1e-12,
        cov_type="cluster",
        cov_kwds={"groups": table["team"], "use_correction": False},
    )
    made = ask(tmp_path, table, "count", exposure="hours", covariates=["log"], cluster="team")
    assert made["estimate"]["coef"] == pytest.approx(fit.params.iloc[1], abs=EXACT)
    assert made["estimate"]["se"] == pytest.approx(fit.bse.iloc[1] * (20 / 19) ** 0.5, abs=EXACT)


def test_deals_of_a_ratio_deal_what_poisson_leaves(tmp_path: Path) -> None:
    """All 252 ways of drawing five of ten, by what the covariate alone leads to expect."""
    table = counts(6, size=10)
    answer = ask(tmp_path, table, "count", exposure="hours", covariates=["log"])
    design = sm.add_constant(table[["log"]].to_numpy())
    offset = np.log(table["hours"])
    model = sm.GLM(table["y"], design, family=sm.families.Poisson(), offset=offset)
    usual = np.asarray(model.fit(tol=1e-12).fittedvalues)
    on, left = table["on"].to_numpy() == 1, table["y"].to_numpy() - usual

    def apart(side: np.ndarray) -> float:
        return abs(left[side].sum() / usual[on].sum() - left[~side].sum() / usual[~on].sum())

    values = [apart(np.isin(np.arange(10), drawn)) for drawn in combinations(range(10), 5)]
    assert answer["inference"]["p"] == pytest.approx(
        np.mean(np.array(values) >= apart(on) - 1e-9), abs=1e-9
    )


def test_a_word_that_nothing_happened_to_does_not_stop_the_ratio(tmp_path: Path) -> None:
    table = counts(7).assign(word=lambda t: np.where(t["team"] == 3, "none", "some"))
    table.loc[table["word"] == "none", "y"] = 0
    told = ask(tmp_path, table, "count", exposure="hours", covariates=["word"])["estimate"]
    rest = table[table["word"] == "some"].groupby("on")[["y", "hours"]].sum()
    rate = rest["y"] / rest["hours"]
    assert told["ratio"] == pytest.approx(rate[1] / rate[0], abs=EXACT)


@pytest.mark.parametrize("cluster", [False, True])
def test_order_of_rows_and_names_change_nothing(tmp_path: Path, cluster: bool) -> None:
    random = np.random.default_rng(8)
    table = pd.DataFrame({"site": np.arange(90) // 3, "on": np.arange(90) // 3 % 2})
    table["y"] = random.normal(size=90) + 0.3 * table["on"]
    told = []
    for _ in range(4):
        names = random.permutation(30)
        own = table.sample(frac=1, random_state=random).assign(site=lambda t, n=names: n[t["site"]])
        more = {"cluster": "site"} if cluster else {}
        told.append(ask(tmp_path, own, "continuous", inference="exact_permutation", **more))
    assert len({one["inference"]["p"] for one in told}) == 1
    assert told[0]["inference"]["method"] == "permutation, a sample"


@pytest.mark.parametrize(("trained", "ways"), [(3, 20), (2, 15)])
def test_least_p_is_that_of_the_deal_that_gives_most(trained: int, ways: int) -> None:
    """Of two sides alike a deal and its mirror image give as much; else the one deal alone."""
    values = np.array([0.3, 1.0, 2.5, 4.0, 7.5, 12.0])
    side = (np.arange(6) < trained).astype(np.int64)
    own = values - values.mean()
    parts = np.column_stack([-own / (6 - trained), own / trained])
    each = [
        deal_test(parts, np.isin(np.arange(6), on) * 1) for on in combinations(range(6), trained)
    ]
    found = deal_test(parts, side)
    assert found.assignments == ways
    assert found.least_p == pytest.approx(min(one.p for one in each))
    assert found.least_p == pytest.approx((2 if trained == 3 else 1) / ways)


def test_least_p_of_a_sample_is_one_of_the_draws() -> None:
    found = deal_test(np.random.default_rng(9).normal(size=(40, 2)), np.arange(40) % 2)
    assert found.least_p == 1 / (found.assignments + 1)


def spells(random: np.random.Generator, size: int, shape: float = 0.6) -> pd.DataFrame:
    time, end = random.weibull(shape, size) * 30, random.uniform(20, 160, size)
    on = random.permutation(np.arange(size) % 2)
    return pd.DataFrame({"on": on, "to": np.minimum(time, end), "done": (time <= end) * 1})


def ask_spells(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {"design": "randomised", "data": "t.csv", "treatment": "on", "exit": "to"}
    kpi = {"kind": "time_to_event", "better": "down"}
    return evaluate(spec | {"event": "done", "kpi": kpi} | more, folder)


def test_few_events_are_found_only_where_dealing_anew_finds_them_too(tmp_path: Path) -> None:
    """Hazards that fall within the one piece there is: the model alone finds one in eight."""
    random = np.random.default_rng(10)
    by_model, told = [], []
    for _ in range(60):
        answer = ask_spells(tmp_path, spells(random, 23))
        made, own = answer["estimate"], answer["estimates"]["piecewise_exponential"]
        by_model.append(own["p"] < 0.05)
        told.append(made["p"] < 0.05)
        assert made["p"] >= own["p"]
        assert (made["low"] <= 1 <= made["high"]) == (made["p"] >= 0.05)
        assert (made["att_low"] <= 0 <= made["att_high"]) == (made["p"] >= 0.05)
        assert "fewer than 50 events" in made["method"]
    assert np.mean(told) <= 0.07 <= np.mean(by_model)


def test_many_events_are_asked_of_the_model_alone(tmp_path: Path) -> None:
    answer = ask_spells(tmp_path, spells(np.random.default_rng(11), 200))
    assert answer["n"]["events"] >= 50
    assert answer["estimate"]["p"] == answer["estimates"]["piecewise_exponential"]["p"]
    assert answer["inference"]["method"] == "z"
