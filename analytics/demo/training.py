"""Who learned what, and when. Three roll-outs, each with a truth that its report must find.

``customer-conversations`` comes to two teams in three, in waves drawn by lot, and works.
``security-awareness`` comes to everybody in waves, is finished by 94 in 100, and does nothing.
``mentor-programme`` is a pilot of six people, too small to tell anything from.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from analytics.demo.company import (
    FIRST,
    MONTHS,
    NOWHERE,
    Company,
    Numbers,
    employed,
    month_start,
    stream,
)

NEVER = 999
"""The month of what does not happen."""

NO_DAY = NEVER * 31
"""The day of what does not happen."""

CONVERSATIONS = "customer-conversations"
SECURITY = "security-awareness"
MENTORS = "mentor-programme"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a path was rolled out: the month of each wave, teams in each, and how people finished."""

    path: str
    waves: tuple[int, ...]
    teams_a_wave: tuple[int, ...]
    finish: float
    begin_only: float


CONVERSATIONS_PLAN = Plan(CONVERSATIONS, (9, 11, 13), (9, 9, 8), finish=0.93, begin_only=0.04)
SECURITY_PLAN = Plan(SECURITY, (5, 9, 13, 17, 21), (8, 8, 8, 8, 8), finish=0.975, begin_only=0.015)

PILOT_PEOPLE = 6
PILOT_MONTH = 14


@dataclass(slots=True)
class Rollout:
    """When each team's turn came (month), and each person's first and last day on the path."""

    path: str
    team_start: Numbers
    began: Numbers
    finished: Numbers

    @property
    def start_month(self) -> Numbers:
        """Return the first month of which at least half lies after each person finished."""
        return np.array([_month_after(int(day)) for day in self.finished], dtype=np.int64)

    def trained(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Return who had finished by which month."""
        found: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
            np.arange(MONTHS)[None, :] >= self.start_month[:, None]
        )
        return found


def day_of(date: dt.date) -> int:
    """Return the days from the company's first day."""
    return (date - FIRST).days


def _month_after(day: int) -> int:
    if day >= NO_DAY:
        return NEVER
    date = FIRST + dt.timedelta(days=day)
    month = (date.year - FIRST.year) * 12 + date.month - FIRST.month
    return month if date.day <= 15 else month + 1


def roll_out(company: Company, plan: Plan) -> Rollout:
    """Return who took the path: teams drawn by lot for the waves, newcomers in their first weeks."""
    draws = stream(company.seed, plan.path)
    starts = _draw_waves(draws, len(company.teams), plan)
    began, finished = _no_days(company), _no_days(company)
    for index, due in enumerate(_due_months(company, starts)):
        luck, delay, length = draws.random(), draws.random(), int(draws.integers(0, 9))
        if due == NEVER:
            continue
        newcomer = company.people[index].teams[due - 1] == NOWHERE if due else False
        first = day_of(month_start(due)) + int(draws.integers(2, 7))
        first -= 0 if newcomer else 12
        last = first + length + (31 if delay < 0.08 and not newcomer else 0)
        if luck < plan.finish + plan.begin_only:
            began[index] = first
        if luck < plan.finish:
            finished[index] = last
    return _while_employed(company, Rollout(plan.path, starts, began, finished))


def _draw_waves(draws: np.random.Generator, teams: int, plan: Plan) -> Numbers:
    starts = np.full(teams, NEVER, np.int64)
    order = draws.permutation(teams)
    given = np.repeat(plan.waves, plan.teams_a_wave)
    starts[order[: len(given)]] = given
    return starts


def _no_days(company: Company) -> Numbers:
    return np.full(len(company.people), NO_DAY, np.int64)


def _due_months(company: Company, starts: Numbers) -> Numbers:
    """Return the first month in which each person is in a team whose turn has come."""
    where = company.where
    due = (where != NOWHERE) & (np.arange(MONTHS)[None, :] >= starts[where])
    return np.where(due.any(axis=1), due.argmax(axis=1), NEVER)


def pilot(company: Company) -> Rollout:
    """Return the mentor programme: a few people of different teams, who asked to join."""
    draws = stream(company.seed, MENTORS)
    stay = np.flatnonzero(employed(company).all(axis=1))
    members = np.array([k for k in stay if not company.people[k].leads])
    chosen = draws.choice(members, PILOT_PEOPLE, replace=False)
    began, finished = _no_days(company), _no_days(company)
    began[chosen] = day_of(month_start(PILOT_MONTH - 3)) + draws.integers(3, 20, PILOT_PEOPLE)
    finished[chosen] = day_of(month_start(PILOT_MONTH)) + draws.integers(1, 12, PILOT_PEOPLE)
    nobody = np.full(len(company.teams), NEVER, np.int64)
    return Rollout(MENTORS, nobody, began, finished)


def _while_employed(company: Company, rollout: Rollout) -> Rollout:
    """Take away what would have happened after somebody left, or after the company's last month."""
    end = day_of(month_start(MONTHS))
    for index, person in enumerate(company.people):
        gone = day_of(person.left) if person.left else end
        for days in (rollout.began, rollout.finished):
            if days[index] >= gone:
                days[index] = NO_DAY
    return rollout


def roll_outs(company: Company) -> dict[str, Rollout]:
    """Return the three, by path."""
    return {
        CONVERSATIONS: roll_out(company, CONVERSATIONS_PLAN),
        SECURITY: roll_out(company, SECURITY_PLAN),
        MENTORS: pilot(company),
    }
