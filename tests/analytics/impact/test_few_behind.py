"""What a few people have is not told, however many others were once counted beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.impact import impact
from connectors.importing import import_outcomes, import_people
from lrs.store.database import Database
from lrs.store.importing import import_statements

PATH = "https://example.org/paths/selling"
AUTHORITY = {"account": {"homePage": "https://tool.example.org", "name": "tests"}}
MONTHS, START = 12, 7


def filled(
    database: Database, folder: Path, *, trained: int, still_there: int, others: int = 60
) -> None:
    """Write people of whom some are trained in July, and only some of these have records from then on."""
    chance = np.random.default_rng(5)
    people = [f"p{n:03d}" for n in range(trained + others)]
    staff = ["person_id,email,team_id,valid_from"]
    teams = [f"A{n % 2}" if n < trained else f"B{n % 10}" for n in range(len(people))]
    staff += [
        f"{who},{who}@example.org,{team},2023-01-01"
        for who, team in zip(people, teams, strict=True)
    ]
    sold = ["metric,person_id,period,value"]
    for n, who in enumerate(people):
        for month in range(1, MONTHS + 1):
            if n < trained and month >= START and n >= still_there:
                continue
            value = 20 + chance.normal() + 50 * (n < trained and month >= START)
            sold.append(f"sales,{who},2024-{month:02},{value:.3f}")
    said = [
        {
            "actor": {"mbox": f"mailto:{who}@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": PATH},
            "timestamp": f"2024-{START:02}-03T09:00:00Z",
        }
        for who in people[:trained]
    ]
    (folder / "people.csv").write_text("\n".join(staff), "utf-8")
    (folder / "sales.csv").write_text("\n".join(sold), "utf-8")
    (folder / "said.ndjson").write_text("\n".join(map(json.dumps, said)), "utf-8")
    import_people(database, 1, folder / "people.csv")
    import_outcomes(database, 1, folder / "sales.csv")
    import_statements(database, 1, folder / "said.ndjson", authority=AUTHORITY)


def figures(value: Any) -> list[float]:
    """Return all numbers that stand somewhere in a record."""
    if isinstance(value, dict):
        return [n for part in value.values() for n in figures(part)]
    if isinstance(value, list):
        return [n for part in value for n in figures(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


@pytest.mark.parametrize("by", ["person", "team"])
def test_of_many_trained_of_whom_two_are_left_nothing_is_told(
    database: Database, tmp_path: Path, by: str
) -> None:
    filled(database, tmp_path, trained=12, still_there=2)
    record = impact(database, 1, PATH, "sales", by=by)
    if by == "person":
        assert record["suppressed"] is True
    assert record["verdict"] == "cannot_tell"
    assert record["grade"] == "D"
    assert "small_sample" in record["flags"]
    assert not any(49 < figure < 51 for figure in figures(record))
    assert not any("50" in text for text in record["sentence"].values())


def test_below_a_higher_minimum_no_figure_is_left_in_words(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(database.settings, "min_group", 20)
    filled(database, tmp_path, trained=15, still_there=15)
    record = impact(database, 1, PATH, "sales", by="person")
    assert record["suppressed"] is True
    assert record["verdict"] == "cannot_tell"
    assert not any(letter.isdigit() for text in record["sentence"].values() for letter in text)
    assert not {15, 60, 75} & {*figures(record["n"]), *figures(record["people"])}


def test_enough_people_are_told_of(database: Database, tmp_path: Path) -> None:
    filled(database, tmp_path, trained=15, still_there=15)
    record = impact(database, 1, PATH, "sales", by="person")
    assert record["verdict"] == "improved", record["flags"]
    assert record["estimate"]["att"] == pytest.approx(50, abs=2)


def test_a_month_that_is_missing_for_all_is_told(database: Database, tmp_path: Path) -> None:
    filled(database, tmp_path, trained=15, still_there=15)
    lines = (tmp_path / "sales.csv").read_text().splitlines()
    kept = [line.replace("sales,", "visits,") for line in lines if "2024-04" not in line]
    (tmp_path / "visits.csv").write_text("\n".join([lines[0], *kept[1:]]))
    import_outcomes(database, 1, tmp_path / "visits.csv")
    record = impact(database, 1, PATH, "visits", by="person")
    assert record["window"]["missing"] == ["2024-04"]
    assert "missing_periods" in record["flags"]
    assert record["grade"] == "C"
