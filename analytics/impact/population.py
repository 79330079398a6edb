"""Who was trained, as what, and when: worked out once a report, before any outcome is compared."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from analytics.impact import asking
from analytics.impact.asking import Asked
from analytics.impact.changes import team_changes, workforce_changes
from analytics.impact.rollout import (
    AT_ONCE,
    TEAM_SHARE,
    Changes,
    TeamMonths,
    share_between_months,
    share_between_teams,
    team_months,
    team_starts,
)
from analytics.impact.window import Window, window
from analytics.store import stage
from analytics.store.exposure import stage_learners, stage_path
from analytics.store.learned import Learning, learning_on, packed_learning
from analytics.store.measure import Measure
from analytics.store.observed import Observed
from analytics.store.panel import Level
from analytics.store.people import stage_people
from analytics.store.staff import Learners, People, packed_staff


@dataclass(frozen=True)
class Population:
    """The people of a path, and how their teams change month by month."""

    people: People
    learning: Learning
    teams: Changes
    workforce: Changes
    first_start: int
    learners_staged: bool

    def stage_learners(self, asked: Asked) -> None:
        """Fill `stage.learner`, for what is asked in SQL, if it is not; needs `stage.item`."""
        if not self.learners_staged:
            stage_learners(self.people.conn, asked.tenant_id, asked.path.rule)


@dataclass(frozen=True, slots=True)
class Rollout:
    """The level at which the path was rolled out, and how much of who is trained teams explain."""

    level: Level
    between_teams: float | None
    asked_for: bool


def stage_population(conn: sa.Connection, asked: Asked) -> Population:
    """Read who was where, and who learned; raises `NotFound` when nobody was trained.

    What is not packed is staged.
    """
    if not stage_path(conn, asked.tenant_id, asked.path):
        raise asking.no_such_path(conn, asked)
    learning, learners = _learned(conn, asked)
    if not learning.resolved:
        raise asking.nobody_known(asked, learning.unresolved)
    staff = packed_staff(conn, asked.tenant_id)
    if staff is None:
        stage_people(conn, asked.tenant_id)
    people = People(conn, asked.tenant_id, staff, learners)
    first_start = people.learners.first_start
    if first_start is None:
        raise asking.nobody_completed(asked)
    teams = team_changes(people.staff, people.learners)
    workforce = workforce_changes(people.staff)
    return Population(people, learning, teams, workforce, first_start, learners is None)


def _learned(conn: sa.Connection, asked: Asked) -> tuple[Learning, Learners | None]:
    """Return what was learned, and by whom; no one: they are staged."""
    found = packed_learning(conn, asked.tenant_id, asked.path)
    return (learning_on(conn, asked.tenant_id, asked.path), None) if found is None else found


def window_of(population: Population, observed: Observed) -> Window | None:
    """Return the months that a metric's records cover whole."""
    units = observed.coverage()
    if not units:
        return None
    of_teams = observed.measure.grain == "team"
    changes = population.teams if of_teams else population.workforce
    there = team_months(changes, min(units), max(units))
    counts = (there.members > 0 if of_teams else there.members).sum(axis=0)
    at_work = {there.first + i: int(n) for i, n in enumerate(counts)}
    return window(units, at_work, observed.event_days())


def roll_out(
    conn: sa.Connection, asked: Asked, population: Population, measure: Measure, months: Window
) -> Rollout:
    """Fill the teams' starts, and decide whether teams or single people were trained."""
    teams = team_months(population.teams, min(population.first_start, months.first), months.last)
    stage.fill(conn, stage.unit_start, sorted(team_starts(teams).items()))
    seen = teams.between(months.first, months.last)
    share = share_between_teams(seen)
    if asked.by == "person" and measure.grain == "team":
        raise asking.not_by_person()
    if asked.metric.kind == "time_to_event" and measure.form == "count":
        if asked.by == "person":
            raise asking.not_who_leaves_by_person()
        return Rollout("team", share, asked_for=asked.by is not None)
    if asked.by is not None:
        return Rollout(asked.by, share, asked_for=True)
    if measure.grain == "person" and _mostly_without_team(population, seen, months):
        return Rollout("person", share, asked_for=False)
    return Rollout(_level(seen, measure, share), share, asked_for=False)


def _mostly_without_team(population: Population, teams: TeamMonths, months: Window) -> bool:
    workforce = team_months(population.workforce, months.first, months.last).members.sum()
    return bool(2 * teams.members.sum() < workforce)


def _level(teams: TeamMonths, measure: Measure, share: float | None) -> Level:
    if measure.grain == "team" or share is None or share >= TEAM_SHARE:
        return "team"
    by_month = share_between_months(teams)
    return "team" if by_month is None or by_month >= AT_ONCE else "person"
