"""A table is read as whoever wrote it meant it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.evaluate import evaluate
from lrs.errors import BadInput


def rows() -> pd.DataFrame:
    """Return forty units over eight years, half of which start in the fifth."""
    chance = np.random.default_rng(7)
    unit, year = (index.ravel() for index in np.indices((40, 8)))
    start = np.where(unit % 2 == 0, 2005, 0)
    value = chance.normal(size=320) + 1.5 * ((start > 0) & (year + 2001 >= start))
    return pd.DataFrame({"unit": unit + 100, "year": year + 2001, "start": start, "value": value})


def ask(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    spec = {
        "design": "panel", "data": "t.csv", "unit": "unit", "time": "year", "start": "start",
        "never": 0, "outcome": "value", "kpi": {"kind": "continuous", "better": "up"},
    }  # fmt: skip
    return evaluate(spec | more, folder)


def test_a_table_with_decimal_commas_throughout_is_the_same_table(tmp_path: Path) -> None:
    plain = ask(tmp_path, rows().to_csv(index=False))
    with_commas = rows().astype(float).to_csv(index=False, sep=";", decimal=",")
    assert "2005,0" in with_commas
    answer = ask(tmp_path, with_commas)
    assert answer["estimate"] == plain["estimate"]
    assert answer["event_study"] == plain["event_study"]


def test_sides_may_be_written_with_decimal_commas(tmp_path: Path) -> None:
    last = rows().query("year == 2008").assign(lot=lambda table: (table["start"] > 0) * 1.0)
    texts = (last.to_csv(index=False), last.to_csv(index=False, sep=";", decimal=","))
    spec = {
        "design": "randomised", "data": "t.csv", "treatment": "lot", "outcome": "value",
        "kpi": {"kind": "continuous", "better": "up"},
    }  # fmt: skip
    found = []
    for text in texts:
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        found.append(evaluate(spec, tmp_path))
    assert found[0]["estimate"] == found[1]["estimate"]


def test_a_thousand_is_not_one(tmp_path: Path) -> None:
    table = rows().assign(year=lambda table: table["year"].astype(str).str.replace("2", "2,", n=1))
    with pytest.raises(BadInput, match="not a period"):
        ask(tmp_path, table.to_csv(index=False))


def test_a_name_in_other_letters_is_said_to_be_near(tmp_path: Path) -> None:
    text = rows().rename(columns=str.upper).to_csv(index=False)
    with pytest.raises(BadInput) as caught:
        ask(tmp_path, text)
    assert caught.value.hint == "did you mean 'UNIT'?"
