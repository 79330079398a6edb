"""One series with a step: found where it is, told as wide as it is, and never above grade C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import optimize

from analytics.estimators.series import Series, false_step, stepped
from analytics.evaluate import evaluate
from lrs.errors import BadInput


def months(
    seed: int, *, effect: float = 0.0, carry: float = 0.0, count: int = 48, step: int = 30
) -> pd.DataFrame:
    """A monthly figure with a trend, a season, and errors that may carry over."""
    random = np.random.default_rng(seed)
    at = np.arange(count)
    noise = np.zeros(count)
    for month in at[1:]:
        noise[month] = carry * noise[month - 1] + random.normal()
    on = (at >= step).astype(int)
    value = 20 + 0.05 * at + 2 * np.sin(2 * np.pi * at / 12) + effect * on + noise
    return pd.DataFrame({"time": at, "month": at % 12 + 1, "on": on, "value": value})


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {
        "design": "interrupted_series", "data": "t.csv", "time": "time", "step": "on",
        "outcome": "value", "kpi": {"kind": "continuous", "better": "up"},
        "season": {"period": 12, "harmonics": 1, "month": "month"},
    }  # fmt: skip
    return evaluate(spec | more, folder)


def test_rate_model_is_the_maximum_of_its_likelihood() -> None:
    random = np.random.default_rng(4)
    time = np.arange(40.0)
    on = (time >= 25).astype(float)
    den = random.uniform(900, 1100, 40)
    num = random.poisson(den * np.exp(-3 + 0.01 * time - 0.2 * on)).astype(float)
    series = Series(num, den, on, time, np.empty((40, 0)))

    def unlikely(beta: np.ndarray) -> float:
        told = series.design @ beta + np.log(den)
        return float((np.exp(told) - num * told).sum())

    best = optimize.minimize(unlikely, [-3.0, 0.0, 0.0], method="BFGS", options={"gtol": 1e-9})
    found = stepped(series, ratio=True)
    assert found.estimate.value == pytest.approx(best.x[1], abs=1e-6)
    mean = np.exp(series.design @ best.x) * den
    spread = ((num - mean) ** 2 / mean).sum() / 37
    cov = np.linalg.inv(series.design.T @ (series.design * mean[:, None]))
    assert found.estimate.se == pytest.approx((spread * cov[1, 1]) ** 0.5, rel=1e-6)


def bending(ratio: bool) -> pd.DataFrame:
    """A figure whose level falls at a step and whose trend is another from then on; nothing carries over."""
    random = np.random.default_rng(10)
    at = np.arange(60.0)
    after = (at >= 36) * 1
    since = np.maximum(at - 36, 0)
    den = random.uniform(800, 1200, 60)
    told = 0.01 * at - 0.3 * after - 0.02 * since
    events = random.poisson(den * np.exp(told - 3))
    value = events if ratio else 20 + told + random.normal(scale=0.2, size=60)
    wave = 2 * np.pi * at / 12
    waves = {"sin": np.sin(wave), "cos": np.cos(wave)}
    return pd.DataFrame(
        {"time": at, "on": after, "since": since, "value": value, "den": den} | waves
    )


@pytest.mark.parametrize("season", [None, {"harmonics": 1}])
@pytest.mark.parametrize("kind", ["continuous", "count"])
def test_level_and_slope_after_the_step_are_those_of_statsmodels(
    tmp_path: Path, kind: str, season: dict[str, int] | None
) -> None:
    ratio = kind == "count"
    table = bending(ratio)
    formula = "value ~ on + since + time" + (" + sin + cos" if season else "")
    if ratio:
        family, offset = sm.families.Poisson(), np.log(table["den"])
        fit = smf.glm(formula, table, family=family, offset=offset).fit(scale="X2", tol=1e-12)
    else:
        fit = smf.ols(formula, table).fit()
    more = {"exposure": "den"} if ratio else {}
    answer = ask(tmp_path, table, kpi={"kind": kind, "better": "down"}, season=season, **more)
    made = answer["estimates"]["level_and_slope"]
    for name, column in (("level", "on"), ("slope", "since")):
        value, (low, high) = fit.params[column], fit.conf_int().loc[column]
        ends = [np.exp(one) if ratio else one for one in (value, low, high)]
        told = [made[name][key] for key in ("ratio" if ratio else "att", "low", "high")]
        assert told == pytest.approx(ends, abs=1e-6)
        assert made[name]["se"] == pytest.approx(fit.bse[column], abs=1e-6)
        assert made[name]["p"] == pytest.approx(fit.pvalues[column], abs=1e-6)


def test_level_and_slope_take_nothing_from_the_headline(tmp_path: Path) -> None:
    table = bending(ratio=False)
    bare = smf.ols("value ~ on + time", table).fit()
    answer = ask(tmp_path, table, season=None)
    assert answer["estimate"]["att"] == pytest.approx(bare.params["on"], abs=1e-6)


def test_slope_is_told_a_period_whatever_the_dates_stand_for(tmp_path: Path) -> None:
    table = bending(ratio=False)
    quarters = pd.date_range("2005-01-01", periods=60, freq="QS")
    one = ask(tmp_path, table, season=None)["estimates"]["level_and_slope"]
    other = ask(tmp_path, table.assign(time=quarters.astype(str)), season=None)
    assert other["estimates"]["level_and_slope"]["slope"] == pytest.approx(one["slope"], rel=1e-6)


@pytest.mark.parametrize("events", [[0, 0, 7], [7, 0, 0]])
def test_no_slope_is_told_where_events_fell_in_one_period_only(
    tmp_path: Path, events: list[int]
) -> None:
    table = bending(ratio=True)[:39]
    table.loc[36:, "value"] = events
    kpi = {"kind": "count", "better": "down"}
    answer = ask(tmp_path, table, kpi=kpi, season=None, exposure="den")
    assert "quasi_poisson" in answer["estimates"]
    assert "level_and_slope" not in answer["estimates"]


def test_interval_covers_also_when_errors_carry_over() -> None:
    for carry, least in ((0.0, 0.90), (0.4, 0.88)):
        covered = []
        for seed in range(150):
            table = months(seed, effect=1.0, carry=carry, count=72, step=40)
            angle = 2 * np.pi * table["month"] / 12
            season = np.column_stack([np.sin(angle), np.cos(angle)])
            columns = (table[name].to_numpy(float) for name in ("on", "time"))
            series = Series(table["value"].to_numpy(), np.ones(72), *columns, season)
            told = stepped(series, ratio=False).estimate
            covered.append(told.low <= 1.0 <= told.high)
        assert np.mean(covered) > least, carry


def test_effect_is_a_suggestion_and_its_reason_is_told(tmp_path: Path) -> None:
    answer = ask(tmp_path, months(1, effect=4.0))
    assert (answer["verdict"], answer["grade"]) == ("improved", "C")
    assert answer["flags"] == ["no_comparison_group"]
    assert answer["estimate"]["low"] < 4.0 < answer["estimate"]["high"]
    assert "nobody to compare with" in answer["sentence"]["en"]


def test_step_that_was_none_is_looked_for_before_the_real_one(tmp_path: Path) -> None:
    table = months(2)
    table.loc[table["time"].between(15, 47), "value"] += 6  # something else, long before
    answer = ask(tmp_path, table)
    assert "not_robust_to_trend" in answer["flags"]
    assert answer["checks"]["placebo"]["date"]["p"] < 0.05


def test_no_step_is_looked_for_in_a_short_time() -> None:
    short = Series(np.arange(10.0), np.ones(10), np.r_[[0.0] * 6, [1.0] * 4], np.arange(10.0),
                   np.empty((10, 0)))  # fmt: skip
    assert false_step(short, ratio=False) is None


def test_few_periods_say_nothing(tmp_path: Path) -> None:
    answer = ask(tmp_path, months(1, effect=9.0, count=9, step=6), season=None)
    assert (answer["verdict"], answer["grade"]) == ("cannot_tell", "D")
    assert "short_series" in answer["flags"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.assign(on=0), "step"),
        (lambda t: t.assign(on=1), "step"),
        (lambda t: t.assign(on=(t["time"] % 2)), "step"),
        (lambda t: t.assign(on=2), "step: data row 1"),
        (lambda t: t.assign(time=1), "time"),
        (lambda t: t.assign(time=["", *t["time"][1:]]), "time: data row 1"),
        (lambda t: t.assign(month=None), "season.month"),
        (lambda t: t.assign(value="much"), "outcome: data row 1"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_key(tmp_path: Path, change: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, change(months(1)))
    assert refused.value.where == where


def test_the_step_may_be_said_in_words(tmp_path: Path) -> None:
    table = months(5, effect=2.0)
    plain = ask(tmp_path, table)
    for words in ({0: "False", 1: "True"}, {0: "nej", 1: "ja"}):
        assert (
            ask(tmp_path, table.assign(on=table["on"].map(words)))["estimate"] == plain["estimate"]
        )


def test_gap_in_time_is_flagged(tmp_path: Path) -> None:
    assert "missing_periods" in ask(tmp_path, months(1).drop(index=[10, 11]))["flags"]


def test_constant_series_is_no_effect_of_anything(tmp_path: Path) -> None:
    answer = ask(tmp_path, months(1).assign(value=3.0))
    assert answer["verdict"] == "cannot_tell"
    assert "no_variation" in answer["flags"]


@pytest.mark.parametrize(("carry", "periods"), [(0.0, 36), (0.5, 36), (0.8, 48), (0.9, 60)])
def test_a_series_that_hangs_together_claims_nothing_without_an_effect(
    carry: float, periods: int
) -> None:
    """At the usual one in twenty, nearly, however much of each month goes on in the next."""
    claims = []
    for seed in range(60):
        chance = np.random.default_rng(seed)
        error = np.zeros(periods + 60)
        for at in range(1, len(error)):
            error[at] = carry * error[at - 1] + chance.normal()
        time = np.arange(float(periods))
        on = (time >= 2 * periods // 3).astype(float)
        value = error[60:] + 0.02 * time
        series = Series(value, np.ones(periods), on, time, np.empty((periods, 0)))
        claims.append(stepped(series, ratio=False).estimate.p < 0.05)
    assert sum(claims) <= 9  # three are to be expected; ten come of one in two thousand such tests
