"""When a team was trained, and whether teams or single people were: on companies drawn in the test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from analytics.impact.rollout import (
    AT_ONCE,
    Change,
    Changes,
    TeamMonths,
    share_between_months,
    share_between_teams,
    team_months,
    team_starts,
)


def months_of(changes: list[Change], first: int, last: int) -> TeamMonths:
    return team_months(Changes.of(changes), first, last)


def company(teams: int, size: int, starts: np.ndarray, months: int = 12) -> list[Change]:
    """Return the changes of teams of one size; ``starts`` has a month for each person, or none."""
    changes = [Change(team, 0, size, 0) for team in range(teams)]
    for person, start in enumerate(starts):
        if start < months:
            changes.append(Change(person // size, int(start), 0, 1))
    return changes


def test_months_before_the_first_count_in_it() -> None:
    teams = months_of([Change(7, 2, 3, 0), Change(7, 5, -1, 1), Change(7, 9, 4, 0)], 4, 8)
    assert teams.units == (7,)
    assert teams.members.tolist() == [[3, 2, 2, 2, 2]]
    assert teams.trained.tolist() == [[0, 1, 1, 1, 1]]


def test_team_starts_when_half_of_its_members_are_trained() -> None:
    changes = [Change(1, 0, 4, 0), Change(1, 3, 0, 1), Change(1, 5, 0, 1), Change(1, 7, 0, 2)]
    assert team_starts(months_of(changes, 0, 9)) == {1: 5}


def test_team_may_start_because_untrained_members_left() -> None:
    changes = [Change(1, 0, 4, 0), Change(1, 3, 0, 1), Change(1, 6, -2, 0)]
    assert team_starts(months_of(changes, 0, 9)) == {1: 6}


def test_team_without_members_never_starts() -> None:
    assert team_starts(months_of([Change(1, 0, 2, 0), Change(1, 3, -2, 0)], 0, 9)) == {}


@limits(derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(-5, 15), st.integers(0, 4), st.integers(0, 2)),
        max_size=25,
    ),
    st.integers(-3, 3),
    st.integers(3, 10),
)
def test_months_are_the_sums_of_the_changes(
    drawn: list[tuple[int, int, int, int]], first: int, last: int
) -> None:
    changes = [Change(*one) for one in drawn]
    teams = months_of(changes, first, last)
    for i, unit in enumerate(teams.units):
        for month in range(first, last + 1):
            until = [c for c in changes if c.unit_id == unit and c.month <= month]
            assert teams.members[i, month - first] == sum(c.members for c in until)
            assert teams.trained[i, month - first] == sum(c.trained for c in until)


def test_teams_sent_whole_are_told_by_the_team() -> None:
    starts = np.repeat([2, 4, 6, 99], 10)
    share = share_between_teams(months_of(company(4, 10, starts), 0, 11))
    assert share == pytest.approx(1)


def test_people_sent_one_by_one_are_not_told_by_the_team() -> None:
    """Small teams differ by chance alone: without the degrees of freedom this would be 1 in 3."""
    drawn = np.random.default_rng(5)
    starts = drawn.choice([2, 5, 8, 99], 3 * 200)
    share = share_between_teams(months_of(company(200, 3, starts), 0, 11))
    assert share == pytest.approx(0, abs=0.05)


def test_newcomers_and_stragglers_leave_a_rollout_by_team_one() -> None:
    drawn = np.random.default_rng(5)
    starts = np.repeat(drawn.choice([2, 5, 8, 99], 40), 15)
    late = drawn.random(600) < 0.1
    starts[late] = np.where(starts[late] < 12, starts[late] + 2, 99)
    share = share_between_teams(months_of(company(40, 15, starts), 0, 11))
    assert share is not None
    assert share > 0.5


def test_everybody_at_once_tells_nothing_of_teams() -> None:
    assert share_between_teams(months_of(company(4, 10, np.full(40, 5)), 0, 11)) is None


def test_month_tells_all_when_everybody_starts_at_once_but_newcomers() -> None:
    drawn = np.random.default_rng(5)
    starts = np.where(drawn.random(600) < 0.05, drawn.integers(7, 12, 600), 6)
    share = share_between_months(months_of(company(40, 15, starts), 0, 11))
    assert share is not None
    assert share > AT_ONCE


def test_month_does_not_tell_who_starts_when_people_start_in_waves() -> None:
    drawn = np.random.default_rng(5)
    starts = drawn.choice([2, 5, 8, 99], 600)
    share = share_between_months(months_of(company(40, 15, starts), 0, 11))
    assert share is not None
    assert share < 0.6


def test_nothing_is_told_where_nobody_is_trained() -> None:
    assert share_between_months(months_of(company(4, 10, np.full(40, 99)), 0, 11)) is None
