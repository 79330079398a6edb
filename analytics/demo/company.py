"""A made-up insurer, Fjord & Gracht: who worked where, month by month.

People are hired, change teams and leave; two teams get a new lead. Everything is drawn from a seed,
one stream of random numbers a subject, so that a change to one subject leaves the others as they
were and the same seed gives the same company on every machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analytics.demo.names import SITES, Site

NAME = "Fjord & Gracht"
DOMAIN = "fjordgracht.example"
SEED = 2024

FIRST = dt.date(2024, 1, 1)
MONTHS = 24
TEAM_SIZE = 15

LEAVES_A_MONTH = 0.0036
MOVES_A_MONTH = 0.0015
NEW_LEADS = ((5, 9), (23, 15))  # team, month in which its new lead began

Numbers = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

NOWHERE = -1
"""The team of somebody who is not employed in that month."""


def month_start(month: int) -> dt.date:
    """Return the first day of a month, counted from the company's first; any month, also outside."""
    years, months = divmod(FIRST.month - 1 + month, 12)
    return dt.date(FIRST.year + years, months + 1, 1)


def stream(seed: int, subject: str) -> np.random.Generator:
    """Return the random numbers of one subject."""
    return np.random.default_rng([seed, *subject.encode()])


@dataclass(frozen=True, slots=True)
class Team:
    """A team at one site."""

    id: str
    name: str
    site: Site


@dataclass(slots=True)
class Person:
    """One employee. ``teams`` has the team of each month, ``NOWHERE`` while not employed."""

    number: int
    given: str
    family: str
    hired: dt.date
    cost: int
    leads: bool
    site: Site
    teams: Numbers = field(repr=False)

    @property
    def id(self) -> str:
        """Return the key the staff records know the person by."""
        return f"FG{self.number:04d}"

    @property
    def mail(self) -> str:
        """Return the work address; ASCII, as mail systems like it."""
        plain = f"{self.given}.{self.family}".lower().translate(_PLAIN)
        return f"{plain}.{self.number}@{DOMAIN}"

    @property
    def left(self) -> dt.date | None:
        """Return the first day no longer employed, if that came within the company's months."""
        last = int(np.flatnonzero(self.teams != NOWHERE)[-1])
        return month_start(last + 1) if last + 1 < MONTHS else None


_PLAIN = str.maketrans({"å": "a", "ä": "a", "ö": "o", "ø": "o", "æ": "ae"})


@dataclass(slots=True)
class Company:
    """Everybody, and who led each team in each month (``leads[team, month]``, a person's index)."""

    seed: int
    teams: tuple[Team, ...]
    people: list[Person]
    leads: Numbers

    @property
    def where(self) -> Numbers:
        """Return the team of each person in each month."""
        return np.array([person.teams for person in self.people])


def make_company(seed: int = SEED) -> Company:
    """Return the company of that seed."""
    teams = tuple(_teams())
    draws = stream(seed, "people")
    company = Company(seed, teams, [], np.zeros((len(teams), MONTHS), np.int64))
    for team in range(len(teams)):
        for place in range(TEAM_SIZE):
            hired = FIRST - dt.timedelta(days=int(draws.integers(30, 3300)))
            _hire(company, draws, team, 0, hired, leads=place == 0)
        company.leads[team] = team * TEAM_SIZE
    for month in range(1, MONTHS):
        _pass_month(company, draws, month)
    return company


def _teams() -> Iterator[Team]:
    number = 0
    for site in SITES:
        for place in range(site.teams):
            number += 1
            work = ("Claims", "Customers", "Renewals")[place % 3]
            yield Team(f"T{number:02d}", f"{site.name} {work} {place // 3 + 1}", site)


def _hire(
    company: Company,
    draws: np.random.Generator,
    team: int,
    month: int,
    hired: dt.date,
    *,
    leads: bool = False,
) -> int:
    site = company.teams[team].site
    teams = np.full(MONTHS, NOWHERE, np.int64)
    teams[month:] = team
    cost = int(round(float(draws.normal(5200, 450)) + 1300 * leads, -1))
    given, family = _pick(draws, site.given_names()), _pick(draws, site.family_names())
    index = len(company.people)
    company.people.append(
        Person(index + 1, given, family, hired, cost, leads=leads, site=site, teams=teams)
    )
    return index


def _pick(draws: np.random.Generator, among: list[str]) -> str:
    return among[int(draws.integers(len(among)))]


def _pass_month(company: Company, draws: np.random.Generator, month: int) -> None:
    """Let some leave, with somebody new in their place, and some change team within their site."""
    for team, when in NEW_LEADS:
        if when == month:
            _leave(company.people[company.leads[team, month]], month)
            new = _hire(company, draws, team, month, month_start(month), leads=True)
            company.leads[team, month:] = new
    members = [person for person in company.people if not person.leads]
    for person in members:
        team = int(person.teams[month])
        chance = draws.random()
        if team == NOWHERE:
            continue
        if chance < LEAVES_A_MONTH:
            _leave(person, month)
            _hire(company, draws, team, month, month_start(month))
        elif chance < LEAVES_A_MONTH + MOVES_A_MONTH:
            near = [k for k, other in enumerate(company.teams) if other.site == person.site]
            person.teams[month:] = near[int(draws.integers(len(near)))]


def _leave(person: Person, month: int) -> None:
    person.teams[month:] = NOWHERE


def employed(company: Company) -> npt.NDArray[np.bool_]:
    """Return who was employed in which month."""
    return np.not_equal(company.where, NOWHERE)
