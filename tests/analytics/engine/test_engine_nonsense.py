"""Nonsense in: a plain refusal that names the place, or an answer that claims nothing it cannot show."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from analytics.evaluate import evaluate
from analytics.report.screen import tell
from lrs.errors import BadInput

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CELLS = ("", "abc", "inf", "-inf", "NaN", "1e308", "1e-320", "-1", "0", "2", "0.5", "1,5", "2024-01",
         "u0", " 1 ", "99999999999999999999", "TRUE")  # fmt: skip


def panel() -> pd.DataFrame:
    random = np.random.default_rng(1)
    rows = [
        (f"u{n}", t, 5 + n % 2 if n < 12 else "", n + random.normal() + 2 * (n < 12 and t > 5), 9)
        for n in range(24)
        for t in range(9)
    ]
    return pd.DataFrame(rows, columns=["unit", "time", "start", "y", "n"])


def people() -> pd.DataFrame:
    random = np.random.default_rng(2)
    on = np.arange(80) % 2
    y = random.poisson(4 + 2 * on)
    return pd.DataFrame(
        {"unit": np.arange(80), "on": on, "y": y, "n": 9, "x": random.normal(size=80)}
    )


def spells() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rows = []
    for person in range(60):
        for month in range(10):
            left = int(random.random() < 0.06)
            rows.append(
                (f"p{person}", month, month + 1, left, int(month >= person % 12), person % 3)
            )
            if left:
                break
    return pd.DataFrame(rows, columns=["unit", "entry", "exit", "left", "on", "x"])


def months() -> pd.DataFrame:
    random = np.random.default_rng(4)
    t = np.arange(30)
    return pd.DataFrame({"time": t, "step": (t > 17) * 1, "y": random.poisson(40, 30), "n": 100})


def sites() -> pd.DataFrame:
    random = np.random.default_rng(5)
    rows = [
        (f"u{n}", t, int(n == 0 and t > 7), n + random.normal())
        for n in range(9)
        for t in range(12)
    ]
    return pd.DataFrame(rows, columns=["unit", "time", "on", "y"])


def kpi(kind: str) -> dict[str, str]:
    return {"kind": kind, "better": "up"}


Made = tuple[Callable[[], pd.DataFrame], dict[str, Any]]
DESIGNS: dict[str, Made] = {
    "panel": (
        panel,
        {"unit": "unit", "time": "time", "start": "start", "exposure": "n", "kpi": kpi("continuous")},
    ),
    "randomised": (
        people,
        {"treatment": "on", "unit": "unit", "exposure": "n", "covariates": ["x"], "kpi": kpi("count")},
    ),
    "observational": (
        people,
        {"treatment": "on", "unit": "unit", "covariates": ["x"], "kpi": kpi("continuous")},
    ),
    "duration": (
        spells,
        {"unit": "unit", "entry": "entry", "exit": "exit", "event": "left", "exposure": "on",
         "covariates": ["x"], "kpi": kpi("time_to_event")},
    ),
    "interrupted_series": (
        months,
        {"time": "time", "step": "step", "exposure": "n", "kpi": kpi("binary")},
    ),
    "single_unit": (
        sites,
        {"unit": "unit", "time": "time", "treatment": "on", "kpi": kpi("continuous")},
    ),
}  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> tuple[dict[str, Any], pd.DataFrame]:
    """A table that was right, and one or two things done to it that were not."""
    name = draw(st.sampled_from(sorted(DESIGNS)))
    make, spec = DESIGNS[name]
    table = make().astype(object)
    for _ in range(draw(st.integers(1, 2))):
        if len(table) and len(table.columns):
            table = worse(draw, table).reset_index(drop=True)
    outcome = {} if name == "duration" else {"outcome": "y"}
    return {"design": name, "data": "t.csv", **outcome, **spec}, table


def worse(draw: st.DrawFn, table: pd.DataFrame) -> pd.DataFrame:
    column = draw(st.sampled_from(sorted(table.columns)))
    cell, row = draw(st.sampled_from(CELLS)), draw(st.integers(0, len(table) - 1))
    ways: list[Callable[[], pd.DataFrame]] = [
        lambda: table.assign(**{column: cell}),
        lambda: table.assign(
            **{column: [cell if n == row else v for n, v in enumerate(table[column])]}
        ),
        lambda: table.assign(
            **{column: [cell if n % 3 else v for n, v in enumerate(table[column])]}
        ),
        lambda: table.assign(**{column: table[column].iloc[row]}),
        lambda: table.assign(**{column: table[column].to_numpy()[::-1]}),
        lambda: table.head(row % 5),
        lambda: table[np.arange(len(table)) % 3 != row % 3],
        lambda: pd.concat([table, table.iloc[[row]]]),
        lambda: table.drop(columns=[column]),
    ]
    return draw(st.sampled_from(ways))()


def holds(answer: dict[str, Any]) -> None:
    """A claim has an error and an interval round it; a figure that is none is nowhere."""
    json.dumps(answer, allow_nan=False)
    told = answer["estimate"]
    if answer["verdict"] == "cannot_tell":
        return
    value = told.get("ratio", told.get("att"))
    assert told["low"] <= value <= told["high"]
    assert told["se"] > 0
    assert (told["p"] < 0.05) == (answer["verdict"] != "no_detectable_effect")
    assert answer["mde"] > 0


@FEW
@given(asked=mangled())
def test_nonsense_is_refused_by_name_or_claims_nothing(
    tmp_path: Path, asked: tuple[dict[str, Any], pd.DataFrame]
) -> None:
    spec, table = asked
    table.to_csv(tmp_path / "t.csv", index=False)
    where = "somewhere"
    try:
        holds(evaluate(spec, tmp_path))
    except BadInput as refused:
        where = refused.where or ""
    assert where


def asked(folder: Path, name: str, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    outcome = {} if name == "duration" else {"outcome": "y"}
    return evaluate(
        {"design": name, "data": "t.csv", **outcome, **DESIGNS[name][1], **more}, folder
    )


Change = Callable[[pd.DataFrame], pd.DataFrame]
REFUSED: list[tuple[str, str, Change, str]] = [
    ("two rows in one month", "panel", lambda t: pd.concat([t, t.tail(1)]), "unit: data row 217"),
    ("negative exposure", "panel", lambda t: t.assign(n=-1), "exposure: data row 1"),
    ("outcome without exposure", "randomised", lambda t: t.assign(n=0), "exposure: data row 1"),
    ("one period", "panel", lambda t: t[t["time"] == 3], "time"),
    ("never said as minus one", "panel", lambda t: t.assign(time=t["time"] + 2000, start=-1), "start"),
    ("periods in two ways", "panel", lambda t: t.assign(time=[*t["time"][:-1], "2024-01"]), "time"),
    ("infinite outcome", "single_unit", lambda t: t.assign(y="inf"), "outcome: data row 1"),
    ("huge outcome", "single_unit", lambda t: t.assign(y=1e80), "outcome: data row 1"),
    ("half trained", "randomised", lambda t: t.assign(on=0.5), "treatment: data row 1"),
    ("all trained", "observational", lambda t: t.assign(on=1), "treatment"),
    ("none trained", "randomised", lambda t: t.assign(on=0), "treatment"),
    ("somebody twice", "observational", lambda t: t.assign(unit=1), "unit"),
    ("end before start", "duration", lambda t: t.assign(exit=-5), "exit: data row 1"),
    ("in two places", "duration", lambda t: t.assign(entry=0), "entry: data row 2"),
    ("step down again", "interrupted_series", lambda t: t.assign(step=t["step"][::-1].to_numpy()), "step"),
    ("empty", "panel", lambda t: t.head(0), "data"),
    ("some on both sides", "randomised", lambda t: pd.concat([t, t.head(1).assign(on=1)]), "unit"),
    ("no time", "interrupted_series", lambda t: t.assign(time=[None, *t["time"][1:]]), "time: data row 1"),
    ("trained as a covariate", "duration", lambda t: t.assign(x=t["on"]), "covariates"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "design", "change", "where"), REFUSED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_what_cannot_be_is_refused_with_its_place(
    tmp_path: Path, name: str, design: str, change: Change, where: str
) -> None:
    with pytest.raises(BadInput) as refused:
        asked(tmp_path, design, change(DESIGNS[design][0]()))
    assert refused.value.where == where, name


SILENT: list[tuple[str, str, Change, str]] = [
    ("all trained from the first", "panel", lambda t: t.assign(start=0), "no_before_period"),
    ("none trained", "panel", lambda t: t.assign(start=""), "nobody_trained"),
    ("all trained at once", "panel", lambda t: t.assign(start=5), "no_comparison_group"),
    ("constant", "panel", lambda t: t.assign(y=0.1), "no_variation"),
    ("constant", "randomised", lambda t: t.assign(y=3), "no_variation"),
    ("constant", "observational", lambda t: t.assign(y=3), "no_variation"),
    ("constant", "single_unit", lambda t: t.assign(y=3), "no_variation"),
    ("nobody left", "duration", lambda t: t.assign(left=0), "no_variation"),
    ("few", "randomised", lambda t: t.head(15), "small_sample"),
    ("a year", "interrupted_series", lambda t: t.iloc[12:24], "short_series"),
    ("few, often", "randomised", lambda t: pd.concat([t.head(16)] * 9), "small_sample"),
    ("no noise", "randomised", lambda t: t.assign(y=1 + t["on"]), "without_noise"),
    ("no noise", "observational", lambda t: t.assign(y=t["x"]), "without_noise"),
    ("no noise", "interrupted_series", lambda t: t.assign(y=40 + 9 * t["step"]), "without_noise"),
    ("no noise", "single_unit", lambda t: t.assign(y=t["time"] + 3.0 * t["on"]), "without_noise"),
]


@pytest.mark.parametrize(
    ("name", "design", "change", "flag"), SILENT, ids=lambda v: v if isinstance(v, str) else ""
)
def test_where_nothing_can_be_told_no_claim_is_made(
    tmp_path: Path, name: str, design: str, change: Change, flag: str
) -> None:
    answer = asked(tmp_path, design, change(DESIGNS[design][0]()))
    assert flag in answer["flags"], name
    assert answer["verdict"] == "cannot_tell"
    assert answer["grade"] == "D"


def test_clusters_on_both_sides_are_not_dealt(tmp_path: Path) -> None:
    """They were not what was drawn: to deal them as if they were says nothing."""
    table = people().assign(site=lambda t: t["unit"] // 8)
    answer = asked(tmp_path, "randomised", table, cluster="site")
    assert answer["inference"]["method"] == "t"
    with pytest.raises(BadInput, match="on both sides"):
        asked(tmp_path, "randomised", table, cluster="site", inference="exact_permutation")


@pytest.mark.parametrize("key", ["outcome", "treatment"])
def test_what_is_asked_about_is_no_covariate(tmp_path: Path, key: str) -> None:
    own = {"outcome": "y", "treatment": "on"}[key]
    with pytest.raises(BadInput, match=f"is the {key}"):
        asked(tmp_path, "observational", people(), covariates=["x", own])


def test_a_covariate_twice_is_as_one(tmp_path: Path) -> None:
    for design, table in (("duration", spells()), ("randomised", people())):
        more = {"kpi": kpi("continuous")} if design == "randomised" else {}
        one = asked(tmp_path, design, table, **more)
        table = table.assign(again=table["x"], still=1)
        two = asked(tmp_path, design, table, covariates=["x", "again", "still"], **more)
        assert one["estimate"] == two["estimate"]


def test_only_the_order_of_times_matters(tmp_path: Path) -> None:
    table = spells()
    early = table.assign(entry=table["entry"] - 40, exit=table["exit"] - 40)
    told, moved = (asked(tmp_path, "duration", own)["estimate"] for own in (table, early))
    assert (told["coef"], told["se"]) == pytest.approx((moved["coef"], moved["se"]), rel=1e-9)
    with pytest.raises(BadInput, match="nobody is there"):
        asked(tmp_path, "duration", table, landmark=99)


def test_nothing_after_the_step_has_a_difference_but_no_ratio(tmp_path: Path) -> None:
    table = months()
    answer = asked(
        tmp_path,
        "interrupted_series",
        table.assign(y=table["y"] * (1 - table["step"])),
        kpi=kpi("count"),
    )
    assert answer["estimate"]["att"] < 0
    assert "ratio" not in answer["estimate"]


def test_cells_beyond_the_header_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("unit,time,start,y,n\na,1,,2,9,7\na,2,,3,9,7\n")
    spec = {"design": "panel", "data": "t.csv", "outcome": "y", **DESIGNS["panel"][1]}
    with pytest.raises(BadInput, match="more cells") as refused:
        evaluate(spec, tmp_path)
    assert refused.value.where == "data"


@pytest.mark.parametrize("day", ["01", "15", "last"])
def test_one_day_a_month_is_a_month(tmp_path: Path, day: str) -> None:
    table = panel()

    def written(number: object) -> str:
        if number == "":
            return ""
        first = pd.Timestamp(f"2024-{int(str(number)) + 1:02d}-01")
        end = first + pd.offsets.MonthEnd(0)
        return str((end if day == "last" else first.replace(day=int(day))).date())

    told = asked(
        tmp_path,
        "panel",
        table.assign(time=table["time"].map(written), start=table["start"].map(written)),
    )
    assert told["event_study"].keys() == asked(tmp_path, "panel", table)["event_study"].keys()
    assert "missing_periods" not in told["flags"]


@pytest.mark.parametrize(
    "form", ["2024-{:02d}", "2024M{:02d}", "2024/{}", "2024{:02d}", "2024-{:02d}-15T00:00"]
)
def test_months_are_months_however_they_are_written(tmp_path: Path, form: str) -> None:
    table = panel()
    written = {number: form.format(number + 1) for number in range(9)} | {"": ""}
    told = asked(
        tmp_path,
        "panel",
        table.assign(time=table["time"].map(written), start=table["start"].map(written)),
    )
    assert told["event_study"] == asked(tmp_path, "panel", table)["event_study"]
    assert "month" in told["checks"]["sensitivity"]["sentence"]["en"]


@pytest.mark.parametrize("form", ["{0}Q{1}", "{0}-Q{1}", "Q{1} {0}", "Q{1}{0}"])
def test_quarters_follow_each_other_over_the_year(tmp_path: Path, form: str) -> None:
    table = panel()
    written = {n: form.format(2023 + n // 4, n % 4 + 1) for n in range(9)} | {"": ""}
    told = asked(
        tmp_path,
        "panel",
        table.assign(time=table["time"].map(written), start=table["start"].map(written)),
    )
    assert told["event_study"] == asked(tmp_path, "panel", table)["event_study"]


APART = {
    "quarter": lambda n: pd.Timestamp("2020-01-01") + pd.DateOffset(months=3 * n),
    "half-year": lambda n: pd.Timestamp("2020-02-15") + pd.DateOffset(months=6 * n),
    "year": lambda n: pd.Timestamp("2010-12-31") + pd.DateOffset(years=n),
    "week": lambda n: pd.Timestamp("2020-01-06") + pd.DateOffset(days=7 * n),
    "period": lambda n: pd.Timestamp("2020-01-06") + pd.DateOffset(days=28 * n),
}


def dated(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Write the periods of a panel as dates that lie so far apart; beyond all periods too."""
    written = {n: str(APART[name](n).date()) for n in range(-1, 12)} | {"": ""}
    return table.assign(time=table["time"].map(written), start=table["start"].map(written))


