"""Numbers of a sentence: falls that leave something, effects however small, in three languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.estimators.effect import Effect
from analytics.estimators.estimate import Estimate
from analytics.estimators.question import Question
from analytics.evaluate import evaluate
from analytics.telling.numbers import LANGUAGES, decimals_for, number
from analytics.telling.sentence import sentences
from analytics.telling.told import Told


def drawn(scale: float = 1.0, *, effect: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(1)
    on = np.arange(60) % 2
    return pd.DataFrame({"on": on, "n": 9, "y": random.poisson(3 + effect * on, 60) * scale})


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {"design": "randomised", "data": "t.csv", "outcome": "y", "treatment": "on"}
    return evaluate(spec | more, folder)


@pytest.mark.parametrize(
    ("better", "sign", "words"),
    [
        ("up", 1, ("a rise of", "en ökning på", "een stijging van")),
        ("down", -1, ("a fall of", "en minskning på", "een daling van")),
    ],
)
def test_smallest_ratio_is_one_in_the_wished_direction(
    tmp_path: Path, better: str, sign: int, words: tuple[str, str, str]
) -> None:
    kpi = {"kind": "count", "better": better}
    many = drawn(scale=2)  # of few events chance is counted out: `few_events`
    answer = ask(tmp_path, many, exposure="n", kpi=kpi)
    told = answer["estimate"]
    df = told["df"] if "df" in told and told["df"] is not None else np.inf
    reach = (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * told["se"]
    assert answer["mde"] == pytest.approx(abs(np.exp(sign * reach) - 1), rel=1e-9)
    assert answer["verdict"] == "no_detectable_effect"
    for lang, said in zip(LANGUAGES, words, strict=True):
        share = number(100 * answer["mde"], lang, decimals_for(100 * answer["mde"]))
        assert f"{said} {share}" in answer["sentence"][lang]


@pytest.mark.parametrize("se", [0.5, 1.5, 3.0, 20.0])
def test_no_fall_is_told_as_one_of_all(se: float) -> None:
    effect = Effect(Estimate(-0.1, se, np.inf), ratio=True, method="").towards("down")
    told = Told(Question(kind="count", better="down"), "no_detectable_effect", "B", (), effect, "")
    assert 0 < effect.mde <= 1
    assert not any(
        f"{hundred} %" in said or f"{hundred}%" in said
        for said in sentences(told).values()
        for hundred in ("100", "100,0", "100.0")
    )


def test_a_continuous_effect_is_told_however_small(tmp_path: Path) -> None:
    """The same figures in another unit: the same digits."""
    kpi = {"kind": "continuous", "better": "up"}
    usual = ask(tmp_path, drawn(1.0, effect=3.0), kpi=kpi)["sentence"]
    small = ask(tmp_path, drawn(1e-7, effect=3.0), kpi=kpi)["sentence"]
    told = usual["en"].split(" by ")[1].split(" ")[0]
    value = float(told) * 1e-7
    for lang in LANGUAGES:
        assert number(value, lang, 8) in small[lang]
        assert "0,000000 " not in small[lang].replace(".", ",")


@pytest.mark.parametrize(
    ("value", "en", "sv", "nl"),
    [
        (3.24e-7, "0.00000032", "0,00000032", "0,00000032"),
        (-3.24e-12, "-3.2 × 10⁻¹²", "-3,2 × 10⁻¹²", "-3,2 × 10⁻¹²"),
        (1.26e18, "1.3 × 10¹⁸", "1,3 × 10¹⁸", "1,3 × 10¹⁸"),
        (1234.0, "1,234", "1\N{NO-BREAK SPACE}234", "1.234"),
        (0.0, "0", "0", "0"),
    ],
)
def test_numbers_keep_two_digits_that_mean_something(
    value: float, en: str, sv: str, nl: str
) -> None:
    assert [number(value, lang, decimals_for(value)) for lang in LANGUAGES] == [en, sv, nl]


def test_what_is_named_as_its_unit_is_not_said_twice() -> None:
    effect = Effect(Estimate(50.0, 10.0, np.inf), ratio=False, method="")
    question = Question(kind="ordinal", unit="NPS", outcome_name="NPS")
    said = sentences(Told(question, "improved", "B", (), effect, ""))
    assert "rose by 50 where" in said["en"]
    assert "ökade med 50 där" in said["sv"]
    assert "stijging van 50 bij NPS" in said["nl"]
