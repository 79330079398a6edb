"""A table left in its file answers as one in memory does, refuses alike, and to the last byte the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from analytics.designs import large_panel
from analytics.estimators import errors
from analytics.estimators.moments import LISTED
from analytics.evaluate import evaluate
from analytics.store import columns
from lrs.errors import BadInput

SPEC: dict[str, Any] = {
    "design": "panel",
    "data": "people.parquet",
    "unit": "person",
    "time": "month",
    "start": "start",
    "outcome": "calls",
    "kpi": {"kind": "continuous", "better": "up"},
}
MONTHS = [f"2024-{month:02}" for month in range(1, 13)]
TRIED = {
    "people": {},
    "teams": {"cluster": "team"},
    "errors of cases": {
        "outcome": "errors",
        "exposure": "cases",
        "cluster": "team",
        "kpi": {"kind": "count", "better": "down"},
        "companions": [{"outcome": "calls", "kpi": {"kind": "continuous", "better": "up"}}],
    },
    "weighted": {"exposure": "cases", "comparison": "never"},
    "by lot": {"randomised_timing": True},
}
ODD = {
    "a unit without a name": lambda rows: rows.assign(person=rows["person"].mask(rows.index == 30)),
    "no period": lambda rows: rows.assign(month=rows["month"].mask(rows.index == 31)),
    "an odd period": lambda rows: rows.assign(month=rows["month"].mask(rows.index == 32, "May")),
    "no number": lambda rows: rows.assign(calls=rows["calls"].mask(rows.index == 33, np.inf)),
    "none at all": lambda rows: rows.assign(calls=np.nan),
    "two starts": lambda rows: rows.assign(start=rows["start"].mask(rows.index == 34, "2024-11")),
    "a row twice": lambda rows: pd.concat([rows, rows.iloc[[35]]], ignore_index=True),
    "no exposure": lambda rows: rows.assign(cases=rows["cases"].mask(rows.index == 38)),
    "a count below zero": lambda rows: rows.assign(
        errors=rows["errors"].mask(rows.index == 36, -1)
    ),
    "half an error": lambda rows: rows.assign(errors=rows["errors"].mask(rows.index == 37, 0.5)),
    "no such column": lambda rows: rows.drop(columns="calls"),
}


def table(teams: int = 60, size: int = 4) -> pd.DataFrame:
    """Return people in teams of which two in three start, some months and some figures missing."""
    chance = np.random.default_rng(3)
    person, month = (index.ravel() for index in np.indices((teams * size, len(MONTHS))))
    team = person // size
    starts = np.array(["2024-05", "2024-08", ""])[team % 3]
    effect = (np.array(MONTHS)[month] >= starts) & (starts != "")
    calls = chance.normal(size=teams)[team] + chance.normal(size=len(person)) + 0.4 * effect
    cases = chance.poisson(20, len(person)) + 1
    rows = pd.DataFrame(
        {
            "person": person,
            "team": [f"T{n}" for n in team],
            "month": np.array(MONTHS)[month],
            "start": starts,
            "calls": calls,
            "cases": cases,
            "errors": chance.poisson(cases * 0.1 * (1 - 0.2 * effect)).astype(float),
        }
    )
    rows["calls"] = rows["calls"].mask(chance.random(len(rows)) < 0.01)
    return rows[chance.random(len(rows)) > 0.01].reset_index(drop=True)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[pd.DataFrame], Path]:
    """Writes a table as people.parquet, in many small row groups."""

    def write(rows: pd.DataFrame, nothing: str = "null", told: Any = True) -> Path:
        file = pa.Table.from_pandas(rows, preserve_index=False)
        for n, name in enumerate(file.column_names):
            if nothing == "NaN" and rows[name].dtype.kind == "f":
                file = file.set_column(n, name, pa.array(rows[name].to_numpy(), from_pandas=False))
        path = tmp_path / "people.parquet"
        parquet.write_table(file, path, row_group_size=500, write_statistics=told)
        return tmp_path

    return write


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Answers by the file, or in memory; clusters are ``listed`` up to so many."""
    monkeypatch.setattr(columns, "_SLICE", 1000)

    def answer(
        spec: dict[str, Any], base: Path, *, large: bool, listed: int = LISTED
    ) -> dict[str, Any]:
        monkeypatch.setattr(large_panel, "LARGE", 0 if large else 10**9)
        for module in (columns, errors):
            monkeypatch.setattr(module, "LISTED", listed)
        return evaluate(spec, base)

    return answer


