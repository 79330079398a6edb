"""Turnover in the store: each leave an event, each month at work without one a month of staying."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lrs.cli import verkan
from lrs.errors import BadInput
from lrs.settings import Settings

PATH = "https://example.org/paths/staying"
MONTHS = [f"2024-{n:02}" for n in range(1, 13)]


def write(folder: Path) -> None:
    """Write a company of 24 teams of 12, half of them trained in July; one in four leaves."""
    chance = random.Random(3)
    people = ["person_id,email,team_id,valid_from,valid_to,termination_date"]
    leaves = ["metric,person_id,occurred_at,value"]
    statements = []
    for team in range(24):
        for number in range(12):
            who, mail = f"P{team}-{number}", f"p{team}.{number}@example.org"
            gone = chance.random() < 0.25
            last = f"{chance.choice(MONTHS)}-20" if gone else ""
            people.append(f"{who},{mail},T{team},2023-01-01,{last},{last}")
            if gone:
                leaves.append(f"turnover,{who},{last},1")
            if team % 2 and (not last or last > "2024-07-05"):
                statements.append(
                    {
                        "actor": {"mbox": f"mailto:{mail}"},
                        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                        "object": {"id": PATH},
                        "timestamp": "2024-07-05T09:00:00Z",
                    }
                )
    (folder / "people.csv").write_text("\n".join(people), "utf-8")
    (folder / "leaves.csv").write_text("\n".join(leaves), "utf-8")
    (folder / "statements.ndjson").write_text("\n".join(map(json.dumps, statements)), "utf-8")


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Any:
    """Return ``f(*command)``: what a command on the company answered."""
    given = {"VERKAN_HOME": str(settings.home_folder), "VERKAN_DATABASE_URL": settings.database_url}

    def go(*command: str) -> Any:
        return CliRunner().invoke(verkan, command, env=given)

    write(tmp_path)
    for command in ("people import people.csv", "outcomes import leaves.csv"):
        *words, file = command.split()
        assert go(*words, str(tmp_path / file)).exit_code == 0
    assert go("statements", "import", str(tmp_path / "statements.ndjson")).exit_code == 0
    return go


def test_turnover_is_told_by_team_as_a_ratio_of_rates(run: Any) -> None:
    said = run("impact", PATH, "--outcome", "turnover", "--json", "-")
    assert said.exit_code == 0, said.output
    answer = json.loads(said.stdout)
    assert answer["exposure"]["level"] == "team"
    assert "no_variation" not in answer["flags"]
    assert answer["estimate"]["low"] < 1 < answer["estimate"]["high"]


def test_turnover_is_not_told_person_by_person(run: Any) -> None:
    said = run("impact", PATH, "--outcome", "turnover", "--by", "person", "--json", "-")
    assert isinstance(said.exception, BadInput)
    assert said.exception.where == "by"
