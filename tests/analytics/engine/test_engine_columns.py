"""Only what is asked for is kept of a user's table, as numbers, however the table is written."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas_made import lengths_noted

from analytics.designs import column, large_panel, table
from analytics.designs.column import NumberColumn, WordColumn
from analytics.designs.spec import Spec
from analytics.designs.table import read_table
from analytics.estimators.counting import how_many
from analytics.evaluate import evaluate
from lrs.errors import BadInput

PEOPLE, PART = 1_200, 100


def people(seed: int = 5) -> pd.DataFrame:
    """Return a row a person, with what each design asks for."""
    chance = np.random.default_rng(seed)
    trained = chance.integers(0, 2, PEOPLE)
    age = chance.integers(20, 65, PEOPLE)
    return pd.DataFrame(
        {
            "person": [f"P{n}" for n in chance.permutation(PEOPLE)],
            "team": chance.integers(0, 60, PEOPLE),
            "site": chance.choice(["Malmö", "Breda", "Oslo"], PEOPLE),
            "trained": trained,
            "age": age,
            "result": (chance.normal(size=PEOPLE) + 0.4 * trained + age / 30).round(6),
            "stayed": chance.exponential(200, PEOPLE).round(4) + 1,
            "left": chance.integers(0, 2, PEOPLE),
        }
    )


def months() -> pd.DataFrame:
    """Return a row a person and month."""
    chance = np.random.default_rng(6)
    person, month = (index.ravel() for index in np.indices((PEOPLE // 4, 8)))
    start = np.where(person % 3 == 0, 2005, 0)
    value = chance.normal(size=len(person)) + 0.5 * ((start > 0) & (month + 2001 >= start))
    rows = {"person": person, "team": person // 5, "year": month + 2001, "start": start}
    return pd.DataFrame({**rows, "value": value.round(6)})


UP = {"kind": "continuous", "better": "up"}
SPECS: dict[str, dict[str, Any]] = {
    "randomised": {"outcome": "result", "treatment": "trained", "covariates": ["age", "site"]},
    "observational": {
        "unit": "person",
        "outcome": "result",
        "treatment": "trained",
        "cluster": "team",
        "covariates": ["age"],
    },
    "duration": {
        "unit": "person",
        "exit": "stayed",
        "event": "left",
        "exposure": "trained",
        "covariates": ["age"],
        "kpi": {"kind": "time_to_event", "better": "down"},
    },
    "panel": {
        "unit": "person",
        "cluster": "team",
        "time": "year",
        "start": "start",
        "never": 0,
        "outcome": "value",
    },
}


def asked(design: str) -> dict[str, Any]:
    return {"kpi": UP, "design": design, **SPECS[design]}


def rows_of(design: str) -> pd.DataFrame:
    return months() if design == "panel" else people()


def written(rows: pd.DataFrame, folder: Path, form: str) -> str:
    name = f"rows.{form}"
    if form == "parquet":
        rows.to_parquet(folder / name, row_group_size=130)
    else:
        rows.to_csv(folder / name, index=False)
    return name


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no more than so many rows in hand at a time."""
    for module in (column, table):
        monkeypatch.setattr(module, "AT_ONCE", PART)


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("design", SPECS)
@pytest.mark.usefixtures("in_parts")
def test_pandas_never_holds_the_people(design: str, form: str, tmp_path: Path) -> None:
    rows = rows_of(design)
    spec = asked(design) | {"data": written(rows, tmp_path, form)}
    with lengths_noted() as lengths:
        answer = evaluate(spec, tmp_path)
    assert answer["n"]["units"] == rows["person"].nunique()
    assert 0 < max(lengths) <= PART