def assert_equal(one: Any, other: Any, rel: float = 1e-9) -> None:
    """To nine digits of what is told, which is rounded to ten."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key], rel)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=rel, abs=rel / 100)
    else:
        assert one == other


@pytest.mark.parametrize("listed", [10**6, 0], ids=["listed", "added up"])
@pytest.mark.parametrize("tried", TRIED)
def test_answer_from_the_file_is_the_one_from_memory(
    tried: str,
    listed: int,
    written: Callable[..., Path],
    answered: Callable[..., dict[str, Any]],
) -> None:
    spec, base = SPEC | TRIED[tried], written(table())
    from_file = answered(spec, base, large=True, listed=listed)
    assert from_file["estimate"] is not None
    assert_equal(from_file, answered(spec, base, large=False, listed=listed))


@pytest.mark.parametrize("listed", [10**6, 0], ids=["listed", "added up"])
@pytest.mark.parametrize("told", [True, False, ["person", "month", "start"]], ids=str)
@pytest.mark.parametrize("nothing", ["null", "NaN", "none"])
@pytest.mark.parametrize(
    "own", [{}, {"cluster": "team"}, {"cluster": "number"}], ids=["people", "teams", "numbers"]
)
def test_it_does_not_matter_what_the_file_tells_of_itself(
    own: dict[str, str],
    told: bool | list[str],
    nothing: str,
    listed: int,
    written: Callable[..., Path],
    answered: Callable[..., dict[str, Any]],
) -> None:
    """Its least and greatest numbers may be missing, and say nothing of what is no number."""
    rows = whole_but(0).assign(number=lambda rows: rows["person"] // 4)
    if nothing != "none":
        some = (rows["person"] % 20 == 0) & (rows["month"] == MONTHS[5])
        rows["calls"] = rows["calls"].mask(some)
    base = written(rows, nothing, told)
    found = [answered(SPEC | own, base, large=large, listed=listed) for large in (True, False)]
    if nothing != "none" and not own:
        assert found[0]["n"]["left_out"] > 0
    assert_equal(*found)


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int64()], ids=str)
@pytest.mark.parametrize("own", [{}, {"cluster": "number"}], ids=["people", "numbers"])
def test_units_may_be_numbers_of_any_width(
    own: dict[str, str],
    kind: pa.DataType,
    written: Callable[..., Path],
    answered: Callable[..., dict[str, Any]],
) -> None:
    rows = whole_but(0)
    rows = rows[rows["person"] < 120].assign(number=lambda rows: rows["person"] // 4)
    for name in ("person", "number"):
        rows[name] = rows[name].astype(kind.to_pandas_dtype())
    base = written(rows)
    assert_equal(*(answered(SPEC | own, base, large=large, listed=0) for large in (True, False)))


def test_names_are_one_name_however_they_are_spelt(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = table()
    names = rows["person"].astype(str).mask(rows.index % 2 == 0, rows["person"].astype(str) + ".0")
    base = written(rows.assign(person=names))
    assert_equal(answered(SPEC, base, large=True), answered(SPEC, base, large=False))


def test_starts_may_be_told_by_who_is_treated_when(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = table()
    on = (rows["start"] != "") & (rows["month"] >= rows["start"])
    base = written(rows.assign(on=on.astype(int)))
    spec = {key: value for key, value in SPEC.items() if key not in ("design", "start")}
    found = [answered(spec | {"treatment": "on"}, base, large=large) for large in (True, False)]
    assert found[0]["estimate"] is not None
    assert_equal(*found)


def test_columns_may_have_the_names_that_are_used_within(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    names = {"person": "unit", "month": "period", "start": "cohort", "calls": "time", "team": "n"}
    base = written(table().rename(columns=names).assign(cluster=1, start=2, num="x", place=3))
    spec = SPEC | {"unit": "unit", "time": "period", "start": "cohort", "outcome": "time"}
    for more in ({}, {"cluster": "n"}):
        assert_equal(*(answered(spec | more, base, large=large) for large in (True, False)))


def test_starts_and_months_may_be_numbers_dates_or_missing(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = table().assign(start=lambda rows: rows["start"].mask(rows["start"] == ""))
    month, start = (pd.to_datetime(rows[name]) for name in ("month", "start"))
    for told in (
        rows,
        rows.assign(month=month.dt.date, start=start.dt.date),
        rows.assign(month=month.dt.month, start=start.dt.month.astype("Int64")),
        rows.assign(month=month.dt.month, start=start.dt.month),
    ):
        base = written(told)
        assert_equal(answered(SPEC, base, large=True), answered(SPEC, base, large=False))


def test_quarters_written_as_dates_are_counted_alike(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = table()
    first = {
        f"2024-{n:02}": f"{2022 + (n - 1) // 4}-{3 * ((n - 1) % 4) + 1:02}-01" for n in range(1, 13)
    }
    quarters = rows.assign(
        month=rows["month"].map(first), start=rows["start"].map({"": "", **first})
    )
    base = written(quarters)
    from_file = answered(SPEC, base, large=True)
    assert_equal(from_file, answered(SPEC, base, large=False))
    plain = answered(SPEC, written(rows), large=True)
    assert from_file["event_study"] == plain["event_study"]


def whole_but(lacking: int, each: str | None = None) -> pd.DataFrame:
    """Return whole people, of whom the first so many, or so many with one start, lack a month."""
    rows = table()
    complete = rows.dropna().groupby("person")["month"].transform("size") == len(MONTHS)
    rows = rows.loc[complete[complete].index]
    of = rows if each is None else rows[rows["start"] == each]
    some = of["person"].drop_duplicates()[:lacking]
    return rows[~(rows["person"].isin(some) & (rows["month"] == MONTHS[3]))]


def swapped(rows: pd.DataFrame) -> pd.DataFrame:
    """Let one of those who start early and one who never does swap their starts, for half the time."""
    early, never = (rows.loc[rows["start"] == of, "person"].min() for of in ("2024-05", ""))
    late = rows["month"] > MONTHS[6]
    start = rows["start"].mask(late & (rows["person"] == early), "")
    return rows.assign(start=start.mask(late & (rows["person"] == never), "2024-05"))


def another(rows: pd.DataFrame) -> pd.DataFrame:
    """Let a month of one be written as another's who starts alike, and has it already."""
    one, two = rows.loc[rows["start"] == "2024-05", "person"].drop_duplicates()[:2]
    where = (rows["person"] == one) & (rows["month"] == MONTHS[4])
    return rows.assign(person=rows["person"].mask(where, two))


