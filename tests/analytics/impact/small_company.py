"""A company small enough to work out by hand: written to the tables, and counted in plain Python.

`write` puts it where imports and the store would; `panel_rows` says, from the same objects and with
calendar dates instead of SQL, which observations a report must rest on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa

from analytics.estimators.panel import NEVER
from connectors.store import schema as tables
from lrs.store.database import Database
from lrs.store.schema import statement, term
from lrs.xapi.digests import digest16
from lrs.xapi.terms import TermKind

EPOCH = date(1970, 1, 1)
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
INITIALIZED = "http://adlnet.gov/expapi/verbs/initialized"
PATH = "https://example.org/paths/listening"

PROVENANCE = {"source": "test", "stream": "test", "raw_hash": b"0" * 16, "run_id": 1}


def day(text: str) -> int:
    """Return a date as a day number."""
    return (date.fromisoformat(text) - EPOCH).days


def month(text: str) -> int:
    """Return `2024-03` as a month number."""
    year, number = text.split("-")
    return (int(year) - 1970) * 12 + int(number) - 1


def first_day(month_ix: int) -> int:
    """Return the first day of a month."""
    return (date(1970 + month_ix // 12, month_ix % 12 + 1, 1) - EPOCH).days


def month_of(day_no: int) -> int:
    """Return the month a day lies in."""
    found = EPOCH + timedelta(days=day_no)
    return (found.year - 1970) * 12 + found.month - 1


def middle(month_ix: int) -> int:
    """Return the 15th of a month."""
    return first_day(month_ix) + 14


@dataclass(frozen=True)
class Spell:
    """A stretch of days, half-open; ``to`` None: still."""

    start: int
    to: int | None = None

    def holds(self, day_no: int) -> bool:
        return self.start <= day_no and (self.to is None or day_no < self.to)


@dataclass
class Person:
    """One person: when at work, when in which team, when which actor was theirs."""

    id: int
    employed: list[Spell]
    teams: list[tuple[int, Spell]] = field(default_factory=list)
    actors: list[tuple[str, Spell]] = field(default_factory=list)

    def at_work(self, month_ix: int) -> bool:
        return any(spell.holds(middle(month_ix)) for spell in self.employed)

    def team(self, month_ix: int) -> int | None:
        if not self.at_work(month_ix):
            return None
        return next((t for t, spell in self.teams if spell.holds(middle(month_ix))), None)


@dataclass(frozen=True)
class Event:
    """One statement."""

    actor: str
    day_no: int
    activity: str = PATH
    verb: str = COMPLETED
    completion: bool | None = None
    success: bool | None = None
    voided: bool = False


@dataclass(frozen=True)
class Figure:
    """One record of the metric."""

    person: int | None
    day_no: int
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    team: int | None = None
    period_days: int | None = 28
    superseded: bool = False


@dataclass
class Company:
    """Everything that is known of a company."""

    people: list[Person]
    events: list[Event] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def completed_on(self, person: Person) -> int | None:
        days = [
            event.day_no
            for event in self.events
            for actor, spell in person.actors
            if event.actor == actor and spell.holds(event.day_no) and _completes(event)
        ]
        return min(days, default=None)

    def started(self, person: Person) -> int | None:
        """Return the first month whose 15th is not before the completion."""
        done = self.completed_on(person)
        if done is None:
            return None
        return month_of(done) + (done > middle(month_of(done)))

    def team_start(self, team: int, last: int) -> int | None:
        for month_ix in range(last + 1):
            members = [p for p in self.people if p.team(month_ix) == team]
            starts = [self.started(p) for p in members]
            trained = sum(1 for s in starts if s is not None and s <= month_ix)
            if members and 2 * trained >= len(members):
                return month_ix
        return None


def _completes(event: Event) -> bool:
    if event.voided or event.activity != PATH:
        return False
    return event.verb == COMPLETED if event.completion is None else event.completion


def panel_rows(company: Company, level: str, first: int, last: int) -> pd.DataFrame:
    """Return unit, cohort, cluster, period, num, den: the observations of a report."""
    rows = []
    people = {person.id: person for person in company.people}
    starts = (
        {t: company.team_start(t, last) for p in company.people for t, _ in p.teams}
        if level == "team"
        else {}
    )
    sums: dict[tuple[int, int], list[Figure]] = {}
    for figure in company.figures:
        period = month_of(figure.day_no + (figure.period_days or 0) // 2)
        if figure.superseded or figure.person is None or not first <= period <= last:
            continue
        sums.setdefault((figure.person, period), []).append(figure)
    for (person_id, period), figures in sums.items():
        person = people[person_id]
        team = person.team(period)
        if not person.at_work(period) or (level == "team" and team is None):
            continue
        start = starts[team] if level == "team" else company.started(person)
        num, den = _observation(figures)
        if den > 0:
            cohort = NEVER if start is None or start > last else start
            cluster = team if level == "team" else person_id
            rows.append((person_id, cohort, cluster, period, num, den))
    return pd.DataFrame(rows, columns=["unit", "cohort", "cluster", "period", "num", "den"])


def _observation(figures: list[Figure]) -> tuple[float, float]:
    if any(figure.denominator is not None for figure in figures):
        return sum(f.numerator or 0 for f in figures), sum(f.denominator or 0 for f in figures)
    values = [figure.value for figure in figures if figure.value is not None]
    return sum(values) / len(values), 1.0


def write(database: Database, tenant_id: int, company: Company, *, kind: str = "continuous") -> int:
    """Put the company into the tables of a tenant; return the metric's number."""
    with database.write() as conn:
        base = tenant_id * 1000
        actors = sorted(
            {a for p in company.people for a, _ in p.actors} | {e.actor for e in company.events}
        )
        terms = {
            (kind_, value): _insert(
                conn,
                term,
                tenant_id=tenant_id,
                kind=int(kind_),
                value=value,
                digest=digest16(value),
            )
            for kind_, value in _terms(company, actors)
        }
        for person in company.people:
            _write_person(conn, tenant_id, base, person, terms)
        _write_teams(conn, tenant_id, base, company)
        _write_events(conn, tenant_id, company.events, terms)
        metric_id = _insert(
            conn,
            tables.metric,
            tenant_id=tenant_id,
            key="calls",
            name="Calls",
            kind=kind,
            better="up",
            sensitive=0,
        )
        write_figures(conn, tenant_id, metric_id, company.figures)
    return metric_id


