"""Kinds of outcome and what stands beside them, each against another way of working it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from analytics.evaluate import evaluate
from lrs.errors import BadInput

EXACT = 1e-6


def ask(folder: Path, table: pd.DataFrame, kind: str, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    kpi = {"kind": kind, "better": "up"} | more.pop("kpi", {})
    return evaluate({"data": "t.csv", "outcome": "y", "kpi": kpi} | more, folder)


def drawn(y: np.ndarray, **more: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"on": np.arange(len(y)) % 2, "y": y, **more})


LOTS: dict[str, Any] = {"design": "randomised", "treatment": "on"}


def test_absence_has_two_parts_where_lots_were_drawn(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    days = random.integers(1, 8, 200) * (random.random(200) < 0.4)
    table = drawn(days, work=np.full(200, 20))
    answer = ask(tmp_path, table, "absence", exposure="work", **LOTS)
    on, off = (table.loc[table["on"] == side, "y"] for side in (1, 0))
    assert answer["estimate"]["ratio"] == pytest.approx(on.mean() / off.mean(), abs=EXACT)
    made = answer["estimates"]
    assert made["any"]["att"] == pytest.approx((on > 0).mean() - (off > 0).mean(), abs=EXACT)
    given = on[on > 0].mean() / off[off > 0].mean()
    assert made["days_given_any"]["ratio"] == pytest.approx(given, abs=EXACT)


def test_more_days_away_than_there_are_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="more than its exposure"):
        ask(
            tmp_path,
            drawn(np.full(40, 21), work=np.full(40, 20)),
            "absence",
            exposure="work",
            **LOTS,
        )


def test_net_promoters_are_promoters_less_detractors(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    table = drawn(random.integers(0, 11, 300))
    answer = ask(tmp_path, table, "ordinal", kpi={"scale": "nps"}, **LOTS)

    def score(y: pd.Series) -> float:
        return 100 * ((y >= 9).mean() - (y <= 6).mean())

    want = score(table.loc[table["on"] == 1, "y"]) - score(table.loc[table["on"] == 0, "y"])
    assert answer["estimate"]["att"] == pytest.approx(want, abs=EXACT)
    assert answer["kpi"]["unit"] == "NPS"
    with pytest.raises(BadInput, match="no answer from 0 to 10"):
        ask(tmp_path, drawn(np.full(40, 11)), "ordinal", kpi={"scale": "nps"}, **LOTS)


def test_lopsided_figures_are_asked_twice(tmp_path: Path) -> None:
    """One huge sale on one side: what t makes of it, dealing anew does not."""
    random = np.random.default_rng(3)
    sales = random.lognormal(sigma=2.0, size=80)
    answer = ask(tmp_path, drawn(sales), "continuous", **LOTS)
    skew = answer["checks"]["skew"]
    assert skew["skewness"] > 2
    plain = answer["estimates"]["difference"]["p"]
    assert answer["estimate"]["p"] == max(plain, skew["permutation_p"])
    assert answer["estimates"]["ratio_of_means"]["ratio"] > 0
    assert (
        ask(tmp_path, drawn(random.normal(size=80)), "continuous", **LOTS)["checks"]["skew"] is None
    )


def share_series(step: float = 0.5) -> pd.DataFrame:
    random = np.random.default_rng(6)
    month = np.arange(40)
    asked = random.integers(80, 200, 40)
    odds = -0.5 + 0.01 * month + step * (month >= 25)
    yes = random.binomial(asked, 1 / (1 + np.exp(-odds)))
    return pd.DataFrame({"month": month, "on": (month >= 25) * 1, "y": yes, "n": asked})


def test_share_over_time_is_quasi_binomial(tmp_path: Path) -> None:
    """Statsmodels' margins, by moving the step of each later period there and back.

    The spread is Pearson's: statsmodels' `scale="X2"` leaves out of how many each share is. Of these
    draws nothing carries over.
    """
    table = share_series()
    answer = ask(tmp_path, table, "binary", time="month", step="on", exposure="n")
    trend = (table["month"] - table["month"].mean()) / 39
    design = np.column_stack([np.ones(40), table["on"], trend])
    counts = table[["y"]].assign(no=table["n"] - table["y"])
    fit = sm.GLM(counts, design, family=sm.families.Binomial()).fit()
    share, asked = fit.fittedvalues, table["n"]
    off = (table["y"] - asked * share) ** 2 / (asked * share * (1 - share))
    cov = float(off.sum()) / 37 * fit.cov_params()
    later = table["on"].to_numpy() == 1
    weight = table.loc[later, "n"].to_numpy()

    def change(beta: np.ndarray) -> float:
        without = design[later] * [1, 0, 1]
        on, off = (1 / (1 + np.exp(-(x @ beta))) for x in (design[later], without))
        return float(np.average(on - off, weights=weight))

    beta = np.asarray(fit.params)
    slope = [(change(beta + h) - change(beta - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    assert answer["estimate"]["att"] == pytest.approx(change(beta), abs=EXACT)
    error = float(np.sqrt(np.array(slope) @ cov @ np.array(slope)))
    assert answer["estimate"]["se"] == pytest.approx(error, abs=EXACT)
    odds = answer["estimates"]["odds_ratio"]
    assert odds["ratio"] == pytest.approx(np.exp(beta[1]), abs=EXACT)
    assert answer["grade"] == "C"


def people(seed: int = 5, size: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    skill = random.normal(size=size)
    on = (random.random(size) < 1 / (1 + np.exp(-skill))).astype(int)
    y = skill + 0.5 * on + random.normal(size=size)
    return pd.DataFrame({"on": on, "skill": skill, "y": y, "luck": random.normal(size=size)})


CHOSEN: dict[str, Any] = {"design": "observational", "treatment": "on", "covariates": ["skill"]}


def test_an_outcome_that_cannot_move_speaks_against_the_effect_when_it_does(tmp_path: Path) -> None:
    table = people().assign(shoe=lambda t: t["on"] * 0.8 + t["luck"])
    kpi = {"kind": "continuous", "better": "up"}
    still = ask(tmp_path, table, "continuous", placebo=[{"outcome": "luck", "kpi": kpi}], **CHOSEN)
    moved = ask(tmp_path, table, "continuous", placebo=[{"outcome": "shoe", "kpi": kpi}], **CHOSEN)
    assert "concurrent_change" not in still["flags"]
    assert "concurrent_change" in moved["flags"]
    assert moved["checks"]["placebo"]["outcomes"]["shoe"]["p"] < 0.01
    assert moved["estimate"] == still["estimate"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"placebo": "luck"}, "placebo"),
        ({"placebo": [{"outcome": "luck"}]}, "placebo[0].kpi"),
        ({"placebo": [{"outcome": 3, "kpi": {"kind": "count", "better": "up"}}]}, "placebo[0]"),
        ({"flags": ["pretrend"]}, "flags"),
        ({"kpi": {"scale": "nps"}}, "kpi.scale"),
    ],
)
def test_what_is_not_meant_so_is_refused(tmp_path: Path, more: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, people(), "continuous", **CHOSEN, **more)
    assert refused.value.where == where


def test_flags_that_only_the_asker_knows_are_taken(tmp_path: Path) -> None:
    given = ["concurrent_change", "window_not_closed", "plan_changed_after_start"]
    answer = ask(tmp_path, people(), "continuous", flags=given, **CHOSEN)
    assert set(given) <= set(answer["flags"])
    assert answer["verdict"] == "cannot_tell"


def test_without_time_and_lots_people_were_chosen(tmp_path: Path) -> None:
    answer = ask(tmp_path, people(), "continuous", treatment="on", covariates=["skill"])
    assert answer["design"] == "observational"
    assert "nothing says that lots were drawn" in answer["design_because"]


def test_e_value_of_a_difference_goes_by_its_spread(tmp_path: Path) -> None:
    table = people()
    answer = ask(tmp_path, table, "continuous", **CHOSEN)
    ratio = np.exp(0.91 * answer["estimate"]["att"] / table["y"].std(ddof=0))
    want = ratio + np.sqrt(ratio * (ratio - 1))
    assert answer["checks"]["e_value"]["point"] == pytest.approx(want, abs=EXACT)


def sites(effect: float) -> pd.DataFrame:
    random = np.random.default_rng(6)
    rows = [
        (f"s{n:02d}", t, n + random.normal() + effect * (n == 0 and t >= 12))
        for n in range(15)
        for t in range(18)
    ]
    return pd.DataFrame(rows, columns=["site", "t", "y"])


def test_one_of_many_is_ranked_by_how_far_it_left_its_own_fit(tmp_path: Path) -> None:
    spec = {"unit": "site", "time": "t", "treated_unit": "s00", "start": 12}
    placebo = ask(tmp_path, sites(8.0), "continuous", **spec)["checks"]["placebo"]
    assert placebo["rank"]["rank"] == 1
    assert placebo["rank"]["p"] == pytest.approx(1 / 15, abs=1e-9)
    assert placebo["date"]["p"] > 0.05


def test_a_start_too_early_finds_what_was_there_before(tmp_path: Path) -> None:
    """The placebo date of a panel is the plain estimate on the untrained time, re-labelled."""
    random = np.random.default_rng(7)
    rows = [
        (f"u{n:02d}", t, 10 if n < 20 else "", n + random.normal() + 0.7 * (n < 20 and t >= 5))
        for n in range(40)
        for t in range(14)
    ]
    table = pd.DataFrame(rows, columns=["u", "t", "g", "y"])
    spec: dict[str, Any] = {"design": "panel", "unit": "u", "time": "t", "start": "g"}
    date = ask(tmp_path, table, "continuous", **spec)["checks"]["placebo"]["date"]
    early = table[table["t"] < 10].assign(g=table["g"].replace(10, 5))
    want = ask(tmp_path, early, "continuous", **spec)["estimates"]["simple"]
    assert date["periods_early"] == 5
    assert (date["att"], date["se"]) == (pytest.approx(want["att"]), pytest.approx(want["se"]))
    assert stats.norm.sf(date["att"] / date["se"]) < 0.01


def months_of_units(starts: dict[int, int]) -> pd.DataFrame:
    random = np.random.default_rng(11)
    rows = [
        (f"u{n:02d}", f"2024-{t:02d}", int(t >= starts.get(n, 99)), n + random.normal())
        for n in range(20)
        for t in range(1, 13)
    ]
    return pd.DataFrame(rows, columns=["u", "month", "on", "y"])


@pytest.mark.parametrize(
    ("starts", "design"),
    [
        ({3: 7}, "single_unit"),
        ({3: 7, 4: 9}, "panel"),
        (dict.fromkeys(range(8), 7), "panel"),
    ],
)
def test_who_is_treated_when_tells_the_design(
    tmp_path: Path, starts: dict[int, int], design: str
) -> None:
    keys = {"unit": "u", "time": "month"}
    answer = ask(tmp_path, months_of_units(starts), "continuous", treatment="on", **keys)
    assert answer["design"] == design
    assert str(len(starts)) in answer["design_because"]
    if design == "panel":
        first = {f"u{n:02d}": f"2024-{t:02d}" for n, t in starts.items()}
        table = months_of_units(starts).assign(first=lambda t: t["u"].map(first))
        asked = ask(tmp_path, table, "continuous", start="first", **keys)
        assert answer["estimates"] == asked["estimates"]


def test_who_stops_being_treated_is_refused(tmp_path: Path) -> None:
    table = months_of_units({3: 7, 4: 9})
    table.loc[table["month"] == "2024-12", "on"] = 0
    with pytest.raises(BadInput, match="stops being treated"):
        ask(tmp_path, table, "continuous", treatment="on", unit="u", time="month")