@pytest.mark.parametrize("stray", [None, swapped, another])
@pytest.mark.parametrize("order", ["by unit", "by month", "any"])
@pytest.mark.parametrize("starts", ["some never", "all"])
def test_units_that_look_whole_are_seen_to(
    stray: Callable[[pd.DataFrame], pd.DataFrame] | None,
    order: str,
    starts: str,
    written: Callable[..., Path],
    answered: Callable[..., dict[str, Any]],
) -> None:
    """The sums by month and start are those of whole units, and two units may have made up for it."""
    rows = whole_but(0)
    if stray is not None:
        rows = stray(rows)
    if starts == "all":
        rows = rows.assign(start=rows["start"].replace("", "2024-05"))
    if order != "by unit":
        rows = rows.sort_values("month", kind="stable") if order == "by month" else rows
        rows = rows.sample(frac=1, random_state=2) if order == "any" else rows
    base = written(rows)
    told: list[object] = []
    for large in (True, False):
        try:
            told.append({**answered(SPEC, base, large=large, listed=0), "provenance": None})
        except BadInput as exc:
            told.append((exc.message, exc.where, exc.hint))
    assert_equal(*told)
    refused = stray is another or (stray is swapped and starts == "some never")
    assert isinstance(told[0], tuple) == refused


@pytest.mark.parametrize("own", [{}, {"cluster": "person"}])
def test_a_few_who_lack_a_period_are_left_out(
    own: dict[str, str], written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = whole_but(8)
    base = written(rows)
    found = [answered(SPEC | own, base, large=large) for large in (True, False)]
    assert_equal(*found)
    assert found[0]["n"]["left_out"] == 8
    assert "incomplete_left_out" in found[0]["flags"]
    assert "missing_periods" not in found[0]["flags"]
    whole = rows[rows.groupby("person")["month"].transform("size") == len(MONTHS)]
    without = answered(SPEC | own, written(whole), large=False)
    assert without["estimate"] == found[0]["estimate"]
    assert "left_out" not in without["n"]


def test_a_companion_of_those_who_stay_is_told_by_their_own_levels(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    """Some are left out for the outcome; of another outcome, some of the others lack a month."""
    rows = whole_but(8)
    rows["calls"] = rows["calls"].mask(np.random.default_rng(5).random(len(rows)) < 0.1)
    counted = {"outcome": "errors", "kpi": {"kind": "count", "better": "down"}}
    calls = {"outcome": "calls", "kpi": SPEC["kpi"]}
    base = written(rows)
    found = [
        answered(SPEC | counted | {"companions": [calls]}, base, large=large)
        for large in (True, False)
    ]
    assert_equal(*found)
    assert found[0]["n"]["left_out"] == 8


def test_so_are_those_whose_outcome_is_not_known(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = whole_but(0)
    rows["calls"] = rows["calls"].mask((rows["person"] % 20 == 0) & (rows["month"] == MONTHS[5]))
    found = [answered(SPEC, written(rows), large=large) for large in (True, False)]
    assert_equal(*found)
    assert found[0]["n"]["left_out"] > 0


@pytest.mark.parametrize("most", [{"lacking": 80}, {"lacking": 40, "each": "2024-05"}])
def test_many_who_lack_a_period_stay(
    most: dict[str, Any], written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    base = written(whole_but(**most))
    found = [answered(SPEC, base, large=large) for large in (True, False)]
    assert_equal(*found)
    assert "left_out" not in found[0]["n"]


def test_they_stay_whatever_order_their_levels_come_in(
    written: Callable[..., Path],
    answered: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Several threads join rows to levels in an order of their own."""
    monkeypatch.setattr(columns, "THREADS", 4)
    rows = table(teams=400)
    base = written(rows[(rows["person"] % 3 > 0) | (rows["month"] != MONTHS[3])])
    assert_equal(*(answered(SPEC, base, large=large, listed=0) for large in (True, False)))


def test_people_of_teams_may_come_and_go(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    base = written(whole_but(8))
    found = [answered(SPEC | {"cluster": "team"}, base, large=large) for large in (True, False)]
    assert_equal(*found)
    assert "left_out" not in found[0]["n"]


def test_rows_may_stand_in_any_order(
    written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    rows = table()
    sorted_by_unit = answered(SPEC | {"cluster": "team"}, written(rows), large=True)
    base = written(rows.sample(frac=1, random_state=2))
    shuffled = answered(SPEC | {"cluster": "team"}, base, large=True)
    assert {**shuffled, "provenance": None} == {**sorted_by_unit, "provenance": None}


@pytest.mark.parametrize("nothing", ["null", "NaN"])
@pytest.mark.parametrize("odd", ODD)
def test_what_cannot_be_right_is_refused_in_the_same_words(
    odd: str, nothing: str, written: Callable[..., Path], answered: Callable[..., dict[str, Any]]
) -> None:
    refusals: list[object] = []
    base = written(ODD[odd](table()), nothing)
    for more in (TRIED["people"], TRIED["errors of cases"]):  # some figures missing, and none
        told: list[object] = []
        for large in (True, False):
            try:
                told.append(answered(SPEC | more, base, large=large)["estimate"])
            except BadInput as exc:
                told.append((exc.message, exc.where, exc.hint))
        assert_equal(*told)
        refusals += [one for one in told if isinstance(one, tuple)]
    assert refusals


def test_bytes_are_the_same_whatever_the_process_its_hashes_and_its_threads(
    written: Callable[..., Path],
) -> None:
    base = written(table())
    program = (
        "import json, sys; from pathlib import Path; from analytics.evaluate import evaluate; "
        "from analytics.designs import large_panel; from analytics.store import columns; "
        "large_panel.LARGE, columns.LISTED, columns._SLICE = 0, 0, 1000; "
        "columns.THREADS = int(sys.argv[1]); "
        "specs = json.loads(sys.stdin.read()); "
        "print(json.dumps([evaluate(spec, Path(sys.argv[2])) for spec in specs]))"
    )
    specs = json.dumps([SPEC | more for more in TRIED.values()])
    answers = {
        subprocess.run(
            [sys.executable, "-c", program, threads, str(base)],
            input=specs,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads, seed in (("1", "1"), ("5", "2"))
    }
    assert len(answers) == 1
