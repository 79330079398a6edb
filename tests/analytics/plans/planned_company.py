"""A company whose path is still to come: its past is there, its roll-out follows whoever draws it.

Months are counted from the one we are in, because the product's own clock locks plans and draws lots.
"""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analytics.months import month_ix, month_name
from connectors.importing import import_outcomes, import_people
from lrs.store.database import Database
from lrs.store.importing import import_statements

PATH = "https://example.org/paths/listening"
AUTHORITY = {"account": {"homePage": "https://tool.example.org", "name": "tests"}}
TEAMS, EACH, BEFORE, AFTER = 24, 6, 12, 6
EFFECT = 1.5

NOW = month_ix(f"{datetime.now(UTC):%Y-%m}")
FIRST = NOW + 1
"""The first month in which a team may start."""

METRICS = """\
[[metric]]
id = "calls"
name = "Calls an hour"
kind = "continuous"
unit = "calls"
better = "up"

[[metric]]
id = "errors"
name = "Errors"
kind = "count"
denominator = "cases"
better = "down"
"""

PLAN = f"""\
[[plan]]
path = "{PATH}"
need = "Customers wait too long"
window = {{ from = "{month_name(FIRST)}", to = "{month_name(FIRST + AFTER - 1)}" }}
comparison = "both"
assignment = "lot"
cost = {{ fixed = 1000, per_learner = 50 }}

[[plan.outcome]]
metric = "calls"
better = "up"
value = {{ low = 8, likely = 10, high = 12 }}
currency = "EUR"
approved_by = "Head of customer service"
"""


@dataclass(frozen=True)
class Files:
    """The files of the company, in a folder of their own."""

    folder: Path

    def people(self) -> Path:
        """Write who works where: each team has its own key and six people."""
        rows = [
            {
                "person_id": person(team, one),
                "email": f"canary.{person(team, one)}@example.org",
                "team_id": f"team-{team:02d}",
                "team_name": f"Team {team}",
                "valid_from": "2015-01-01",
                "monthly_cost": 4000,
                "hours_week": 40,
            }
            for team in range(TEAMS)
            for one in range(EACH)
        ]
        return self._write("people.csv", rows)

    def calls(self, starts: Mapping[str, int | None], *, effect: float = EFFECT) -> Path:
        """Write a year before and half a year after, with the effect where teams have started."""
        draws = np.random.default_rng(5)
        level = draws.normal(20, 2, TEAMS)
        rows = []
        for month in range(NOW - BEFORE, FIRST + AFTER):
            shock = draws.normal(0, 0.5, TEAMS)
            for team in range(TEAMS):
                start = starts.get(f"team-{team:02d}")
                on = effect if start is not None and month >= start else 0.0
                rows += [
                    {
                        "metric": "calls",
                        "person_id": person(team, one),
                        "period": month_name(month),
                        "value": round(level[team] + shock[team] + on + draws.normal(), 4),
                    }
                    for one in range(EACH)
                ]
        return self._write("outcomes.csv", rows)

    def completions(self, starts: Mapping[str, int | None]) -> Path:
        """Write that everybody of a team completed in the month it started."""
        lines = [
            json.dumps(completion(team, one, month_name(start)))
            for team in range(TEAMS)
            if (start := starts.get(f"team-{team:02d}")) is not None
            for one in range(EACH)
        ]
        path = self.folder / "statements.ndjson"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    def plan(self, text: str = PLAN) -> Path:
        """Write the plan."""
        path = self.folder / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def metrics(self) -> Path:
        """Write the metrics."""
        path = self.folder / "metrics.toml"
        path.write_text(METRICS, encoding="utf-8")
        return path

    def _write(self, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path


def person(team: int, one: int) -> str:
    """Return the key of one member of a team."""
    return f"p{team:02d}{one}"


def completion(team: int, one: int, month: str) -> dict[str, Any]:
    """Return the statement of one who completed."""
    who = person(team, one)
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, who)),
        "actor": {"mbox": f"mailto:canary.{who}@example.org", "name": f"Canary {who}"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": PATH, "definition": {"name": {"en": "Listening"}}},
        "result": {"completion": True},
        "timestamp": f"{month}-05T09:00:00Z",
    }


def staffed(database: Database, folder: Path) -> Files:
    """Bring the company's past in: people, and a year of calls."""
    files = Files(folder)
    import_people(database, 1, files.people())
    import_outcomes(database, 1, files.calls({}), metrics=files.metrics())
    return files


def roll_out(
    database: Database, files: Files, starts: Mapping[str, int | None], *, effect: float = EFFECT
) -> None:
    """Bring in what came of it: who completed, and the calls since."""
    import_outcomes(database, 1, files.calls(starts, effect=effect))
    import_statements(database, 1, files.completions(starts), authority=AUTHORITY)
