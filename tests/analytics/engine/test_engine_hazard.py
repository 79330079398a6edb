"""Time to an event: the likelihood by hand, trained from the day it happened, faults refused."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.duration.hazard_regression import PHReg

from analytics.estimators.hazard import Spells, cox
from analytics.evaluate import evaluate
from lrs.errors import BadInput

KPI = {"kind": "time_to_event", "better": "down"}
NAMES = ("unit", "entry", "exit", "event", "exposure", "covariates")


def company(seed: int = 1, *, people: int = 300, effect: float = -0.7) -> pd.DataFrame:
    """People who may leave each month; about half are trained on the way, and stay longer."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        trained_at = int(random.integers(1, 20))
        age = random.normal()
        for month in range(18):
            on = int(month >= trained_at)
            leaves = random.random() < 0.06 * np.exp(effect * on + 0.2 * age)
            rows.append((f"p{person}", month, month + 1, int(leaves), on, age))
            if leaves:
                break
    names = ["who", "from", "to", "left", "on", "age"]
    return pd.DataFrame(rows, columns=names)


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {
        "design": "duration", "data": "t.csv", "unit": "who", "entry": "from", "exit": "to",
        "event": "left", "exposure": "on", "covariates": ["age"],
        "kpi": KPI,
    }  # fmt: skip
    return evaluate(spec | more, folder)


def efron(table: pd.DataFrame, beta: np.ndarray) -> float:
    """Less the logarithm of Efron's partial likelihood, written out."""
    told = table[["on", "age"]].to_numpy(float) @ beta
    total = 0.0
    for time in np.unique(table.loc[table["left"] == 1, "to"]):
        risk = np.exp(told[(table["from"] < time) & (table["to"] >= time)]).sum()
        dead = told[(table["to"] == time) & (table["left"] == 1)]
        tied = np.exp(dead).sum()
        total += dead.sum()
        total -= sum(np.log(risk - k / len(dead) * tied) for k in range(len(dead)))
    return -total


def spread(table: pd.DataFrame, beta: np.ndarray) -> float:
    """The error of the first coefficient: the inverse of the likelihood's curve, by differences."""
    step = 1e-3 * np.eye(2)
    curve = np.array(
        [
            [
                efron(table, beta + a + b) - efron(table, beta + a - b)
                - efron(table, beta - a + b) + efron(table, beta - a - b)
                for b in step
            ]
            for a in step
        ]
    )  # fmt: skip
    return float(np.linalg.inv(curve / 4e-6)[0, 0] ** 0.5)


def test_hazard_ratio_is_that_of_efrons_likelihood(tmp_path: Path) -> None:
    table = company()
    best = optimize.minimize(lambda b: efron(table, b), [0.0, 0.0], options={"gtol": 1e-8})
    answer = ask(tmp_path, table)
    assert answer["estimate"]["coef"] == pytest.approx(best.x[0], abs=1e-5)
    assert answer["estimate"]["ratio"] == pytest.approx(np.exp(best.x[0]), abs=1e-5)
    assert answer["estimate"]["se"] == pytest.approx(spread(table, best.x), rel=1e-4)


def test_who_lived_to_be_trained_is_not_thought_to_live_long(tmp_path: Path) -> None:
    """No effect at all: counted as trained from their first day, they seem to stay twice as long."""
    answer = ask(tmp_path, company(2, effect=0.0, people=500))
    assert answer["naive"]["cross_section"]["ratio"] < 0.6
    assert answer["estimate"]["low"] < 1 < answer["estimate"]["high"]
    assert answer["verdict"] == "no_detectable_effect"
    assert "immortal_time_handled" in answer["flags"]


def test_chosen_people_are_graded_c_whatever_is_found(tmp_path: Path) -> None:
    answer = ask(tmp_path, company(3, people=600))
    assert (answer["verdict"], answer["grade"]) == ("improved", "C")
    assert "selected_comparison" in answer["flags"]
    assert answer["checks"]["e_value"]["limit"] > 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.assign(left=2), "event: data row 1"),
        (lambda t: t.assign(to=t["from"]), "exit: data row 1"),
        (lambda t: t.assign(on=-1), "exposure: data row 1"),
        (lambda t: t.assign(**{"from": 0}), "entry: data row 2"),
        (lambda t: t.assign(left=1), "event: data row 2"),
        (lambda t: t.assign(age=["old", *t["age"][1:]]), "covariates: data row 1"),
        (lambda t: t.assign(age=2 * t["on"] + 1), "covariates"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_row(tmp_path: Path, change: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, change(company(people=40)))
    assert refused.value.where == where


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        (lambda t: t.assign(on=0), "nobody_trained"),
        (lambda t: t.assign(on=1), "no_before_period"),
        (lambda t: t.assign(left=0), "no_variation"),
        (lambda t: t[t["who"].isin([f"p{n}" for n in range(8)])], "small_sample"),
    ],
)
def test_where_nothing_can_be_told_nothing_is(tmp_path: Path, change: Any, flag: str) -> None:
    answer = ask(tmp_path, change(company(people=60)))
    assert answer["verdict"] == "cannot_tell"
    assert answer["estimate"] is None
    assert flag in answer["flags"]