@pytest.mark.parametrize("design", SPECS)
def test_an_answer_is_the_same_however_the_table_is_written_and_read(
    design: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    for form in ("csv", "csv.gz", "parquet"):
        spec = asked(design) | {"data": written(rows_of(design), tmp_path, form)}
        for at_once in (7, 10**6):
            monkeypatch.setattr(table, "AT_ONCE", at_once)
            monkeypatch.setattr(column, "AT_ONCE", at_once)
            answer = evaluate(spec, tmp_path)
            del answer["provenance"]
            answers.append(answer)
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_column_is_kept_that_the_spec_does_not_speak_of(form: str, tmp_path: Path) -> None:
    spec = asked("randomised") | {"data": written(people(), tmp_path, form)}
    read = Spec.of(spec, tmp_path).table
    assert set(read.columns) == {"result", "trained", "age", "site"}
    assert read.names == tuple(people().columns)
    assert read.rows == PEOPLE


def test_the_columns_of_placebo_outcomes_and_companions_are_kept(tmp_path: Path) -> None:
    more = {"placebo": [{"outcome": "stayed", "kpi": UP}], "companions": [{"outcome": "left"}]}
    spec = asked("randomised") | more | {"data": written(people(), tmp_path, "csv")}
    assert {"stayed", "left"} <= set(Spec.of(spec, tmp_path).table.columns)


def test_the_file_is_read_once_however_many_outcomes_are_asked_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []

    def counted(*given: Any) -> Any:
        times.append(given)
        return read_table(*given)

    monkeypatch.setattr("analytics.designs.spec.read_table", counted)
    rows = months().assign(on=lambda t: ((t["start"] > 0) & (t["year"] >= t["start"])) * 1)
    spec = {k: v for k, v in asked("panel").items() if k not in ("design", "start", "never")}
    placebo = [{"outcome": name, "kpi": UP} for name in ("value", "team")]
    spec |= {"treatment": "on", "placebo": placebo, "data": written(rows, tmp_path, "csv")}
    assert evaluate(spec, tmp_path)["design_because"]
    assert len(times) == 1


CELLS: dict[str, list[Any]] = {
    "whole": [1, -2, 30],
    "whole, some missing": [1, None, 30],
    "decimal": [0.1, float("nan"), 1e-5],
    "text": ["a", None, "b "],
    "yes and no": [True, False, None],
    "days": [datetime.date(2024, 1, 31), None, datetime.date(2024, 2, 29)],
    "moments": list(pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01"])),
    "exact": [decimal.Decimal("1.50"), decimal.Decimal("2.25"), None],
    "nothing": [None, None, None],
}
TEXTS: dict[str, list[str | None]] = {
    "whole": ["1", "-2", "30"],
    "whole, some missing": ["1", None, "30"],
    "decimal": ["0.1", None, "1e-05"],
    "text": ["a", None, "b "],
    "yes and no": ["True", "False", None],
    "days": ["2024-01-31", None, "2024-02-29"],
    "moments": ["2024-01-01", "2024-02-01", "2024-01-01"],
    "exact": ["1.50", "2.25", None],
    "nothing": [None, None, None],
}


@pytest.mark.parametrize("name", CELLS)
def test_each_type_of_parquet_is_read_as_its_text_would_be(name: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    kind = pa.float64() if name == "decimal" else None
    pq.write_table(pa.table({"x": pa.array(CELLS[name], kind)}), tmp_path / "x.parquet")
    found = read_table(tmp_path / "x.parquet", None, {"x"}).columns["x"]
    assert [found.cell(row) for row in range(3)] == TEXTS[name]
    assert found.told.tolist() == [text is not None for text in TEXTS[name]]
    if name in ("whole", "whole, some missing", "decimal", "exact"):
        numbers = [np.nan if text is None else float(text) for text in TEXTS[name]]
        np.testing.assert_array_equal(found.numbers("x"), numbers)


def test_a_number_of_single_precision_is_the_one_that_it_is_written_as(tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": np.array([0.1, 2.5], np.float32)})
    rows.to_parquet(tmp_path / "x.parquet")
    found = read_table(tmp_path / "x.parquet", None, {"x"}).columns["x"]
    assert found.numbers("x").tolist() == [0.1, 2.5]


def test_cells_that_are_lists_are_refused(tmp_path: Path) -> None:
    people().assign(age=[[1, 2]] * PEOPLE).to_parquet(tmp_path / "t.parquet")
    spec = asked("randomised") | {"data": "t.parquet"}
    with pytest.raises(BadInput, match=r"'age' has cells of the type list<"):
        evaluate(spec, tmp_path)


@pytest.mark.parametrize(("name", "refused"), [("age", True), ("left", False)])
def test_a_name_that_two_columns_have_is_refused_where_it_is_asked_for(
    name: str, refused: bool, tmp_path: Path
) -> None:
    rows = pd.concat([people(), people()[[name]]], axis=1)
    spec = asked("randomised") | {"data": written(rows, tmp_path, "csv")}
    if refused:
        with pytest.raises(BadInput, match=f"two columns have the name '{name}'"):
            evaluate(spec, tmp_path)
    else:
        assert evaluate(spec, tmp_path)["n"]["units"] == PEOPLE


def test_a_name_with_a_separator_in_quotes_is_no_two_columns(tmp_path: Path) -> None:
    rows = people().rename(columns={"left": "left, or not"})
    spec = asked("randomised") | {"data": written(rows, tmp_path, "csv")}
    assert evaluate(spec, tmp_path)["n"]["units"] == PEOPLE


def test_of_many_columns_as_many_are_named_as_can_be_read(tmp_path: Path) -> None:
    rows = people().join(pd.DataFrame(0, range(PEOPLE), [f"zz{n}" for n in range(200)]))
    spec = asked("randomised") | {"outcome": "qqq", "data": written(rows, tmp_path, "csv")}
    with pytest.raises(BadInput) as caught:
        evaluate(spec, tmp_path)
    hint = caught.value.hint or ""
    assert hint.startswith("columns: person, team, ")
    assert hint.endswith(" and 178 more")


@pytest.mark.parametrize("form", ["csv.gz"])
def test_a_file_that_was_cut_off_is_told(form: str, tmp_path: Path) -> None:
    name = written(people(), tmp_path, form)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="cannot be read"):
        evaluate(asked("randomised") | {"data": name}, tmp_path)


@given(st.lists(st.integers(-(10**18), 10**18), min_size=1))
def test_numbers_as_names_come_in_the_order_of_their_texts(numbers: list[int]) -> None:
    words = list(dict.fromkeys(map(str, numbers)))
    code = np.array([words.index(str(number)) for number in numbers])
    as_numbers = NumberColumn("x", np.array(numbers, np.int64)).named("unit")
    as_texts = WordColumn("x", code, words).named("unit")
    assert as_numbers.names == as_texts.names == sorted(words)
    assert as_numbers.code.tolist() == as_texts.code.tolist()


@given(st.lists(st.one_of(st.integers(-3, 9), st.integers(0, 10**12))))
def test_as_many_are_counted_as_there_are(who: list[int]) -> None:
    assert how_many(np.array(who, np.int64)) == len({*who})


def test_a_large_panel_in_memory_is_that_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without DuckDB there is one answer, to nine digits."""
    spec = asked("panel") | {"data": written(months(), tmp_path, "parquet")}
    found = []
    for rows in (0, 10**9):
        monkeypatch.setattr(large_panel, "LARGE", rows)
        found.append(evaluate(spec, tmp_path)["estimate"])
    assert found[0]["att"] == pytest.approx(found[1]["att"], rel=1e-9)
    assert found[0]["se"] == pytest.approx(found[1]["se"], rel=1e-9)
