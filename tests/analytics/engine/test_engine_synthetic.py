"""One unit of many: the weights are the best there are, placebos give the error, rows come as they may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analytics.estimators.synthetic import (
    Block,
    placebos,
    plain,
    synthetic_control,
    synthetic_did,
)
from analytics.evaluate import evaluate
from lrs.errors import BadInput


def block(seed: int = 1, *, donors: int = 12, effect: float = 0.0, trained: int = 1) -> Block:
    """Units that follow two hidden currents, each in its own measure."""
    random = np.random.default_rng(seed)
    units, periods, before = donors + trained, 20, 14
    currents = random.normal(size=(2, periods)).cumsum(axis=1)
    outcome = (
        10 + random.uniform(0, 1, (units, 2)) @ currents + random.normal(size=(units, periods))
    )
    outcome[donors:, before:] += effect
    return Block(outcome, donors, before)


def least(columns: np.ndarray, target: np.ndarray, ridge: float) -> np.ndarray:
    """The same weights by a general solver."""
    width = columns.shape[1]

    def cost(w: np.ndarray) -> float:
        return float(((columns @ w - target) ** 2).sum() + ridge**2 * len(columns) * (w @ w))

    found = optimize.minimize(
        cost,
        np.full(width, 1 / width),
        method="SLSQP",
        bounds=[(0, 1)] * width,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}],
        options={"ftol": 1e-14, "maxiter": 2000},
    )
    return found.x


def test_weights_are_those_of_a_general_solver() -> None:
    data = block()
    earlier = data.outcome[:12, :14].T
    target = data.target[:14]
    level = earlier - earlier.mean(axis=0), target - target.mean()
    ridge = 6**0.25 * data.noise
    assert synthetic_did(data).units == pytest.approx(least(*level, ridge), abs=1e-4)
    mine, other = synthetic_control(data).units, least(earlier, target, 0.0)
    assert ((earlier @ mine - target) ** 2).sum() <= ((earlier @ other - target) ** 2).sum() + 1e-6


def test_unit_that_is_a_mix_of_others_is_found_exactly() -> None:
    outcome = block(2).outcome[:12]
    twin = 0.3 * outcome[2] + 0.7 * outcome[5] + np.r_[np.zeros(14), np.full(6, -2.5)]
    path = synthetic_control(Block(np.vstack([outcome, twin]), 12, 14))
    assert path.effect == pytest.approx(-2.5, abs=1e-3)
    assert path.units[[2, 5]] == pytest.approx([0.3, 0.7], abs=1e-3)


def test_plain_difference_is_that_of_four_means() -> None:
    data = block(3)
    before, after = data.outcome[:, :14].mean(axis=1), data.outcome[:, 14:].mean(axis=1)
    change = after - before
    assert plain(data).effect == pytest.approx(change[12] - change[:12].mean(), abs=1e-12)


def test_placebos_rank_and_spread() -> None:
    data = block(4, effect=8.0)
    path, others = synthetic_did(data), placebos(data, synthetic_did)
    assert len(others.effects) == 12
    assert others.rank_p(path) == pytest.approx(1 / 13)
    assert others.estimate(path).se == pytest.approx(np.std(others.effects))
    assert others.estimate(path).low < 8.0 < others.estimate(path).high


def test_no_effect_is_seldom_claimed() -> None:
    claimed = 0
    for seed in range(60):
        data = block(seed)
        path, others = synthetic_did(data), placebos(data, synthetic_did)
        claimed += max(others.estimate(path).p, others.rank_p(path)) < 0.05
    assert claimed <= 7  # 5 % of 60 is 3; more than 7 would come once in sixty


def test_several_trained_have_placebos_in_sets() -> None:
    data = block(5, trained=2)
    assert len(placebos(data, plain).effects) == 66


def long(data: Block) -> pd.DataFrame:
    names = [f"u{n:02}" for n in range(data.donors)] + ["mine"]
    rows = [
        (name, f"2024-{1 + t:02}" if t < 12 else f"2025-{t - 11:02}", data.outcome[n, t],
         int(name == "mine" and t >= data.before))
        for n, name in enumerate(names) for t in range(data.outcome.shape[1])
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["site", "month", "value", "on"])


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {
        "design": "single_unit", "data": "t.csv", "unit": "site", "time": "month",
        "outcome": "value", "kpi": {"kind": "continuous", "better": "up"}, "treatment": "on",
    }  # fmt: skip
    return evaluate(spec | more, folder)


def test_named_unit_and_start_say_the_same_as_a_column(tmp_path: Path) -> None:
    table = long(block(6, effect=8.0))
    by_column = ask(tmp_path, table)
    by_name = ask(tmp_path, table.sample(frac=1, random_state=1), treatment=None,
                  treated_unit="mine", start="2025-03")  # fmt: skip
    assert by_name["estimates"] == by_column["estimates"]
    assert by_column["flags"] == ["too_few_to_tell", "single_treated_unit"]  # one beside twelve
    assert by_column["grade"] == "C"
    assert set(by_column["event_study"]) == {str(e) for e in range(-14, 6)}


def test_an_interval_is_no_surer_than_the_rank_among_placebos(tmp_path: Path) -> None:
    """However far from nothing: first of thirteen is one in thirteen."""
    answer = ask(tmp_path, long(block(6, effect=8.0)))
    told, published = answer["estimate"], answer["estimates"]["synthetic_did"]
    assert told["p"] == pytest.approx(1 / 13)
    assert told["low"] <= 0 < published["low"]
    assert told["att"] == published["att"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.assign(on=0), "treatment"),
        (lambda t: t.assign(on=3), "treatment: data row 1"),
        (lambda t: t.assign(on=(t["month"] >= "2025-03").astype(int)), "treatment"),
        (lambda t: t.assign(on=t["on"] * (t["month"] != "2025-05")), "treatment"),
        (lambda t: pd.concat([t, t.tail(1)]), "unit: data row 261"),
        (lambda t: t[(t["month"] > "2025-01")], "time"),
        (lambda t: t[(t["site"] == "mine") | (t["site"] == "u01")], "unit"),
        (lambda t: t.assign(value=t["value"].where(t["site"] != "mine")), "outcome"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_key(tmp_path: Path, change: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, change(long(block(7))))
    assert refused.value.where == where


def test_unit_with_a_gap_is_left_out_and_said(tmp_path: Path) -> None:
    table = long(block(8))
    answer = ask(tmp_path, table.drop(index=[3]))
    assert answer["n"]["comparison"] == 11
    assert "missing_periods" in answer["flags"]


@pytest.mark.parametrize("cases", [20, 200])
def test_a_small_site_among_large_ones_claims_no_more(cases: int, tmp_path: Path) -> None:
    """Its figures jump about more than theirs do, and so would placebos of its size."""
    spec = {
        "design": "single_unit", "data": "t.csv", "unit": "site", "time": "month",
        "treated_unit": "0", "start": 13, "outcome": "wait", "exposure": "cases",
        "kpi": {"kind": "continuous", "better": "down"},
    }  # fmt: skip
    claims = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        site, month = (index.ravel() for index in np.indices((26, 20)))
        size = np.where(site, 200, cases)
        wait = chance.normal(10, 0.3, 26)[site] + chance.normal(size=len(site)) * 3 / np.sqrt(size)
        columns = {"site": site, "month": month + 1, "cases": size, "wait": wait}
        pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
        claims.append(evaluate(spec, tmp_path)["inference"]["p"] < 0.05)
    assert sum(claims) <= 6
