"""Everybody trained at once: a series of all, where it reaches back a year; else before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.answering import answer_panel
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.evaluate import evaluate

START = 18


def company(
    seed: int = 1,
    *,
    effect: float = 0.0,
    months: int = 30,
    starts: tuple[int, ...] = (START,),
    kind: str = "continuous",
    season: float = 1.0,
) -> pd.DataFrame:
    """Thirty teams that all start; a season, a trend, and noise."""
    random = np.random.default_rng(seed)
    team, month = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(months)))
    cohort = np.array(starts)[team % len(starts)]
    level = 20 + 0.05 * month + season * np.sin(2 * np.pi * month / 12)
    level = level + effect * (month >= cohort)
    if kind == "count":
        num, den = random.poisson(level), np.ones(len(level))
    elif kind == "binary":
        num, den = (random.random(len(level)) < level / 60).astype(float), np.ones(len(level))
    else:
        num, den = level + random.normal(0, 1, len(level)), np.ones(len(level))
    rows = {"unit": team, "cluster": team, "cohort": cohort, "period": month, "num": num}
    return pd.DataFrame(rows | {"den": den})


def told(rows: pd.DataFrame, kind: str = "continuous", year: int | None = 12) -> dict[str, Any]:
    return answer_panel(RowPanel(rows), Question(kind=kind), year=year)


@pytest.mark.parametrize("kind", ["continuous", "count", "binary"])
def test_it_is_the_series_of_all_of_them(tmp_path: Any, kind: str) -> None:
    """What `verkan evaluate` says of the same months as a table of one series."""
    rows = company(effect=3.0, kind=kind)
    months = rows.groupby("period", as_index=False)[["num", "den"]].sum()
    months["on"] = (months["period"] >= START).astype(int)
    months.to_csv(tmp_path / "t.csv", index=False)
    spec = {"design": "interrupted_series", "data": "t.csv", "time": "period", "step": "on"}
    spec |= {"outcome": "num", "exposure": "den", "kpi": {"kind": kind, "better": "up"}}
    if kind == "continuous":
        months.assign(mean=months["num"] / months["den"]).to_csv(tmp_path / "t.csv", index=False)
        spec = {**spec, "outcome": "mean"}
        del spec["exposure"]
    said = evaluate(spec | {"season": {"period": 12, "harmonics": 2}}, tmp_path)
    own = told(rows, kind)
    assert (own["verdict"], own["grade"]) == (said["verdict"], said["grade"])
    for key in {"att", "se", "low", "high", "p", "ratio"} & said["estimate"].keys():
        assert own["estimate"][key] == pytest.approx(said["estimate"][key], rel=1e-6), key
    for at, cell in said["series"].items():
        assert own["series"][at] == pytest.approx(cell, rel=1e-6), at


def test_a_real_step_is_found_and_never_above_c() -> None:
    answer = told(company(2, effect=3.0))
    assert answer["design"] == "interrupted_series"
    assert (answer["verdict"], answer["grade"]) == ("improved", "C")
    assert answer["flags"] == ["no_comparison_group"]
    assert answer["estimate"]["low"] < 3.0 < answer["estimate"]["high"]
    assert (answer["n"]["treated"], answer["n"]["comparison"]) == (30, 0)
    assert (answer["n"]["periods_before"], answer["n"]["periods_after"]) == (18, 12)


def test_a_season_does_not_pass_for_an_effect() -> None:
    """Beside it, before and after alone is wrong nearly every time."""
    answers = [told(company(seed, season=2.0, months=27)) for seed in range(40)]
    claimed = [answer["verdict"] != "no_detectable_effect" for answer in answers]
    plain = [answer["naive"]["before_after"]["p"] < 0.05 for answer in answers]
    assert sum(claimed) <= 6  # one in twenty, and chance
    assert sum(plain) >= 30


def test_the_months_are_told_beside_what_was_to_be_expected() -> None:
    series = told(company(effect=3.0))["series"]
    assert [int(at) for at in series] == list(range(-18, 12))
    beyond = [cell["value"] - cell["expected"] for at, cell in series.items() if int(at) >= 0]
    assert np.mean(beyond) == pytest.approx(told(company(effect=3.0))["estimate"]["att"])


def test_starts_in_two_months_are_a_step_in_two_parts() -> None:
    answer = told(company(effect=3.0, starts=(START, START + 1)))
    assert (answer["design"], answer["n"]["periods_before"]) == ("interrupted_series", 18)
    assert answer["estimate"]["low"] < 3.0 < answer["estimate"]["high"]


@pytest.mark.parametrize(
    ("why", "rows"),
    [
        ("less than a year before", lambda: company(effect=3.0, starts=(11,))),
        ("two months after", lambda: company(effect=3.0, months=START + 2)),
    ],
)
def test_too_short_a_series_is_before_and_after(why: str, rows: Any) -> None:
    answer = told(rows())
    assert (answer["design"], answer["grade"], answer["verdict"]) == (
        "before_after",
        "D",
        "cannot_tell",
    ), why


def test_periods_that_follow_no_calendar_have_no_season_to_take_away() -> None:
    assert told(company(effect=3.0), year=None)["design"] == "before_after"


def test_whoever_was_never_trained_is_a_comparison() -> None:
    rows = company(effect=3.0)
    rows.loc[rows["unit"] < 8, "cohort"] = NEVER
    assert told(rows)["design"] == "panel"
