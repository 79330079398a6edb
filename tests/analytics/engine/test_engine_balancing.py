"""Chosen people: weighed to be alike, the error as wide as it is, and no claim above grade C."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.balancing import Chosen, balanced, entropy_weights, overlap
from analytics.evaluate import evaluate
from lrs.errors import BadInput


def people(seed: int = 1, *, n: int = 600, effect: float = 2.0) -> pd.DataFrame:
    """The experienced go on the course more often, and do better anyway."""
    random = np.random.default_rng(seed)
    years, office = random.normal(size=n), random.choice(["north", "south", "west"], n)
    keen = 1 / (1 + np.exp(-(-0.8 + 0.8 * years + 0.5 * (office == "west"))))
    on = (random.random(n) < keen).astype(int)
    value = 10 + 3 * years + 2 * (office == "west") + effect * on + random.normal(size=n)
    return pd.DataFrame(
        {"who": np.arange(n), "on": on, "years": years, "office": office, "value": value}
    )


def chosen(table: pd.DataFrame) -> Chosen:
    covariates = np.column_stack([table["years"], table["office"] == "west"]).astype(float)
    on = table["on"].to_numpy() == 1
    return Chosen(table["value"].to_numpy(), np.ones(len(table)), on, covariates)


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {
        "design": "observational", "data": "t.csv", "unit": "who", "treatment": "on",
        "covariates": ["years", "office"], "outcome": "value",
        "kpi": {"kind": "continuous", "better": "up"},
    }  # fmt: skip
    (folder / "spec.json").write_text(json.dumps(spec | more))
    return evaluate(spec | more, folder)


def test_one_yes_or_no_is_balanced_by_counting() -> None:
    """With one covariate of two values the weights are shares of strata, and nothing else."""
    table = people()
    west, on = table["office"] == "west", table["on"] == 1
    group = Chosen(
        table["value"].to_numpy(), np.ones(len(table)), on.to_numpy(), west.to_numpy(float)[:, None]
    )
    weights = entropy_weights(group)
    share = west[on].mean()
    want = share * table["value"][~on & west].mean()
    want += (1 - share) * table["value"][~on & ~west].mean()
    assert weights @ table["value"][~on] == pytest.approx(want, abs=1e-6)


def test_means_are_equal_afterwards_and_weights_are_exponential() -> None:
    group = chosen(people(2))
    weights = entropy_weights(group)
    assert overlap(group, weights).off < 1e-7
    others = group.covariates[~group.trained]
    design = np.column_stack([np.ones(len(others)), others])
    left = np.log(weights) - design @ np.linalg.lstsq(design, np.log(weights), rcond=None)[0]
    assert np.abs(left).max() < 1e-8


def test_interval_covers_where_everything_is_told() -> None:
    covered = []
    for seed in range(200):
        group = chosen(people(seed, n=300))
        told = balanced(group, entropy_weights(group), ratio=False)
        assert told is not None
        covered.append(told.low <= 2.0 <= told.high)
    assert abs(np.mean(covered) - 0.95) < 3 * (0.95 * 0.05 / 200) ** 0.5


def errors_of_cases(random: np.random.Generator) -> Chosen:
    """Errors in so many cases; the training takes a fifth of them away (-0.2 in the logarithm)."""
    years = random.normal(size=400)
    on = random.random(400) < 1 / (1 + np.exp(-years))
    cases = random.integers(5, 15, 400).astype(float)
    errors = random.poisson(cases * np.exp(-1 + 0.3 * years - 0.2 * on)).astype(float)
    return Chosen(errors, cases, on, np.column_stack([years, years**2]))


def test_ratio_covers_too() -> None:
    random, covered = np.random.default_rng(9), []
    for _ in range(200):
        group = errors_of_cases(random)
        told = balanced(group, entropy_weights(group), ratio=True)
        assert told is not None
        covered.append(told.low <= -0.2 <= told.high)
    assert np.mean(covered) > 0.90


def test_words_are_balanced_too_and_the_grade_is_c(tmp_path: Path) -> None:
    answer = ask(tmp_path, people(4))
    assert (answer["verdict"], answer["grade"]) == ("improved", "C")
    assert answer["flags"] == ["selected_comparison"]
    assert set(answer["checks"]["balance"]) == {"years", "office=south", "office=west"}
    assert answer["estimate"]["low"] < 2.0 < answer["estimate"]["high"]
    assert answer["naive"]["cross_section"]["att"] > 3.5


def test_decimal_comma_says_the_same(tmp_path: Path) -> None:
    table = people(4)
    plain = ask(tmp_path, table)
    table.to_csv(tmp_path / "t.csv", index=False, sep=";", decimal=",")
    spec = json.loads((tmp_path / "spec.json").read_text())
    assert evaluate(spec, tmp_path)["estimate"] == plain["estimate"]


def test_nobody_alike_gives_no_number(tmp_path: Path) -> None:
    table = people(5)
    table["years"] = np.where(table["on"] == 1, 10.0, 0.0) + table["years"]
    answer = ask(tmp_path, table)
    assert answer["verdict"] == "cannot_tell"
    assert answer["estimate"] is None
    assert "no_overlap" in answer["flags"]


def test_few_alike_are_flagged(tmp_path: Path) -> None:
    table = people(6, n=150)
    table["years"] = np.where(table["on"] == 1, 1.2, 0.0) + table["years"]
    assert "poor_overlap" in ask(tmp_path, table)["flags"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.assign(on=1), "treatment"),
        (lambda t: t.assign(on=0), "treatment"),
        (lambda t: t.assign(on="maybe"), "treatment: data row 1"),
        (lambda t: t.assign(who=1), "unit"),
        (lambda t: t.assign(office=[f"o{n}" for n in t.index]), "covariates"),
        (lambda t: t.drop(columns="years"), "covariates"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_key(tmp_path: Path, change: Any, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, change(people()))
    assert refused.value.where == where
