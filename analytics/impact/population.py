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
    Change,
    TeamMonths,
    share_between_months,
    share_between_teams,
    team_months,
    team_starts,
)
from analytics.impact.window import Window, window
from analytics.store import stage
from analytics.store.exposure import Actors, actors, stage_learners, stage_path
from analytics.store.measure import Measure
from analytics.store.observed import Observed
from analytics.store.panel import Level
from analytics.store.people import stage_people


@dataclass(frozen=True)
class Population:
    """The people of a path, whose stages are filled, as changes month by month."""

    actors: Actors
    teams: list[Change]
    workforce: list[Change]
    first_start: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """The level at which the path was rolled out, and how much of who is trained teams explain."""

    level: Level
    between_teams: float | None
    asked_for: bool


def stage_population(conn: sa.Connection, asked: Asked) -> Population:
    """Fill every stage but the teams' starts; raises `NotFound` when nobody was trained."""
    if not stage_path(conn, asked.tenant_id, asked.path):
        raise asking.no_such_path(conn, asked)
    who = actors(conn, asked.tenant_id)
    if not who.resolved:
        raise asking.nobody_known(asked, who)
    stage_people(conn, asked.tenant_id)
    stage_learners(conn, asked.tenant_id, asked.path.rule)
    first_start = conn.execute(sa.select(sa.func.min(stage.learner.c.start_ix))).scalar()
    if first_start is None:
        raise asking.nobody_completed(asked)
    return Population(who, team_changes(conn), workforce_changes(conn), first_start)


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
