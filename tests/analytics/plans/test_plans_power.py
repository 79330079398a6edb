"""Power from history: what it reads there, and the smallest effect against formulas."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.estimators.panel import NEVER
from analytics.estimators.row_panel import RowPanel
from analytics.plans import drawn
from analytics.plans.drawing import Wave
from analytics.plans.power import Foreseen, History, foresee, history_of, needed, table

TEAMS, EACH, MONTHS = 60, 8, 18
LASTING, FADING, PERSON = 1.0, 0.5, 2.0


def _panel() -> RowPanel:
    """Return people in teams: a level that lasts, a shock a month, and each person's own noise."""
    draws = np.random.default_rng(3)
    team = np.repeat(np.arange(TEAMS), EACH)
    level = draws.normal(50, LASTING, TEAMS)
    shock = draws.normal(0, FADING, (TEAMS, MONTHS))
    values = (level[:, None] + shock)[team] + draws.normal(0, PERSON, (len(team), MONTHS))
    people = np.arange(len(team))
    return RowPanel(
        pd.DataFrame(
            {
                "unit": np.repeat(people, MONTHS),
                "cluster": np.repeat(team, MONTHS),
                "period": np.tile(np.arange(600, 600 + MONTHS), len(team)),
                "cohort": NEVER,
                "num": values.ravel(),
            }
        )
    )


def _history(omega: np.ndarray) -> History:
    return History(40, 8.0, len(omega), 50.0, 2.0, 0.2, 0.5, omega)


def smallest(history: History, waves: list[Wave], *more: int, **how: Any) -> float | None:
    seen = foresee(history, waves, *more, **how)
    assert seen is not None
    return seen.smallest()


def _reach(df: int) -> float:
    return float(stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df))


def test_history_tells_how_alike_people_and_months_are() -> None:
    found = history_of(_panel())
    assert found is not None
    between = LASTING**2 + FADING**2
    mean = between + PERSON**2 / EACH
    assert (found.teams, found.team_size, found.months) == (TEAMS, EACH, MONTHS)
    assert found.level == pytest.approx(50, abs=0.5)
    assert found.icc == pytest.approx(between / (between + PERSON**2), abs=0.06)
    assert found.serial == pytest.approx(LASTING**2 / mean, abs=0.1)


def test_a_company_that_is_too_small_or_too_new_tells_no_power() -> None:
    row = {"unit": [1, 2], "period": [600, 600], "cohort": [NEVER] * 2, "num": [1.0, 2.0]}
    assert history_of(RowPanel(pd.DataFrame(row))) is None


def test_smallest_effect_is_that_of_a_difference_in_differences_when_months_are_independent() -> (
    None
):
    # Months of one variance 4: 12 before, 6 after, 20 teams a side.
    found = smallest(_history(4.0 * np.eye(18)), [Wave(0, 20)], 20, 5)
    error = math.sqrt(4.0 * (1 / 6 + 1 / 12) * 2 / 20)
    assert found == pytest.approx(_reach(38) * error, rel=1e-9)


@pytest.mark.parametrize(("teams", "months"), [(10, 6), (5, 1)], ids=["all", "few: the last"])
def test_smallest_effect_of_a_draw_takes_off_what_the_months_before_foretell(
    teams: int, months: int
) -> None:
    omega = 3.0 * np.ones((12, 12)) + 1.0 * np.eye(12)
    found = smallest(_history(omega), [Wave(0, teams)], teams, 5, by_lot=True)
    error = math.sqrt((3 + 1 / 6 - 3**2 / (3 + 1 / months)) * 2 / teams)
    assert found == pytest.approx(_reach(2 * teams - 2) * error, rel=1e-9)


def test_more_teams_and_more_months_show_smaller_effects() -> None:
    rows = table(_history(np.ones((24, 24)) + np.eye(24)))
    by = {(row["teams"], row["months"]): row["effect"] for row in rows}
    assert by[20, 6] < by[10, 6] < by[6, 6]
    assert by[10, 12] < by[10, 6] < by[10, 3]


def test_of_few_events_chance_is_counted_out() -> None:
    """How often a fall to that is found: drawn event by event, tested as the report tests it."""
    history = replace(_history(np.eye(12)), level=0.02, exposure=10.0)
    seen = Foreseen(history, error=0.02 * math.sqrt(1 / 24 + 1 / 48), df=38, months=120)
    fall = seen.smallest("down")
    assert fall is not None
    draws = np.random.default_rng(7)
    had = draws.poisson(24 * (1 - fall / 0.02), 40_000)
    others = draws.normal(0, math.sqrt(1 / 48), len(had))
    had, others = had[had > 0], others[had > 0]
    reach = stats.t.ppf(0.975, 38) * np.sqrt(1 / had + 1 / 48)
    assert (others - np.log(had / 24) > reach).sum() / 40_000 == pytest.approx(0.8, abs=0.01)


def test_a_handful_of_events_shows_no_fall_however_large() -> None:
    history = replace(_history(np.eye(12)), level=0.002, exposure=10.0)
    seen = Foreseen(history, error=0.002 * math.sqrt(1 / 5 + 1 / 5), df=38, months=250)
    assert seen.smallest("down") is None
    assert seen.smallest("up") is not None


def test_teams_for_a_single_look_follow_the_design_effect() -> None:
    found = needed(_history(np.eye(12)), 1.0)
    assert found is not None
    # d = 0.5 takes 64 people a side; 8 in a team, alike by 0.2, count for one in 2.4.
    assert (found["n_per_group"], found["design_effect"]) == (64, pytest.approx(2.4))
    assert found["clusters_per_group"] == 20


def _of_teams(teams: int) -> History:
    found = history_of(_panel())
    assert found is not None
    return replace(found, teams=teams)


@pytest.mark.parametrize(
    ("waves", "teams", "too_few"),
    [
        ([Wave(0, 2)], 5, True),
        ([Wave(0, 3)], 6, True),
        ([Wave(0, 4)], 8, False),
        ([Wave(0, 1)], 11, True),
        ([Wave(0, 2), Wave(3, 2)], 6, False),
        ([Wave(0, 1)], 18, True),
        ([Wave(0, 1)], 30, False),
        ([], 4, False),
    ],
)
def test_teams_too_few_to_tell_anything_are_said_beforehand(
    waves: list[Wave], teams: int, too_few: bool
) -> None:
    assert drawn._too_few(_of_teams(teams), waves) is too_few


def test_months_before_those_that_are_read_tell_nothing() -> None:
    history = _history(np.eye(18) * 0.25 + 1.0)
    waves = [Wave(700, 20)]
    all_read = smallest(history, waves, 20, 705, by_lot=True)
    half = smallest(history, waves, 20, 705, since=703, by_lot=True)
    as_few = smallest(history, waves, 20, 702, by_lot=True)
    assert all_read is not None
    assert half == pytest.approx(as_few)
    assert half > all_read