@pytest.mark.parametrize("name", APART)
def test_dates_far_apart_are_counted_in_what_lies_between(tmp_path: Path, name: str) -> None:
    told = asked(tmp_path, "panel", dated(name, panel()))
    assert told["event_study"] == asked(tmp_path, "panel", panel())["event_study"]
    assert told["flags"] == asked(tmp_path, "panel", panel())["flags"]
    assert f"one {name} to the next" in told["checks"]["sensitivity"]["sentence"]["en"]


def test_one_missing_quarter_leaves_quarters_with_a_gap(tmp_path: Path) -> None:
    kept = panel()[lambda t: t["time"] != 3]
    told, plain = asked(tmp_path, "panel", dated("quarter", kept)), asked(tmp_path, "panel", kept)
    assert "missing_periods" in told["flags"]
    assert told["event_study"] == plain["event_study"]


def test_start_in_the_missing_quarter_is_the_first_period_after(tmp_path: Path) -> None:
    table = panel()
    start = int(table.loc[table["start"] != "", "start"].iloc[0])
    kept = table[table["time"] != start]
    told, plain = asked(tmp_path, "panel", dated("quarter", kept)), asked(tmp_path, "panel", kept)
    assert told["estimates"] == plain["estimates"]


def test_start_between_two_quarters_is_that_of_the_later_one(tmp_path: Path) -> None:
    table = dated("quarter", panel())
    earlier = {d: f"{d[:5]}{int(d[5:7]) - 1:02}-20" for d in table["start"] if d[5:7] > "01"}
    told = asked(tmp_path, "panel", table.replace({"start": earlier}))
    plain = asked(tmp_path, "panel", table)
    assert earlier
    assert told["event_study"] == plain["event_study"]
    assert told["estimate"] == plain["estimate"]


