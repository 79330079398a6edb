"""What the business saw: three figures a person and month, with the one true effect in them.

Complaints fall by a fifth where somebody has finished the conversations path. Clicks on test mails
that imitate phishing fall for everybody alike, because the mail filter got better: the security
path has no part in it. Cases an hour follow the season and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.demo.company import MONTHS, NOWHERE, Company, Numbers, Values, stream
from analytics.demo.training import CONVERSATIONS, Rollout

EFFECT = 0.8
"""Complaints per case of a trained person, as a share of what they would have been."""

FIRST_MONTH_EFFECT = 0.9
TEST_MAILS = 4


@dataclass(slots=True)
class Results:
    """Person × month tables; what stands where somebody was not employed means nothing."""

    cases: Numbers
    complaints: Numbers
    test_mails: Numbers
    clicks: Numbers
    cases_an_hour: Values


def make_results(company: Company, rollouts: dict[str, Rollout]) -> Results:
    """Return the figures of everybody in every month."""
    cases, complaints = _complaints(company, rollouts[CONVERSATIONS])
    test_mails, clicks = _clicks(company)
    return Results(cases, complaints, test_mails, clicks, _pace(company))


def season(size: float, peak: int) -> Values:
    """Return a yearly wave over the months, highest in month ``peak``."""
    return size * np.cos(2 * np.pi * (np.arange(MONTHS) - peak) / 12)


def _team_level(company: Company, draws: np.random.Generator, spread: float) -> Values:
    """Return what sets teams apart, lasting, for each person and month."""
    level = draws.normal(0, spread, len(company.teams))
    where = company.where
    return np.where(where == NOWHERE, 0.0, level[where])


def _complaints(company: Company, path: Rollout) -> tuple[Numbers, Numbers]:
    draws = stream(company.seed, "complaints")
    people = len(company.people)
    cases = draws.poisson(70 * np.exp(season(0.08, 0)), (people, MONTHS))
    own = draws.normal(0, 0.2, (people, 1))
    months = np.arange(MONTHS)[None, :] - path.start_month[:, None]
    effect = np.select([months < 0, months == 0], [1.0, FIRST_MONTH_EFFECT], EFFECT)
    usual = 0.06 * np.exp(season(0.1, 1) + own + _team_level(company, draws, 0.15))
    return cases, np.minimum(draws.poisson(cases * usual * effect), cases)


def _clicks(company: Company) -> tuple[Numbers, Numbers]:
    draws = stream(company.seed, "clicks")
    people = len(company.people)
    mails = np.full((people, MONTHS), TEST_MAILS, np.int64)
    filter_improves = np.log(0.22) + np.log(0.3) * np.arange(MONTHS) / (MONTHS - 1)
    own = draws.normal(0, 0.3, (people, 1))
    chance = np.exp(filter_improves + season(0.08, 11) + own + _team_level(company, draws, 0.12))
    return mails, draws.binomial(mails, np.clip(chance, 0, 0.9))


def _pace(company: Company) -> Values:
    draws = stream(company.seed, "pace")
    people = len(company.people)
    own = draws.normal(0, 0.5, (people, 1))
    noise = draws.normal(0, 0.45, (people, MONTHS))
    pace = 5.2 + own + noise + season(0.12, 3) + _team_level(company, draws, 0.2)
    return np.round(pace, 2)
