"""A large CSV file is put down as Parquet, and answers and refuses as it does in memory."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from test_engine_large import ODD, SPEC, TRIED, assert_equal, table

from analytics.designs import large_panel
from analytics.evaluate import evaluate
from lrs.errors import BadInput

Answer = Callable[[str, dict[str, Any]], tuple[Any, Any, bool]]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Answers a text both ways; tells, too, whether the file was put down."""

    def both(text: str, spec: dict[str, Any]) -> tuple[Any, Any, bool]:
        name, raw = spec["data"], text.encode(spec.pop("encoding", "utf-8"))
        (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        used: list[Path] = []
        answered = large_panel.answer

        def noted(spec: Any, path: Path, provenance: Any) -> dict[str, Any]:
            used.append(path)
            return answered(spec, path, provenance)

        monkeypatch.setattr(large_panel, "answer", noted)
        found = []
        for least in (0, 10**9):
            monkeypatch.setattr(large_panel, "LARGE_CSV", least)
            monkeypatch.setattr(large_panel, "LARGE_PACKED", least)
            found.append(_answer_or_error(spec, tmp_path))
        assert all(not path.exists() for path in used)
        return (*found, bool(used))

    return both


def _answer_or_error(spec: dict[str, Any], base: Path) -> Any:
    try:
        return evaluate(spec, base)
    except BadInput as exc:
        return exc.message, exc.where, exc.hint


def spec_of(**more: Any) -> dict[str, Any]:
    return SPEC | {"data": "people.csv"} | more


def written(rows: pd.DataFrame, **how: Any) -> str:
    return rows.to_csv(index=False, **how)


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
@pytest.mark.parametrize("tried", TRIED)
def test_answer_is_the_one_from_memory(tried: str, name: str, answers: Answer) -> None:
    from_file, in_memory, put_down = answers(
        written(table()), spec_of(**TRIED[tried]) | {"data": name}
    )
    assert put_down
    assert from_file["estimate"] is not None
    assert_equal(from_file, in_memory)


@pytest.mark.parametrize("odd", ODD)
def test_what_cannot_be_is_refused_alike(odd: str, answers: Answer) -> None:
    needs = {"no exposure", "a count below zero", "half an error"}
    more = TRIED["errors of cases"] if odd in needs else {}
    from_file, in_memory, _ = answers(written(ODD[odd](table())), spec_of(**more))
    assert isinstance(in_memory, tuple) or odd == "no exposure"
    if isinstance(in_memory, tuple):
        assert from_file == in_memory
    else:
        assert_equal(from_file, in_memory)


def quoted(rows: pd.DataFrame) -> str:
    return written(rows.assign(note='two\nlines, "and" a comma'), quoting=2)


def numbered(rows: pd.DataFrame) -> str:
    """Return a table that has a decimal comma in every number."""
    rows = rows.assign(person=[f"{n},0" for n in rows["person"]])
    return written(rows, sep=";", decimal=",")


WAYS: dict[str, Callable[[pd.DataFrame], str]] = {
    "decimal commas": lambda rows: written(rows, sep=";", decimal=","),
    "decimal commas everywhere": numbered,
    "tabs": lambda rows: written(rows, sep="\t"),
    "quotes, commas and lines in cells": quoted,
    "spaces after commas": lambda rows: written(rows).replace(",", ", "),
    "words for nothing": lambda rows: written(rows, na_rep="NULL"),
    "Windows": lambda rows: written(rows, lineterminator="\r\n"),
    "a mark at the beginning": lambda rows: "\ufeff" + written(rows),
    "empty lines at the end": lambda rows: written(rows) + "\n\n",
    "names with noughts before": lambda rows: written(
        rows.assign(person=[f"{n:05}" for n in rows["person"]])
    ),
    "exponents": lambda rows: written(rows, float_format="%.9e"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_read_however_it_is_written(way: str, answers: Answer) -> None:
    from_file, in_memory, put_down = answers(WAYS[way](table()), spec_of(cluster="team"))
    assert put_down
    assert from_file["estimate"] is not None
    assert_equal(from_file, in_memory)


DOUBTFUL: dict[str, Callable[[str], str]] = {
    "too few cells": lambda text: text + "1,T1,2024-01\n",
    "too many cells": lambda text: text + "1,T1,2024-01,,1,2,3,4,5\n",
    "a number in words": lambda text: text + "999,T1,2024-01,,many,2,3\n",
    "a number beyond all": lambda text: text + "999,T1,2024-01,,1e400,2,3\n",
    "a number after another blank": lambda text: text + "999,T1,2024-01,,\u00a05,2,3\n",
    "a number with a line in it": lambda text: text + "999,T1,2024-01,,1_0,2,3\n",
    "one name twice": lambda text: text.replace("cases", "calls", 1),
    "a name with a comma": lambda text: text.replace("cases", '"ca,ses"', 1),
    "a name with a quote": lambda text: text.replace("cases", '"ca""ses"', 1),
    "a name with a line in it": lambda text: text.replace("cases", '"ca\nses"', 1),
    "a quote that never ends": lambda text: text + '999,"T1,2024-01,,1,2,3\n',
}


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_what_might_be_understood_otherwise_is_read_in_memory(doubt: str, answers: Answer) -> None:
    from_file, in_memory, put_down = answers(DOUBTFUL[doubt](written(table())), spec_of())
    assert not put_down
    assert from_file == in_memory


def test_another_encoding_is_told(answers: Answer) -> None:
    text = written(table().assign(team="Värmdö"))
    from_file, in_memory, _ = answers(text, spec_of(cluster="team") | {"encoding": "latin-1"})
    assert from_file == in_memory
    assert "UTF-8" in from_file[0]


def test_a_missing_column_is_told_with_all_there_are(answers: Answer) -> None:
    from_file, in_memory, _ = answers(written(table()), spec_of(unit="whatever"))
    assert from_file == in_memory
    assert "errors" in from_file[2]