@pytest.mark.parametrize("outside", ["9999-12-31", "2031-05-02", "1999-02-03"])
def test_start_outside_the_time_covered_does_not_change_how_time_is_counted(
    tmp_path: Path, outside: str
) -> None:
    """Never, a plan for later, or a training of long ago: none of them lies on a quarter."""
    table = dated("quarter", panel())
    untrained = table["unit"] == table.loc[table["start"] == "", "unit"].iloc[0]
    told = asked(tmp_path, "panel", table.assign(start=table["start"].mask(untrained, outside)))
    assert told["event_study"].keys() == asked(tmp_path, "panel", panel())["event_study"].keys()


def test_a_season_of_dated_quarters_is_told_in_months(tmp_path: Path) -> None:
    table = months()
    quarters = table.assign(time=[str(APART["quarter"](n).date()) for n in range(len(table))])
    by_year = asked(tmp_path, "interrupted_series", quarters, season={"harmonics": 1})
    counted = table.assign(time=range(len(table)))
    by_four = asked(tmp_path, "interrupted_series", counted, season={"period": 4, "harmonics": 1})
    assert by_year["estimate"] == pytest.approx(by_four["estimate"])


def test_who_has_neither_outcome_nor_treatment_is_left_out(tmp_path: Path) -> None:
    for design in ("randomised", "observational"):
        gone = pd.DataFrame({"unit": range(100, 109), "n": 9, "x": 0.0})
        answer = asked(tmp_path, design, pd.concat([people(), gone]))
        assert answer["n"]["units"] == 80
        assert "missing_outcomes" in answer["flags"]


