"""The four commands of `architecture.md`, on companies whose truth is known and whose data are new.

Each goes in through the imports and comes out as a report, as a user's would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analytics.impact import impact
from connectors.importing import import_outcomes, import_people
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.importing import import_statements

PATH = "https://example.org/paths/customer-care"
WIDE = (
    "productivity=productivity",
    "errors=errors/cases:down",
    "csat_top=csat_top/surveys",
    "absence_days=absence_days:down",
)


@dataclass(frozen=True)
class Emitted:
    """The files of a made-up company, and what is true of it."""

    folder: Path
    truth: dict[str, Any]


@pytest.fixture
def emit(shared: Path, tmp_path: Path) -> Callable[..., Emitted]:
    """Return ``f(**options)``: the files that `company/simulate.py emit` writes."""

    def emitted(**options: Any) -> Emitted:
        folder = tmp_path / "company"
        given = [text for key, value in options.items() for text in (f"--{key}", str(value))]
        script = str(shared / "company" / "simulate.py")
        subprocess.run(
            [sys.executable, script, "emit", "--out", str(folder), *given],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return Emitted(folder, json.loads((folder / "truth.json").read_text())["att"])

    return emitted


def verkan(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    env = {**os.environ, "VERKAN_HOME": settings.home, "VERKAN_DATABASE_URL": settings.database_url}
    command = [sys.executable, "-c", "from lrs.cli import main; main()", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def test_four_commands_give_a_report_from_nothing(
    settings: Settings, emit: Callable[..., Emitted]
) -> None:
    company = emit(assign="team_random", seed=4, n=600, teams=40, months=24, effect=1)
    wide = [text for one in WIDE for text in ("--wide", one)]
    for arguments in (
        ("people", "import", str(company.folder / "hris.csv")),
        ("outcomes", "import", str(company.folder / "kpi.csv"), *wide),
        ("statements", "import", str(company.folder / "statements.ndjson")),
    ):
        done = verkan(settings, *arguments)
        assert done.returncode == 0, done.stderr
    told = verkan(settings, "impact", PATH, "--outcome", "errors", "--json", "-")
    assert told.returncode == 0, told.stderr
    record = json.loads(told.stdout)
    assert record["verdict"] == "improved"
    assert record["grade"] == "B"
    assert record["flags"] == []
    assert (
        record["estimate"]["low"] < company.truth["errors_rate_ratio"] < record["estimate"]["high"]
    )
    assert set(record["sentence"]) == {"en", "sv", "nl"}
    assert record["window"] == {"from": "2024-01", "to": "2025-12", "missing": [], "cut": []}
    assert record["exposure"]["level"] == "team"
    assert record["people"]["unresolved_actors"] == 0
    assert record["path"]["id"] == PATH
    assert record["outcome"]["better"] == "down"
    assert record["money"] is None
    _same_again(settings, told.stdout)
    _errors_say_what_to_do(settings)


def _same_again(settings: Settings, before: str) -> None:
    """The same data give the same bytes but for the time, in another process and hash seed."""
    again = verkan(settings, "impact", PATH, "--outcome", "errors", "--json", "-").stdout
    first, second = (
        [line for line in text.splitlines() if '"made_at"' not in line] for text in (before, again)
    )
    assert first == second


def _errors_say_what_to_do(settings: Settings) -> None:
    missing = verkan(settings, "impact", PATH, "--outcome", "error")
    assert missing.returncode == 2
    assert "absence_days, csat_top, errors, productivity" in missing.stderr
    slip = verkan(settings, "impact", PATH[:-1], "--outcome", "errors")
    assert slip.returncode == 2
    assert f"did you mean {PATH}" in slip.stderr


def report(database: Database, company: Emitted, metric: str) -> dict[str, Any]:
    if (company.folder / "loaded").exists():
        return impact(database, 1, PATH, metric)
    import_people(database, 1, company.folder / "hris.csv")
    import_outcomes(database, 1, company.folder / "kpi.csv", wide=WIDE)
    import_statements(database, 1, company.folder / "statements.ndjson")
    (company.folder / "loaded").touch()
    return impact(database, 1, PATH, metric)


@pytest.fixture
def sqlite(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    """A fresh database; the two give the same sums, which other tests hold."""
    opened = Database(make_settings("sqlite"))
    yield opened
    opened.close()


@pytest.mark.parametrize("effect", [0, 1])
@pytest.mark.parametrize("assign", ["person_dip", "team_dip"])
def test_people_sent_after_a_bad_month_are_flagged_whatever_is_asked(
    sqlite: Database, emit: Callable[..., Emitted], assign: str, effect: int
) -> None:
    company = emit(assign=assign, seed=7, n=400, teams=30, effect=effect)
    for metric in ("errors", "productivity"):
        record = report(sqlite, company, metric)
        assert "regression_to_the_mean" in record["flags"]
        assert record["grade"] in "CD"
        assert record["verdict"] not in ("improved", "worsened") or record["grade"] not in "AB"


def test_people_sent_one_by_one_are_compared_one_by_one(
    sqlite: Database, emit: Callable[..., Emitted]
) -> None:
    company = emit(assign="person_random", seed=7, n=400, teams=30, effect=1)
    record = report(sqlite, company, "productivity")
    assert record["exposure"]["level"] == "person"
    estimate = record["estimate"]
    # One draw lies outside its interval once in twenty; this far off, once in a thousand.
    width = estimate["high"] - estimate["low"]
    assert abs(estimate["att"] - company.truth["productivity"]) < 0.85 * width
    away = report(sqlite, company, "absence_days")
    assert away["outcome"]["kind"] == "absence"
    assert away["estimate"]["ratio"] > 0
    asked = impact(sqlite, 1, PATH, "productivity", by="team")
    assert asked["exposure"]["level"] == "team"
    assert asked["exposure"]["level_asked_for"] is True


def test_everybody_at_once_leaves_nobody_to_compare_with(
    sqlite: Database, emit: Callable[..., Emitted]
) -> None:
    company = emit(assign="everyone", seed=7, n=300, teams=20, effect=1)
    record = report(sqlite, company, "productivity")
    assert record["design"] == "interrupted_series"
    assert record["grade"] == "C"
    assert "no_comparison_group" in record["flags"]
    assert (record["n"]["periods_before"], record["n"]["comparison"]) == (12, 0)
    assert len(record["series"]) == record["n"]["periods"]
    errors = report(sqlite, company, "errors")
    assert errors["design"] == "interrupted_series"
    assert "ratio" in errors["estimate"]
