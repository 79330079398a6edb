"""Where clusters are few, a claim is as rare as it is to be: no effect, no claim, nineteen times in twenty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.estimators.between import Between, freedom
from analytics.evaluate import evaluate

CHOSEN = {
    "design": "observational",
    "data": "t.csv",
    "treatment": "on",
    "outcome": "result",
    "cluster": "team",
    "covariates": ["age"],
    "kpi": {"kind": "continuous", "better": "up"},
}
STAYED = {
    "design": "duration",
    "data": "t.csv",
    "exit": "stayed",
    "event": "left",
    "exposure": "on",
    "unit": "person",
    "cluster": "team",
    "kpi": {"kind": "time_to_event", "better": "down"},
}


def company(seed: int, teams: int, trained: int, each: int = 25, effect: float = 0.0) -> Any:
    """Return people of teams that differ, some of which were trained as a whole."""
    chance = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), each)
    own = chance.normal(size=teams)[team]
    on = (team < trained).astype(int)
    age = chance.normal(size=len(team))
    stayed = chance.exponential(10 * np.exp(own / 2 + effect * on))
    return pd.DataFrame(
        {
            "person": np.arange(len(team)),
            "team": team,
            "on": on,
            "age": age,
            "result": own + age + effect * on + chance.normal(size=len(team)),
            "stayed": np.minimum(stayed, 12).round(4) + 1e-3,
            "left": (stayed < 12).astype(int),
        }
    )


@pytest.mark.parametrize("spec", [CHOSEN, STAYED], ids=["observational", "duration"])
@pytest.mark.parametrize(("teams", "trained"), [(20, 2), (30, 3), (8, 4), (10, 2)])
def test_few_teams_claim_nothing_without_an_effect(
    spec: dict[str, Any], teams: int, trained: int, tmp_path: Path
) -> None:
    claims = 0
    for seed in range(40):
        company(seed, teams, trained).to_csv(tmp_path / "t.csv", index=False)
        answer = evaluate(spec, tmp_path)
        assert "few_clusters" in answer["flags"]
        claims += answer["verdict"] in ("improved", "worsened")
    assert (
        claims <= 6
    )  # two are to be expected; seven or more come of one in two hundred such tests


@pytest.mark.parametrize(("teams", "trained"), [(20, 2), (20, 3), (14, 2)])
def test_few_teams_of_many_claim_nothing_over_time(
    teams: int, trained: int, tmp_path: Path
) -> None:
    spec = {
        "design": "panel", "data": "t.csv", "unit": "team", "time": "month", "start": "start",
        "never": 0, "outcome": "value", "level": "team", "kpi": {"kind": "continuous", "better": "up"},
    }  # fmt: skip
    small = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        team, month = (index.ravel() for index in np.indices((teams, 9)))
        drift = chance.normal(size=(teams, 9)).cumsum(axis=1).ravel() / 2
        value = chance.normal(size=teams)[team] + drift + chance.normal(size=len(team))
        start = np.where(team < trained, 6, 0)
        columns = {"team": team, "month": month + 1, "start": start, "value": value}
        pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
        answer = evaluate(spec, tmp_path)
        assert "few_clusters" in answer["flags"]
        small.append(answer["inference"]["p"] < 0.05)
    assert sum(small) <= 6


@pytest.mark.parametrize("spec", [CHOSEN, STAYED], ids=["observational", "duration"])
@pytest.mark.parametrize(("teams", "trained"), [(20, 1), (4, 2), (5, 4)])
def test_where_chance_could_always_have_done_it_nothing_can_be_told(
    spec: dict[str, Any], teams: int, trained: int, tmp_path: Path
) -> None:
    company(1, teams, trained, effect=5.0).to_csv(tmp_path / "t.csv", index=False)
    answer = evaluate(spec, tmp_path)
    assert "too_few_to_tell" in answer["flags"]
    assert ("single_treated_unit" in answer["flags"]) == (trained == 1)
    assert answer["verdict"] == "cannot_tell"


@pytest.mark.parametrize("spec", [CHOSEN, STAYED], ids=["observational", "duration"])
def test_many_teams_show_an_effect(spec: dict[str, Any], tmp_path: Path) -> None:
    company(2, 40, 20, effect=1.5).to_csv(tmp_path / "t.csv", index=False)
    answer = evaluate(spec, tmp_path)
    assert answer["verdict"] == "improved"
    assert "few_clusters" not in answer["flags"]


def test_teams_that_train_some_of_their_people_count_together() -> None:
    team = np.repeat(np.arange(12), 10)
    found = Between(team, np.tile([True, False], 60)).estimate(1.0, np.ones(120))
    assert found is not None
    assert (found.se, found.df) == pytest.approx(((12 / 11 * 12 * 100) ** 0.5, 11))


def test_sides_count_by_themselves() -> None:
    part = np.array([1.0, 1.0, -3.0, 2.0, 0.5])
    found = Between(np.arange(5), np.array([True, True, False, False, False])).estimate(0.0, part)
    assert found is not None
    own = np.array([2 * 2.0, 1.5 * (9 + 4 + 0.25)])
    assert found.se == pytest.approx(own.sum() ** 0.5)
    assert found.df == pytest.approx(freedom(own, np.array([2.0, 3.0])))


def test_few_that_lie_close_by_chance_make_nothing_surer() -> None:
    sizes = np.array([2.0, 18.0])
    alike = (1 / 2 + 1 / 18) ** 2 / (1 / 4 + 1 / 18**2 / 17)
    assert freedom(np.array([1e-6, 1.0]), sizes) == pytest.approx(alike)
    assert freedom(np.array([1.0, 1e-6]), sizes) == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("uneven", [0.0, 1.5])
def test_teams_of_very_different_size_claim_no_more(uneven: float, tmp_path: Path) -> None:
    """A large team draws the mean of its side to itself: what it is off by is given back."""
    spec = {
        "design": "panel", "data": "t.csv", "unit": "team", "time": "month", "start": "start",
        "never": 0, "outcome": "events", "exposure": "cases", "level": "team",
        "kpi": {"kind": "rate", "better": "down"},
    }  # fmt: skip
    small = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        team, month = (index.ravel() for index in np.indices((24, 8)))
        cases = np.round(60 * np.exp(uneven * chance.normal(size=24)))[team] + 5
        own = 0.1 * np.exp(0.3 * chance.normal(size=24)[team] + 0.3 * chance.normal(size=len(team)))
        start = np.select([team % 3 == 0, team % 3 == 1], [4, 6], 0)
        columns = {"team": team, "month": month + 1, "start": start, "cases": cases}
        rows = pd.DataFrame(columns | {"events": chance.poisson(own * cases)})
        rows.to_csv(tmp_path / "t.csv", index=False)
        small.append(evaluate(spec, tmp_path)["inference"]["p"] < 0.05)
    assert sum(small) <= 6