def test_many_without_a_covariate_are_told(tmp_path: Path) -> None:
    table = people()
    table["x"] = table["x"].where(table.index % 5 > 0)
    for design in ("randomised", "observational"):
        assert "missing_outcomes" in asked(tmp_path, design, table)["flags"]
        with pytest.raises(BadInput, match="every covariate"):
            asked(tmp_path, design, table.assign(x=None))


def test_an_effect_without_any_noise_is_no_proof(tmp_path: Path) -> None:
    """Nothing varies but the effect, or rounding: there is no error to hold it against."""
    table = panel().assign(y=lambda t: np.where(t["start"] == "", 0, t["time"] >= 5) * 1.0)
    rounded = table.assign(y=0.37 * table["unit"].str[1:].astype(int) + 0.7 * table["y"])
    for own in (table, rounded):
        for more in ({}, {"comparison": "never"}, {"randomised_timing": True}):
            answer = asked(tmp_path, "panel", own[own["start"] != 6], **more)
            assert answer["verdict"] == "cannot_tell"
            assert "small_sample" in answer["flags"]


@pytest.mark.parametrize("lang", ["en", "sv", "nl"])
@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_told_on_the_screen(tmp_path: Path, name: str, lang: str) -> None:
    said = StringIO()
    tell(asked(tmp_path, name, DESIGNS[name][0]()), lang, Console(file=said, width=90))
    assert {"en": "Grade", "sv": "Grad", "nl": "Graad"}[lang] in said.getvalue()


def test_missing_months_are_told(tmp_path: Path) -> None:
    table = panel()
    answer = asked(tmp_path, "panel", table[table["time"] != 4])
    assert "missing_periods" in answer["flags"]