def survival(tmp_path: Path, rows: str, **spec: Any) -> dict[str, Any]:
    """Ask about a table as survival tables are written: a time, and what happened."""
    (tmp_path / "lung.csv").write_text(rows)
    asked = {"data": "lung.csv", "exit": "time", "event": "status", "exposure": "sex"}
    return evaluate(asked | {"kpi": KPI} | spec, tmp_path)


def test_entry_and_unit_may_be_left_out(tmp_path: Path) -> None:
    table = company(people=200).drop_duplicates("who", keep="last")
    whole = table.assign(zero=0, **{"from": 0})
    answer = ask(tmp_path, whole)
    table[["to", "left", "on", "age"]].to_csv(tmp_path / "bare.csv", index=False)
    spec = {"data": "bare.csv", "exit": "to", "event": "left", "exposure": "on"}
    bare = evaluate({**spec, "covariates": ["age"], "kpi": KPI}, tmp_path)
    assert bare["estimate"]["coef"] == answer["estimate"]["coef"]
    assert bare["design_because"] == "the spec names event, exit"


def test_ones_and_twos_are_no_and_yes_as_survival_tables_have_them(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    time, status = random.integers(1, 90, 60), random.integers(0, 2, 60)
    cells = list(zip(time, status, random.integers(0, 2, 60), strict=True))
    plain = "\n".join(["time,status,sex", *(f"{t},{s},{x}" for t, s, x in cells)])
    coded = "\n".join(["time,status,sex", *(f"{t},{s + 1},{x + 1}" for t, s, x in cells)])
    one, other = survival(tmp_path, plain), survival(tmp_path, coded)
    assert one["estimate"] == other["estimate"]
    assert one["n"] == other["n"]


def test_at_a_landmark_people_are_what_they_were_by_then(tmp_path: Path) -> None:
    """Newcomers: those still there at month 10, by whether they had been trained before it."""
    table = company(5, people=400)
    answer = ask(tmp_path, table, landmark=10)
    there = table[table["to"] > 10]
    by_then = table[table["from"] < 10].groupby("who")["on"].max()
    fixed = there.assign(on=there["who"].map(by_then), **{"from": there["from"].clip(lower=10)})
    assert answer["estimates"]["landmark"]["coef"] == pytest.approx(
        ask(tmp_path, fixed)["estimate"]["coef"], abs=1e-6
    )
    with pytest.raises(BadInput, match="landmark is a number"):
        ask(tmp_path, table, landmark="early")


def test_whole_teams_have_the_error_of_teams(tmp_path: Path) -> None:
    """Against leaving out one team at a time; with a person a team it is Lin and Wei's."""
    table = company(6, people=160)
    random = np.random.default_rng(6)
    team = table["who"].str[1:].astype(int) % 16
    leaves = table["left"] | (random.random(len(table)) < 0.02 * (team % 3))
    table = table.assign(team=team, left=leaves.astype(int))
    first = table[table["left"] == 1].groupby("who")["from"].min()
    table = table[table["from"] <= table["who"].map(first).fillna(99)]
    told = ask(tmp_path, table, cluster="team")["estimate"]
    others = [ask(tmp_path, table[table["team"] != left])["estimate"]["coef"] for left in range(16)]
    jackknife = (15 / 16 * np.sum((np.array(others) - np.mean(others)) ** 2)) ** 0.5
    assert told["coef"] == ask(tmp_path, table)["estimate"]["coef"]
    assert told["se"] == pytest.approx(jackknife, rel=0.1)
    assert told["df"] == 15
    assert "few_clusters" in ask(tmp_path, table[table["team"] < 5], cluster="team")["flags"]


def test_another_event_that_the_training_cannot_move_is_a_placebo(tmp_path: Path) -> None:
    table = company(8, people=500)
    last = ~table["who"].duplicated(keep="last")
    luck = np.random.default_rng(8).random(len(table))
    table = table.assign(moved=(last & (luck < 0.5)) * 1, again=table["left"])
    for event, moved in (("moved", False), ("again", True)):
        answer = ask(tmp_path, table, placebo=[{"outcome": event, "kpi": KPI}])
        assert ("concurrent_change" in answer["flags"]) is moved
        assert event in answer["checks"]["placebo"]["outcomes"]


def delayed(seed: int, *, apart: bool, people: int = 400) -> Spells:
    """People who come at different times; exits all apart, or on a few days with many ties."""
    random = np.random.default_rng(seed)
    x, on = random.normal(size=(people, 2)), np.arange(people) % 2.0
    entry = random.exponential(size=people) * (random.random(people) < 0.7)
    until = random.exponential(np.exp(0.5 * on - 0.3 * x[:, 0]))
    stopped = random.exponential(1.5, people)
    left, event = entry + np.minimum(until, stopped), (until <= stopped) * 1.0
    if not apart:
        entry, left = np.floor(6 * entry), np.maximum(np.ceil(6 * left), np.floor(6 * entry) + 1)
    return Spells(np.arange(people), entry, left, event, on, x)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("apart", [True, False], ids=["apart", "tied"])
def test_hazard_is_that_of_statsmodels_with_and_without_ties(ties: str, apart: bool) -> None:
    """Whose interval is closed at its start: a hair is added to every entry."""
    for seed in range(3):
        spells = delayed(seed, apart=apart)
        design = np.column_stack([spells.exposure, spells.covariates])
        entry = spells.entry + 1e-9
        model = PHReg(spells.exit, design, status=spells.event, entry=entry, ties=ties)
        fit = model.fit()
        found = cox(spells, ties)
        assert found is not None
        told = (found.estimate.value, found.estimate.se)
        assert told == pytest.approx((fit.params[0], fit.bse[0]), abs=1e-9)
        ended = spells.event == 1
        moved = fit.schoenfeld_residuals[ended, 0]
        p = stats.pearsonr(stats.rankdata(spells.exit[ended]), moved)[1]
        assert found.proportional_p == pytest.approx(p, abs=1e-9)


def test_neither_the_unit_of_a_covariate_nor_where_it_counts_from_matters() -> None:
    spells = delayed(4, apart=True)
    far = cox(replace(spells, covariates=spells.covariates * [1e-3, 1e3] + [2024, 1e6]))
    plain = cox(spells)
    assert far is not None
    assert plain is not None
    assert far.estimate.value == pytest.approx(plain.estimate.value, abs=1e-9)
    assert far.estimate.se == pytest.approx(plain.estimate.se, abs=1e-9)


def test_a_covariate_of_people_who_all_stay_leaves_the_effect_to_be_told() -> None:
    """Its own coefficient has no end; the effect is that among the others."""
    spells = delayed(5, apart=False)
    stays = np.arange(len(spells.unit)) % 20 == 0
    event = np.where(stays, 0.0, spells.event)
    found = cox(
        replace(spells, event=event, covariates=np.column_stack([spells.covariates, stays]))
    )
    others = {name: getattr(spells, name)[~stays] for name in NAMES}
    want = cox(Spells(**others))
    assert found is not None
    assert want is not None
    assert found.estimate.value == pytest.approx(want.estimate.value, abs=1e-6)
    assert found.estimate.se == pytest.approx(want.estimate.se, abs=1e-6)


def test_rows_times_covariates_are_all_that_is_kept() -> None:
    """Twice the people, all with exits of their own, need twice the room and not four times."""
    peaks = []
    for people in (4_000, 8_000):
        spells = delayed(6, apart=True, people=people)
        tracemalloc.start()
        assert cox(spells) is not None
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2.5 * peaks[0]


def test_sides_that_part_for_good_have_no_ratio(tmp_path: Path) -> None:
    """Nobody who was trained ever leaves: the likelihood has no top."""
    table = company(7, people=80)
    table = table.assign(left=table["left"] * (table["on"] == 0))
    answer = ask(tmp_path, table)
    assert answer["estimate"] is None
    assert "no_event_on_a_side" in answer["flags"]
    assert answer["verdict"] == "cannot_tell"


def test_lung_cancer_is_that_of_r() -> None:
    """R, survival, `coxph(Surv(time, status) ~ age + sex, lung)`: sex, as it prints.

    The file is the package's, with its status of 1 and 2.
    """
    spec = {"data": "lung.csv", "exit": "time", "event": "status", "exposure": "sex"}
    folder = Path(__file__).resolve().parents[2] / "data"
    told = evaluate(spec | {"covariates": ["age"], "kpi": KPI}, folder)["estimate"]
    assert (told["coef"], told["se"]) == pytest.approx((-0.513219, 0.167458), abs=1e-6)
