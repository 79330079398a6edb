"""The method is told in the reader's language; in the record it stays as the engine has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import report_records as records

from analytics import methods
from analytics.evaluate import evaluate
from analytics.report.method import ESTIMATES, NAIVE, estimates, provenance
from analytics.report.view import View
from analytics.report.ways import OF_TABLES, in_words, is_known
from lrs.web.i18n import words

UP = {"kind": "continuous", "better": "up"}
COUNT = {"kind": "count", "better": "down"}
YES = {"kind": "binary", "better": "up"}
RANDOM = np.random.default_rng(15)


def people(n: int = 120, *, clusters: int = 0) -> pd.DataFrame:
    """A row a person: half trained, one by one or a cluster at a time."""
    cluster = np.arange(n) % clusters if clusters else np.arange(n)
    on = cluster % 2
    age, cases = RANDOM.normal(40, 9, n), RANDOM.integers(20, 40, n)
    y = RANDOM.normal(3 + 0.02 * age + on, 1)
    return pd.DataFrame(
        {
            "on": on,
            "c": cluster,
            "age": age,
            "y": y,
            "cases": cases,
            "n": RANDOM.poisson(0.2 * cases),
        }
    )


def months(units: int, starts: Callable[[int], Any]) -> pd.DataFrame:
    """A row a unit and month."""
    rows = [
        {"u": u, "t": t, "s": starts(u), "cases": 50}
        | {"y": RANDOM.normal(5 + u % 3, 1), "n": RANDOM.poisson(8 if t >= 8 and u % 2 else 12)}
        for u in range(units)
        for t in range(16)
    ]
    return pd.DataFrame(rows)


def series() -> pd.DataFrame:
    t = np.arange(48)
    n = RANDOM.poisson(30 - 5 * (t >= 24))
    return pd.DataFrame(
        {"t": t, "step": (t >= 24) * 1, "n": n, "cases": 100, "y": n + RANDOM.normal(0, 2, 48)}
    )


def spells(n: int = 200) -> pd.DataFrame:
    end = np.ceil(RANDOM.exponential(20, n)).clip(1, 30)
    return pd.DataFrame({"u": range(n), "to": end, "left": (end < 30) * 1, "on": np.arange(n) % 2})


def changing() -> pd.DataFrame:
    rows = []
    for one in spells().itertuples():
        if one.on and one.to > 6:
            rows += [(one.u, 0, 6, 0, 0), (one.u, 6, one.to, one.left, 1)]
        else:
            rows += [(one.u, 0, one.to, one.left, 0)]
    return pd.DataFrame(rows, columns=["u", "since", "to", "left", "on"])


DRAWN: dict[str, Any] = {"design": "randomised", "treatment": "on", "outcome": "y", "kpi": UP}
DRAWN_COUNT = DRAWN | {"outcome": "n", "exposure": "cases", "kpi": COUNT}
CHOSEN = DRAWN | {"design": "observational"}
PANEL: dict[str, Any] = {"design": "panel", "unit": "u", "time": "t", "start": "s"}
PANEL |= {"outcome": "y", "kpi": UP, "level": "team"}
RATES = {"outcome": "n", "exposure": "cases", "kpi": COUNT}
SERIES: dict[str, Any] = {"design": "interrupted_series", "time": "t", "step": "step"}
ENDS: dict[str, Any] = {"exit": "to", "event": "left", "kpi": {**COUNT, "kind": "time_to_event"}}

ASKED: dict[str, tuple[Callable[[], pd.DataFrame], dict[str, Any]]] = {
    "drawn": (people, DRAWN),
    "drawn, adjusted": (people, DRAWN | {"covariates": ["age"]}),
    "drawn, counted": (people, DRAWN_COUNT),
    "drawn, counted and adjusted": (people, DRAWN_COUNT | {"covariates": ["age"]}),
    "drawn by cluster": (lambda: people(clusters=20), DRAWN | {"cluster": "c"}),
    "drawn, few": (lambda: people(12), DRAWN | {"inference": "exact_permutation"}),
    "drawn within clusters": (lambda: people().assign(c=np.arange(120) // 4), DRAWN | {"cluster": "c"}),
    "drawn, days": (people, DRAWN_COUNT | {"kpi": {**COUNT, "kind": "absence"}}),
    "drawn, time": (spells, ENDS | {"design": "randomised", "treatment": "on"}),
    "drawn, time, few events": (lambda: spells(40), ENDS | {"design": "randomised", "treatment": "on"}),
    "chosen": (people, CHOSEN),
    "chosen, counted": (people, CHOSEN | {"outcome": "n", "exposure": "cases", "kpi": COUNT}),
    "chosen, alike": (people, CHOSEN | {"covariates": ["age"]}),
    "chosen, counted, alike": (people, CHOSEN | RATES | {"covariates": ["age"]}),
    "teams": (lambda: months(30, lambda u: 8 if u % 2 else None), PANEL),
    "teams, counted": (lambda: months(30, lambda u: 8 if u % 2 else None), PANEL | RATES),
    "few teams": (lambda: months(8, lambda u: 8 if u % 2 else None), PANEL),
    "one team": (lambda: months(12, lambda u: 8 if u == 1 else None), PANEL),
    "never trained": (lambda: months(30, lambda u: 8 if u % 2 else None), PANEL | {"comparison": "never"}),
    "start by lot": (lambda: months(30, lambda u: 6 + 3 * (u % 3)), PANEL | {"randomised_timing": True}),
    "everyone": (lambda: months(30, lambda _: 8), PANEL),
    "series": (series, SERIES | {"outcome": "y", "kpi": UP}),
    "series, season": (series, SERIES | {"outcome": "y", "kpi": UP, "season": {"period": 12}}),
    "series, counted": (series, SERIES | RATES),
    "series, counted, season": (series, SERIES | RATES | {"season": {"period": 12}}),
    "series, shares": (series, SERIES | RATES | {"kpi": YES}),
    "series, shares, season": (series, SERIES | RATES | {"kpi": YES, "season": {"period": 12}}),
    "one site": (
        lambda: months(12, lambda _: None),
        {"design": "single_unit", "unit": "u", "time": "t", "outcome": "y", "kpi": UP}
        | {"treated_unit": "3", "start": 8},
    ),
    "time": (spells, ENDS | {"design": "duration", "exposure": "on", "unit": "u"}),
    "time, trained later": (
        changing,
        ENDS | {"design": "duration", "exposure": "on", "unit": "u", "entry": "since", "landmark": 6},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_whatever_the_engine_names_is_told_in_every_language(name: str, tmp_path: Path) -> None:
    made, spec = ASKED[name]
    made().to_csv(tmp_path / "t.csv", index=False)
    answer = evaluate({**spec, "data": "t.csv"}, tmp_path)
    assert answer["estimate"], answer["flags"]
    for phrase in answer["estimate"]["method"].split("; "):
        assert is_known(phrase), phrase
    named = ESTIMATES | OF_TABLES | NAIVE
    assert {row.label for row in estimates(View(answer, "en"))} <= set(named.values())


def test_words_that_pages_tell_methods_apart_by_are_told() -> None:
    for phrase in (methods.BY_T, methods.BY_LOTS, methods.BY_DEALS, methods.ADJUSTED):
        assert is_known(phrase)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "imputation from untrained cells, working covariance; clustered t interval"),
        ("sv", "beräknat ur tiden utan utbildning, vägt med en arbetskovarians; klustrat t-intervall"),
        ("nl", "berekend uit de tijd zonder training, gewogen met een werkcovariantie; "
               "geclusterd t-interval"),
    ],
)  # fmt: skip
def test_method_is_told_in_the_readers_language(lang: str, said: str) -> None:
    method = "imputation from untrained cells, working covariance; clustered t interval"
    made = records.record(estimate={**records.record()["estimate"], "method": method})
    assert said in dict(provenance(View(made, lang))).values()


def test_numbers_in_a_method_are_kept_and_what_is_not_ours_stands_as_it_is() -> None:
    said = in_words("hazard ratio, piecewise exponential in 7 pieces; by hand", words("nl"))
    assert said == "hazardratio, stuksgewijs exponentieel in 7 delen; by hand"


def test_before_and_after_alone_stands_once_among_the_estimates() -> None:
    one = {"att": -0.06, "low": -0.08, "high": -0.04}
    made = records.record(
        grade="D", estimates={"before_after": one}, naive={"before_after": {"att": -0.06}}
    )
    assert [row.label for row in estimates(View(made, "en"))] == [NAIVE["before_after"]]
