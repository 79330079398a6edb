"""What the screen tells of money: a return where the evidence carries it, else an opinion or why not."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from rich.console import Console

from analytics.evaluate import evaluate
from analytics.evaluate_command import evaluate as command
from analytics.report.currency import sum_of_money
from analytics.report.screen import tell

MONEY: dict[str, Any] = {
    "units": 1000,
    "value": {"low": 80, "likely": 100, "high": 130},
    "currency": "EUR",
    "cost": 30_000,
}
OPINION = {"isolation": 0.5, "confidence": 0.8}


def people(effect: float, size: int = 200) -> pd.DataFrame:
    """People of whom one in two was drawn."""
    random = np.random.default_rng(1)
    on = np.arange(size) % 2
    return pd.DataFrame({"on": on, "y": 5 + effect * on + random.normal(size=size)})


def spec(folder: Path, table: pd.DataFrame, design: str, money: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    kpi = {"kind": "continuous", "better": "up"}
    asked = {"design": design, "data": "t.csv", "treatment": "on", "outcome": "y", "kpi": kpi}
    return asked if money is None else asked | {"money": money}


def told(folder: Path, effect: float, lang: str, *, money: Any = MONEY, **more: Any) -> str:
    """Return what is told in one line, the spaces of the layout taken out."""
    table = people(effect, more.pop("size", 200))
    answer = evaluate(spec(folder, table, more.pop("design", "randomised"), money) | more, folder)
    said = StringIO()
    tell(answer, lang, Console(file=said, width=500))
    return " ".join(said.getvalue().split())


@pytest.mark.parametrize(
    ("lang", "gain", "back", "paid"),
    [
        ("en", "the change is worth about €", "Return on what it cost +", "Chance that it paid over 99"),
        ("sv", "förändringen värd omkring ", "Avkastning på kostnaden +", "lönade sig över 99"),
        ("nl", "de verandering ongeveer € ", "Rendement op de kosten +", "het loonde meer dan 99"),
    ],
)  # fmt: skip
def test_benefit_return_and_chance_are_told_with_their_intervals(
    tmp_path: Path, lang: str, gain: str, back: str, paid: str
) -> None:
    said = told(tmp_path, 1.0, lang)
    for part in (gain, back, paid):
        assert part in said
    assert said.count("95") >= 3  # the effect, the benefit and the return


def test_sums_on_the_screen_are_those_of_the_answer(tmp_path: Path) -> None:
    money = evaluate(spec(tmp_path, people(1.0), "randomised", MONEY), tmp_path)["money"]
    said = told(tmp_path, 1.0, "en")
    for value in (money["benefit"]["likely"], *money["benefit"]["95"]):
        assert sum_of_money(value, "EUR", "en") in said
    assert f"+{money['roi']['percent']:.0f}" in said


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "No effect was seen"), ("sv", "Ingen effekt syntes"), ("nl", "geen effect te zien")],
)
def test_no_effect_has_a_range_and_no_gain(tmp_path: Path, lang: str, said: str) -> None:
    assert said in told(tmp_path, 0.0, lang)


@pytest.mark.parametrize(
    ("lang", "label"),
    [
        ("en", "An opinion, not a measurement"),
        ("sv", "En bedömning, ingen mätning"),
        ("nl", "Een mening, geen meting"),
    ],
)
def test_opinion_is_told_as_one_and_no_return_beside_it(
    tmp_path: Path, lang: str, label: str
) -> None:
    said = told(tmp_path, 1.0, lang, design="observational", money=MONEY | {"opinion": OPINION})
    assert label in said
    for measured in ("Return on", "Avkastning på", "Rendement op"):
        assert measured not in said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"design": "observational"}, "too weak to put a sum on"),
        ({"money": MONEY | {"cost": 0}}, "not what the training cost"),
        ({"flags": ["window_not_closed"]}, "the planned time is not over"),
        ({"size": 12}, "So few took part"),
    ],
)
def test_where_no_money_is_told_the_reason_is(
    tmp_path: Path, more: dict[str, Any], why: str
) -> None:
    said = told(tmp_path, 1.0, "en", **more)
    assert why in said
    assert "Chance that it paid" not in said


def test_nothing_is_said_of_money_where_nobody_asked(tmp_path: Path) -> None:
    assert "worth" not in told(tmp_path, 1.0, "en", money=None)


def test_command_tells_money_without_json(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(spec(tmp_path, people(1.0), "randomised", MONEY)))
    said = CliRunner().invoke(command, [str(file)])
    assert said.exit_code == 0
    assert "Chance that it paid" in said.output
