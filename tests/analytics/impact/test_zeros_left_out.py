"""A count by month without its zeros: the import says so, and the report gives no verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "plans"))

import planned_company as company

from analytics.impact import impact
from analytics.months import month_name
from connectors.importing import ImportReport, import_outcomes
from lrs.store.database import Database
from lrs.store.importing import import_statements

FIRST, LAST = company.NOW - 12, company.NOW - 1
START = company.NOW - 6
TRAINED = 12

METRICS = """\
[[metric]]
id = "slips"
kind = "count"
better = "down"

[[metric]]
id = "away"
kind = "absence"
better = "down"
sensitive = false
"""

Told = tuple[ImportReport, dict[str, Any]]
Tell = Callable[..., Told]


def _units(of: str) -> Iterator[tuple[int, str]]:
    for team in range(company.TEAMS):
        if of == "team":
            yield team, f"team-{team:02d}"
        else:
            yield from ((team, company.person(team, one)) for one in range(company.EACH))


@pytest.fixture
def tell(database: Database, tmp_path: Path) -> Tell:
    """Return what an import and the report on it say of counts; the training halves them."""
    files = company.staffed(database, tmp_path)
    starts = dict.fromkeys((f"team-{team:02d}" for team in range(TRAINED)), START)
    import_statements(database, 1, files.completions(starts), authority=company.AUTHORITY)
    metrics = tmp_path / "counted.toml"
    metrics.write_text(METRICS, encoding="utf-8")

    def told(
        metric: str = "slips",
        *,
        of: str,
        zeros: bool,
        mean: float = 0.8,
        unit: float = 1,
        gaps: float = 0.0,
    ) -> Told:
        draws = np.random.default_rng(3)
        lines = [f"metric,{of}_id,period,value"]
        for team, name in _units(of):
            for month in range(FIRST, LAST + 1):
                trained = team < TRAINED and month >= START
                some = int(draws.poisson(mean / 2 if trained else mean))
                if draws.random() >= gaps and (some or zeros):
                    lines.append(f"{metric},{name},{month_name(month)},{unit * some:g}")
        path = tmp_path / "counts.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        report = import_outcomes(database, 1, path, metrics=metrics)
        assert report.refused == 0
        return report, impact(database, 1, company.PATH, metric)

    return told


@pytest.mark.parametrize("of", ["team", "person"])
def test_a_count_without_its_zeros_is_told_and_gives_no_verdict(tell: Tell, of: str) -> None:
    report, record = tell(of=of, zeros=False)
    assert any("months with none seem to be left out" in note for note in report.notes)
    assert "zeros_left_out" in record["flags"]
    assert record["verdict"] == "cannot_tell"
    assert record["grade"] >= "C"
    assert "bring_in_the_zeros" in record["raise_the_grade"]


@pytest.mark.parametrize("of", ["team", "person"])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_the_same_with_its_zeros_gives_one(tell: Tell, of: str, gaps: float) -> None:
    report, record = tell(of=of, zeros=True, gaps=gaps)
    assert not any("left out" in note for note in report.notes)
    assert "zeros_left_out" not in record["flags"]
    assert record["verdict"] == "improved"


def test_plain_numbers_of_what_the_library_counts_are_known(tell: Tell) -> None:
    report, record = tell("complaints", of="person", zeros=False)
    assert any(note.startswith("complaints: months with none") for note in report.notes)
    assert "zeros_left_out" in record["flags"]


def test_hours_away_without_zeros_are_known(tell: Tell) -> None:
    report, record = tell("away", of="person", zeros=False, unit=8)
    assert any(note.startswith("away: months with none") for note in report.notes)
    assert "zeros_left_out" in record["flags"]


def test_a_count_that_hardly_ever_is_none_may_have_gaps(tell: Tell) -> None:
    report, record = tell(of="person", zeros=False, mean=20, gaps=0.2)
    assert not any("left out" in note for note in report.notes)
    assert "zeros_left_out" not in record["flags"]


def test_some_of_many_people_tell_it(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.impact.zeros._ENOUGH", company.TEAMS * company.EACH // 2)
    assert "zeros_left_out" in tell(of="person", zeros=False)[1]["flags"]
    assert "zeros_left_out" not in tell(of="person", zeros=True, mean=0.7)[1]["flags"]
