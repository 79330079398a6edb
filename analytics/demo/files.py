"""Writes the made-up company as the files that any customer would bring: `docs/files.md`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analytics.demo.company import MONTHS, NOWHERE, Company, Person, make_company, month_start
from analytics.demo.results import Results, make_results
from analytics.demo.statements import HOME_PAGE, Statement, activity, make_statements
from analytics.demo.training import CONVERSATIONS, MENTORS, SECURITY, roll_outs

PEOPLE_HEADER = (
    "person_id,email,given_name,family_name,team_id,team_name,department,location,manager_id,role,"
    "monthly_cost,valid_from,valid_to,termination_date,end_reason,account_home_page,account_name"
)

OUTCOME_HEADER = (
    "person_id,team_id,month,complaints,cases,phishing_clicks,test_mails,cases_per_hour"
)

WIDE = (
    "complaints=complaints/cases:down",
    "phishing_clicks=phishing_clicks/test_mails:down",
    "cases_per_hour=cases_per_hour:up",
)
"""How the columns of outcomes.csv are to be read, as `verkan outcomes import --wide` takes it."""

RAISE_MONTH = 12
RAISE = 1.03

METRICS = """\
# Names, units and which way is good come from the library of ready metrics, in every language.
[[metric]]
id = "complaints"
denominator = "cases"

[[metric]]
id = "phishing_clicks"
kind = "count"
denominator = "test mails"

[[metric]]
id = "cases_per_hour"
"""

PATHS = f"""\
# What a path is called comes from the statements, which say it in every language.
[[path]]
id = "{CONVERSATIONS}"
activities = ["{activity(CONVERSATIONS)}"]
complete = "completed"
cost = {{ fixed = 18000, per_learner = 45, hours_per_learner = 6 }}
goal = "Fewer complaints: customers feel heard the first time"

[[path]]
id = "{SECURITY}"
activities = ["{activity(SECURITY)}"]
complete = "passed"
cost = {{ fixed = 9000, per_learner = 20, hours_per_learner = 1 }}
goal = "Nobody clicks on a false mail"

[[path]]
id = "{MENTORS}"
activities = ["{activity(MENTORS)}"]
complete = "completed"
cost = {{ fixed = 2000, hours_per_learner = 12 }}
goal = "Newcomers reach a steady pace sooner"
"""

PLAN = f"""\
[[plan]]
path = "{CONVERSATIONS}"
need = "Customers have to complain before they feel heard"
window = {{ from = "2024-10", to = "2025-12" }}
comparison = "both"
assignment = "staggered"

[[plan.outcome]]
metric = "complaints"
better = "down"
value = {{ low = 40, likely = 60, high = 90 }}
currency = "EUR"
approved_by = "Ingrid de Vries"
"""

PAIRS = (
    (CONVERSATIONS, "complaints"),
    (SECURITY, "phishing_clicks"),
    (MENTORS, "cases_per_hour"),
)
"""The path and the outcome of each of the three reports."""


@dataclass(frozen=True, slots=True)
class Files:
    """The company's files, and the statements that are to be posted instead of imported."""

    folder: Path
    posted: list[Statement]
    imported: int

    @property
    def people(self) -> Path:
        """Return the staff history."""
        return self.folder / "people.csv"

    @property
    def outcomes(self) -> Path:
        """Return what the business saw, a row a person and month."""
        return self.folder / "outcomes.csv"

    @property
    def metrics(self) -> Path:
        """Return what the columns of the outcomes mean."""
        return self.folder / "metrics.toml"

    @property
    def paths(self) -> Path:
        """Return the learning paths."""
        return self.folder / "paths.toml"

    @property
    def plan(self) -> Path:
        """Return what was decided before the first team started."""
        return self.folder / "plan.toml"

    @property
    def statements(self) -> Path:
        """Return the statements of the past, one a line."""
        return self.folder / "statements.ndjson"


def write_files(folder: Path, *, seed: int, posted: int) -> Files:
    """Write the company of that seed; the last ``posted`` statements stay out, to be sent."""
    company = make_company(seed)
    rollouts = roll_outs(company)
    sent = make_statements(company, rollouts)
    cut = len(sent) - posted
    files = Files(folder, sent[cut:], cut)
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(files.people, PEOPLE_HEADER, _people_rows(company))
    _write_csv(
        files.outcomes, OUTCOME_HEADER, _outcome_rows(company, make_results(company, rollouts))
    )
    files.metrics.write_text(METRICS, encoding="utf-8")
    files.paths.write_text(PATHS, encoding="utf-8")
    files.plan.write_text(PLAN, encoding="utf-8")
    lines = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in sent[:cut])
    files.statements.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return files


def _write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _people_rows(company: Company) -> Iterator[list[object]]:
    """Yield a row for each stretch of months in which team, lead and pay stayed the same."""
    for index, person in enumerate(company.people):
        months = np.flatnonzero(person.teams != NOWHERE)
        begins = [month for month in months if _changes(company, person, int(month))]
        for place, month in enumerate(begins):
            until = begins[place + 1] if place + 1 < len(begins) else int(months[-1]) + 1
            yield _person_row(company, index, int(month), int(until))


def _changes(company: Company, person: Person, month: int) -> bool:
    """Return whether the person's record is another than in the month before."""
    if month == 0 or person.teams[month - 1] == NOWHERE or month == RAISE_MONTH:
        return True
    team, before = person.teams[month], person.teams[month - 1]
    return bool(team != before or company.leads[team, month] != company.leads[team, month - 1])


def _person_row(company: Company, index: int, month: int, until: int) -> list[object]:
    person = company.people[index]
    team = company.teams[person.teams[month]]
    left = person.left
    first = max(person.hired, month_start(month)) if month else person.hired
    return [
        person.id,
        person.mail,
        person.given,
        person.family,
        team.id,
        team.name,
        team.name.split()[1],
        team.site.name,
        _boss(company, index, month),
        "team lead" if person.leads else "adviser",
        round(person.cost * (RAISE if month >= RAISE_MONTH else 1)),
        first.isoformat(),
        month_start(until).isoformat() if until < MONTHS else "",
        left.isoformat() if left else "",
        "voluntary" if left else "",
        HOME_PAGE,
        person.id,
    ]


def _boss(company: Company, index: int, month: int) -> str:
    """Return the team's lead; a lead's own boss is the lead of the site's first team."""
    person = company.people[index]
    team = int(person.teams[month])
    if person.leads:
        team = next(k for k, other in enumerate(company.teams) if other.site == person.site)
    lead = int(company.leads[team, month])
    return "" if lead == index else company.people[lead].id


def _outcome_rows(company: Company, results: Results) -> Iterator[list[object]]:
    where = company.where
    for index, month in zip(*np.nonzero(where != NOWHERE), strict=True):
        yield [
            company.people[index].id,
            company.teams[where[index, month]].id,
            month_start(int(month)).isoformat(),
            results.complaints[index, month],
            results.cases[index, month],
            results.clicks[index, month],
            results.test_mails[index, month],
            results.cases_an_hour[index, month],
        ]
