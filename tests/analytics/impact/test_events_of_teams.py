"""Events of teams: a month in which a team had none is a month with none, not one that is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "plans"))

import planned_company as company

from analytics.impact import impact
from analytics.months import month_name
from connectors.importing import import_outcomes
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
id = "tally"
kind = "count"
better = "down"
"""


def test_teams_without_an_event_count_as_with_none(database: Database, tmp_path: Path) -> None:
    files = company.staffed(database, tmp_path)
    starts = {
        f"team-{team:02d}": START if team < TRAINED else None for team in range(company.TEAMS)
    }
    import_statements(database, 1, files.completions(starts), authority=company.AUTHORITY)
    metrics = tmp_path / "both.toml"
    metrics.write_text(METRICS, encoding="utf-8")
    draws = np.random.default_rng(3)
    events, tallies = ["metric,team_id,occurred_at,value"], ["metric,team_id,period,value"]
    for month in range(FIRST, LAST + 1):
        for team in range(company.TEAMS):
            some = int(draws.poisson(0.4 if team < TRAINED and month >= START else 1.0))
            name, when = f"team-{team:02d}", month_name(month)
            events += [f"slips,{name},{when}-{day + 3:02d},1" for day in range(some)]
            tallies.append(f"tally,{name},{when},{some}")
    for name, lines in (("events.csv", events), ("tallies.csv", tallies)):
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        assert import_outcomes(database, 1, path, metrics=metrics).refused == 0
    slips, tally = (impact(database, 1, company.PATH, name) for name in ("slips", "tally"))
    assert slips["exposure"]["level"] == "team"
    assert slips["n"] == tally["n"]
    assert slips["estimate"] == tally["estimate"]
    assert slips["estimate"]["att"] < 0