def _terms(company: Company, actors: list[str]) -> Iterator[tuple[TermKind, str]]:
    yield from ((TermKind.AGENT, actor) for actor in actors)
    yield from ((TermKind.VERB, verb) for verb in sorted({e.verb for e in company.events}))
    yield from ((TermKind.ACTIVITY, a) for a in sorted({e.activity for e in company.events}))


def _insert(conn: sa.Connection, table: sa.Table, **values: Any) -> int:
    return int(conn.execute(sa.insert(table).values(**values)).inserted_primary_key[0])


def _write_person(
    conn: sa.Connection, tenant_id: int, base: int, person: Person, terms: dict[Any, int]
) -> None:
    own = {"tenant_id": tenant_id, "person_id": base + person.id}
    common = {**own, "basis": "source", "source_key": str(person.id), **PROVENANCE}
    for spell in person.employed:
        dates = {"valid_from": spell.start, "valid_to": spell.to}
        _insert(conn, tables.employment, **common, **dates)
        _insert(conn, tables.employment, **common, valid_from=0, superseded_run=2)
    for team, spell in person.teams:
        dates = {"valid_from": spell.start, "valid_to": spell.to}
        _insert(conn, tables.membership, **common, **dates, unit_id=base + team, is_primary=1)
        _insert(
            conn,
            tables.membership,
            **common,
            valid_from=0,
            unit_id=base + 999,
            is_primary=1,
            superseded_run=2,
        )
    for actor, spell in person.actors:
        _insert(
            conn,
            tables.actor_link,
            **own,
            actor_id=terms[TermKind.AGENT, actor],
            rule=2,
            confidence=1.0,
            evidence="test",
            valid_from=spell.start,
            valid_to=spell.to,
            run_id=1,
        )


def _write_teams(conn: sa.Connection, tenant_id: int, base: int, company: Company) -> None:
    teams = {t for p in company.people for t, _ in p.teams} | {
        f.team for f in company.figures if f.team is not None
    }
    for team in sorted(teams | {999}):
        conn.execute(
            sa.insert(tables.org_unit).values(
                id=base + team,
                tenant_id=tenant_id,
                kind="team",
                source="test",
                source_key=str(team),
            )
        )


def _write_events(
    conn: sa.Connection, tenant_id: int, events: Iterable[Event], terms: dict[Any, int]
) -> None:
    for seq, event in enumerate(events, start=1):
        conn.execute(
            sa.insert(statement).values(
                tenant_id=tenant_id,
                seq=seq,
                statement_id=digest16(f"{tenant_id} {seq}"),
                stored_at=seq,
                timestamp_at=event.day_no * 86_400_000_000,
                day_no=event.day_no,
                actor_id=terms[TermKind.AGENT, event.actor],
                verb_id=terms[TermKind.VERB, event.verb],
                activity_id=terms[TermKind.ACTIVITY, event.activity],
                authority_id=1,
                version=10,
                completion=None if event.completion is None else int(event.completion),
                success=None if event.success is None else int(event.success),
                voided_by=seq if event.voided else None,
            )
        )


def write_figures(
    conn: sa.Connection, tenant_id: int, metric_id: int, figures: Iterable[Figure]
) -> None:
    """Put records of a metric into the outcome table."""
    base = tenant_id * 1000
    for n, figure in enumerate(figures):
        conn.execute(
            sa.insert(tables.outcome).values(
                tenant_id=tenant_id,
                metric_id=metric_id,
                person_id=None if figure.person is None else base + figure.person,
                unit_id=None if figure.team is None else base + figure.team,
                day_no=figure.day_no,
                period_days=figure.period_days,
                value=figure.value,
                numerator=figure.numerator,
                denominator=figure.denominator,
                source_key=str(n),
                superseded_run=2 if figure.superseded else None,
                **PROVENANCE,
            )
        )
