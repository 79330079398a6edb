"""Who leaves early was never trained: people with starts of their own are no panel of leaving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.evaluate import evaluate
from lrs.errors import BadInput

SPEC: dict[str, Any] = {
    "design": "panel",
    "unit": "person",
    "time": "month",
    "start": "start",
    "outcome": "left",
    "kpi": {"kind": "time_to_event", "better": "down"},
}


def leavers(by_team: bool) -> pd.DataFrame:
    """Return people who leave at the same rate whether trained or not, until they do."""
    chance = np.random.default_rng(4)
    rows = []
    for team in range(30):
        of_team = 6 if team % 2 else 0
        for number in range(12):
            own = int(chance.integers(3, 12))
            leaves = int(chance.geometric(0.08))
            start = of_team if by_team else (own if own <= leaves else 0)
            rows += [
                (f"{team}-{number}", team, month, start, int(month == leaves))
                for month in range(1, min(leaves, 12) + 1)
            ]
    return pd.DataFrame(rows, columns=["person", "team", "month", "start", "left"])


def answer(folder: Path, table: pd.DataFrame, **given: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    return evaluate({**SPEC, "data": "t.csv", "never": 0, **given}, folder)


@pytest.mark.parametrize(
    ("cluster", "where"), [(None, "cluster"), ("person", "cluster"), ("team", "start")]
)
def test_people_with_starts_of_their_own_are_refused(
    tmp_path: Path, cluster: str | None, where: str
) -> None:
    with pytest.raises(BadInput) as told:
        answer(tmp_path, leavers(by_team=False), **({"cluster": cluster} if cluster else {}))
    assert told.value.where == where
    assert "duration" in str(told.value.hint)


def test_people_with_the_start_of_their_team_are_measured(tmp_path: Path) -> None:
    found = answer(tmp_path, leavers(by_team=True), cluster="team")
    assert found["n"]["clusters"] == 30
    assert found["estimate"]["low"] < 1 < found["estimate"]["high"]


def test_teams_with_months_of_work_are_measured(tmp_path: Path) -> None:
    people = leavers(by_team=True)
    teams = people.groupby(["team", "month", "start"])["left"].agg(["sum", "size"]).reset_index()
    teams = teams.rename(columns={"sum": "left", "size": "there"})
    found = answer(tmp_path, teams, unit="team", exposure="there")
    assert found["estimate"]["low"] < 1 < found["estimate"]["high"]
