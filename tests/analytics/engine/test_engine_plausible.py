"""Tables and specs that look right and are not quite: asked about, or told as what they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.evaluate import evaluate
from analytics.report.screen import tell
from lrs.errors import BadInput

UP = {"kind": "continuous", "better": "up"}
Change = Callable[[pd.DataFrame], pd.DataFrame]


def rolled_out(seed: int = 3, teams: int = 30, effect: float = -4.0) -> pd.DataFrame:
    """Return teams over ten months, half of which start in the sixth."""
    chance = np.random.default_rng(seed)
    team, month = (index.ravel() for index in np.indices((teams, 10)))
    start = np.where(team % 2, 0, 6)
    own = chance.normal(20, 3, teams)[team]
    value = own + effect * ((start > 0) & (month + 1 >= start)) + chance.normal(size=len(team))
    cases = chance.integers(80, 120, len(team))
    events = chance.poisson(
        np.clip(own * 0.01 * 0.8 ** ((start > 0) & (month + 1 >= start)), 0.01, 1) * cases
    )
    columns = {"team": team, "month": month + 1, "start": start, "value": value.round(2)}
    return pd.DataFrame({**columns, "cases": cases, "events": events})


ROLLED: dict[str, Any] = {
    "design": "panel", "data": "t.csv", "unit": "team", "time": "month", "start": "start",
    "never": 0, "outcome": "value", "kpi": UP,
}  # fmt: skip


def ask(folder: Path, rows: pd.DataFrame, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    rows.to_csv(folder / "t.csv", index=False)
    return evaluate(spec | more, folder)


# A thousand, or one and a bit.


@pytest.mark.parametrize("separator", [",", "."])
@pytest.mark.parametrize("column", ["value", "cases"])
def test_what_may_be_a_thousand_is_asked_about(column: str, separator: str, tmp_path: Path) -> None:
    thousands = (np.arange(len(rolled_out())) % 400) + 800
    text = [f"{n // 1000}{separator}{n % 1000:03}" if n > 999 else str(n) for n in thousands]
    more = {"outcome": "events", "exposure": "cases", "kpi": {"kind": "count", "better": "down"}}
    spec = ROLLED | (more if column == "cases" else {})
    with pytest.raises(BadInput) as caught:
        ask(tmp_path, rolled_out().assign(**{column: text}), spec)
    assert f"'1{separator}000', a thousand or a fraction" in caught.value.message
    assert "data row 201" in (caught.value.where or "")


@pytest.mark.parametrize(
    "cells", [["1.125", "2.5", "3"], ["0.125", "1.250", "2"], ["1.125", "2.250"], ["1,5", "2"],
              ["1.020", "1020", "3"]]
)  # fmt: skip
def test_what_can_only_be_a_fraction_is_one(cells: list[str], tmp_path: Path) -> None:
    rows = rolled_out()
    text = np.resize(np.array(cells, object), len(rows))
    numbers = pd.Series(text).str.replace(",", ".").astype(float)
    found = [ask(tmp_path, rows.assign(value=value), ROLLED) for value in (text, numbers)]
    assert found[0]["estimate"] == found[1]["estimate"]


@pytest.mark.parametrize("rows", [1, 60])
def test_blank_rows_at_the_end_are_none(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.designs.table.AT_ONCE", 50)
    text = rolled_out().to_csv(index=False)
    answers = []
    for ending in ("", ",,,,,\n" * rows):
        (tmp_path / "t.csv").write_text(text + ending)
        answers.append(evaluate(ROLLED, tmp_path))
        del answers[-1]["provenance"]
    assert answers[0] == answers[1]
    (tmp_path / "t.csv").write_text(text + ",,,,,\n" * rows + text.splitlines()[1] + "\n")
    with pytest.raises(BadInput, match="a row has no unit"):
        evaluate(ROLLED, tmp_path)


# What begins at zero, and what is measured in percent.


def test_an_outcome_in_percent_changes_by_points(tmp_path: Path) -> None:
    kpi = UP | {"unit": "%", "name": "Handling time"}
    answer = ask(tmp_path, rolled_out(), ROLLED, kpi=kpi)
    assert "by 4" in answer["sentence"]["en"]
    for lang, points in (("en", "points"), ("sv", "procentenheter"), ("nl", "procentpunten")):
        assert points in answer["sentence"][lang]


def test_one_site_tells_events_in_percent(tmp_path: Path) -> None:
    rows = rolled_out(teams=24).drop(columns="start")
    spec = {
        "design": "single_unit", "data": "t.csv", "unit": "team", "time": "month",
        "treated_unit": "0", "start": 6, "outcome": "events", "exposure": "cases",
        "kpi": {"kind": "count", "better": "down", "name": "Complaints"},
    }  # fmt: skip
    answer = ask(tmp_path, rows, spec)
    assert answer["estimate"]["percent"] < 0
    assert "%" in answer["sentence"]["en"]


def test_what_has_ended_has_fallen_by_all(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    side = np.repeat([0, 1], 60)
    rows = pd.DataFrame({"on": side, "n": np.where(side, 0, chance.poisson(2, 120))})
    kpi = {"kind": "count", "better": "down", "name": "Complaints"}
    spec = {"design": "randomised", "data": "t.csv", "treatment": "on", "outcome": "n", "kpi": kpi}
    answer = ask(tmp_path, rows, spec)
    assert answer["verdict"] == "improved"
    assert "Complaints fell by 100 %" in answer["sentence"]["en"]
    assert "and 100 %" in answer["sentence"]["en"]


def test_money_of_a_ratio_is_the_ratios_own(tmp_path: Path) -> None:
    money = {"units": 1000, "value": 10, "currency": "EUR", "cost": 1}
    kpi = {"kind": "count", "better": "down"}
    more = {"outcome": "events", "exposure": "cases", "kpi": kpi, "money": money}
    rows = rolled_out(seed=4)
    answer = ask(tmp_path, rows, ROLLED | more)
    assert answer["money"]["status"] == "measured"
    trained = rows[(rows["start"] > 0) & (rows["month"] >= rows["start"])]
    rate = trained["events"].sum() / trained["cases"].sum() / answer["estimate"]["ratio"]
    benefit = rate * (1 - answer["estimate"]["ratio"]) * 1000 * 10
    assert answer["money"]["benefit"]["likely"] == pytest.approx(benefit, rel=1e-6)


@pytest.mark.parametrize(
    ("money", "where"),
    [
        ({"units": {"low": 1, "likely": 2, "high": 3}}, "money.units"),
        ({"units": 0}, "money.units"),
        ({"value": 0}, "money.value"),
    ],
)
def test_amounts_that_say_nothing_are_refused(
    money: dict[str, Any], where: str, tmp_path: Path
) -> None:
    given = {"units": 10, "value": 10, "currency": "EUR", "cost": 1} | money
    with pytest.raises(BadInput) as caught:
        ask(tmp_path, rolled_out(), ROLLED, money=given)
    assert caught.value.where == where


# Nobody is too few who are not.


def test_rows_of_teams_are_not_counted_as_people(tmp_path: Path) -> None:
    rows = rolled_out(teams=16)
    assert ask(tmp_path, rows, ROLLED)["verdict"] == "cannot_tell"
    answer = ask(tmp_path, rows, ROLLED, level="team")
    assert answer["verdict"] == "worsened"
    assert "small_sample" not in answer["flags"]
    few = ask(tmp_path, rolled_out(teams=10), ROLLED, level="team")
    assert "few_clusters" in few["flags"]


@pytest.mark.parametrize("design", ["randomised", "observational"])
def test_rows_of_teams_that_were_drawn_or_chosen_are_not_people(
    design: str, tmp_path: Path
) -> None:
    chance = np.random.default_rng(2)
    rows = pd.DataFrame({"on": np.repeat([0, 1], 8), "x": chance.normal(size=16)})
    rows["y"] = 5.0 * rows["on"] + rows["x"] + chance.normal(size=16)
    spec = {"design": design, "data": "t.csv", "treatment": "on", "outcome": "y", "kpi": UP}
    assert "small_sample" in ask(tmp_path, rows, spec)["flags"]
    answer = ask(tmp_path, rows, spec, level="team")
    assert "small_sample" not in answer["flags"]
    assert answer["verdict"] == "improved"


def test_all_against_none_is_told(tmp_path: Path) -> None:
    rows = pd.DataFrame({"on": np.repeat([0, 1], 40), "passed": np.repeat([0, 1], 40)})
    kpi = {"kind": "binary", "better": "up"}
    spec = {"design": "randomised", "data": "t.csv", "treatment": "on", "outcome": "passed"}
    answer = ask(tmp_path, rows, spec, kpi=kpi)
    assert answer["verdict"] == "improved"
    assert answer["inference"]["p"] < 0.001
    assert answer["estimate"]["att"] == 1.0


def test_that_nothing_was_adjusted_for_is_said(tmp_path: Path) -> None:
    chance = np.random.default_rng(4)
    rows = pd.DataFrame({"on": np.repeat([0, 1], 60), "y": chance.normal(size=120)})
    spec = {"design": "observational", "data": "t.csv", "treatment": "on", "outcome": "y"}
    answer = ask(tmp_path, rows, spec, kpi=UP)
    assert list(answer["estimates"]) == ["difference"]
    assert "adjusted for nothing" in answer["estimate"]["method"]


# What nothing reads, or that nothing can be.


SPELLS = pd.DataFrame(
    {"on": [0, 1] * 40, "b": np.arange(1.0, 81.0), "ev": [1, 0, 0, 1] * 20, "y": [0.0, 1.0] * 40}
)
STAYED = {
    "data": "t.csv",
    "kpi": {"kind": "time_to_event", "better": "down"},
    "exit": "b",
    "event": "ev",
}


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"design": "randomised", "treatment": "on", "outcome": "y", "event": "ev"}, "event"),
        ({"design": "randomised", "treatment": "on", "outcome": "y", "pieces": [3]}, "pieces"),
        (STAYED | {"design": "duration", "exposure": "on", "outcome": "y"}, "outcome"),
        (STAYED | {"design": "duration", "exposure": "on", "landmark": -3}, "landmark"),
        (STAYED | {"design": "duration", "exposure": "on", "landmark": 10**400}, "landmark"),
        (STAYED | {"design": "randomised", "treatment": "on", "pieces": [10**400]}, "pieces"),
        (STAYED | {"design": "duration", "exposure": "b"}, "exposure: data row 2"),
        ({"design": ["panel"], "outcome": "y"}, "design"),
    ],
)
def test_what_is_not_read_is_refused(spec: dict[str, Any], where: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        ask(tmp_path, SPELLS, {"data": "t.csv", "kpi": UP} | spec)
    assert caught.value.where == where


def test_who_was_trained_is_said_once(tmp_path: Path) -> None:
    rows = rolled_out().assign(on=lambda t: ((t["team"] == 0) & (t["month"] > 5)) * 1)
    spec = {k: v for k, v in ROLLED.items() if k not in ("start", "never")}
    spec |= {"design": "single_unit", "treatment": "on", "treated_unit": "4"}
    with pytest.raises(BadInput) as caught:
        ask(tmp_path, rows, spec)
    assert caught.value.where == "treated_unit"


def test_a_zero_that_may_mean_never_is_asked_about(tmp_path: Path) -> None:
    spec = {key: value for key, value in ROLLED.items() if key != "never"}
    with pytest.raises(BadInput, match="start 0, before every period") as caught:
        ask(tmp_path, rolled_out(), spec)
    assert '"never": ""' in (caught.value.hint or "")
    answer = ask(
        tmp_path,
        rolled_out().assign(start=lambda t: t["start"].mask(t["team"] == 1, 3)),
        spec,
        never="",
    )
    assert "trained_before_window" in answer["flags"]


@pytest.mark.parametrize("kind", ["count", "continuous"])
def test_no_exposure_at_all_is_said(kind: str, tmp_path: Path) -> None:
    more = {"outcome": "events", "exposure": "cases", "kpi": {"kind": kind, "better": "down"}}
    with pytest.raises(BadInput, match="no row has anything in 'cases'"):
        ask(tmp_path, rolled_out().assign(cases=0, events=0), ROLLED | more)


def test_half_a_character_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="half a character"):
        ask(tmp_path, rolled_out(), ROLLED, path="\ud800")


# On the screen.


def test_the_screen_has_three_numbers_and_why_others_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(ask(tmp_path, rolled_out(), ROLLED), "en")
    told = " ".join(capsys.readouterr().out.split())
    assert "Smallest effect we could have seen" in told
    assert "This number only compares the trained with themselves before." in told
    assert "How firm" in told
    dipped = rolled_out().assign(
        value=lambda t: t["value"] - 6 * ((t["start"] > 0) & (t["month"] == t["start"] - 1))
    )
    tell(ask(tmp_path, dipped, ROLLED), "en")
    assert "How firm" not in capsys.readouterr().out
