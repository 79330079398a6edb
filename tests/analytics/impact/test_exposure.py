"""When a path is done, by every kind of rule: the SQL against `connectors.model.paths.done_on`."""

from __future__ import annotations

from itertools import count

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from small_company import Company, Event, Person, Spell, first_day, month, write

from analytics.facts import refresh_facts
from analytics.store import stage
from analytics.store.exposure import actors, stage_learners, stage_path
from connectors.model.paths import SIGNS, LearningPath, declared, done_on, shows, undeclared
from lrs.store.database import Database

BASE = "https://example.org/c"
VERBS = [f"http://adlnet.gov/expapi/verbs/{v}" for v in ("completed", "passed", "attempted")]
BEGIN = first_day(month("2024-01"))
_tenants = count(100)

RULES = {
    "completed": "completed",
    "passed": "passed",
    "all": {"all_of": [f"{BASE}/1", f"{BASE}/2"]},
    "any": {"any_of": [f"{BASE}/1", f"{BASE}/2"]},
    "any by passing": {"any_of": [f"{BASE}/1", f"{BASE}/2"], "by": "passed"},
    "two": {"min": 2},
    "below": {"all_of": [f"{BASE}/1", f"{BASE}/x/*"]},
}


def path(rule: str) -> LearningPath:
    if rule == "undeclared":
        return undeclared(f"{BASE}/1")
    activities = [f"{BASE}/1", f"{BASE}/2", f"{BASE}/x/"]
    entry = {"id": "care", "activities": activities, "complete": RULES[rule]}
    return declared({"path": [entry]}, "paths.toml")[0]


events = st.lists(
    st.builds(
        Event,
        st.just("mbox mailto:p1@example.org"),
        st.integers(BEGIN, BEGIN + 70),
        activity=st.sampled_from(
            [f"{BASE}/1", f"{BASE}/2", f"{BASE}/x/1", f"{BASE}/x/2", f"{BASE}/10"]
        ),
        verb=st.sampled_from(VERBS),
        completion=st.sampled_from([None, None, True, False]),
        success=st.sampled_from([None, None, True, False]),
        voided=st.sampled_from([False, False, True]),
    ),
    min_size=1,
    max_size=8,
)


def by_hand(rule: LearningPath, happened: list[Event]) -> int | None:
    sign, days = SIGNS[rule.rule.sign], {}
    for event in happened:
        if not event.voided and shows(sign, event.verb, event.completion, event.success):
            days[event.activity] = min(days.get(event.activity, event.day_no), event.day_no)
    return done_on(rule.rule, days)


def staged_learners(database: Database, company: Company, rule: LearningPath) -> list[sa.Row]:
    tenant_id = next(_tenants)
    write(database, tenant_id, company)
    refresh_facts(database, tenant_id)
    with database.read() as conn, stage.staged(conn):
        stage_path(conn, tenant_id, rule)
        stage_learners(conn, tenant_id, rule.rule)
        return list(conn.execute(sa.select(stage.learner).order_by(stage.learner.c.person_id)))


def test_day_of_completion_follows_the_rule(database: Database) -> None:
    @limits(
        max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(events, st.sampled_from([*RULES, "undeclared"]))
    def holds(happened: list[Event], rule: str) -> None:
        person = Person(1, [Spell(0)], actors=[("mbox mailto:p1@example.org", Spell(0))])
        found = staged_learners(database, Company([person], happened), path(rule))
        days = [row.done_day for row in found]
        expected = by_hand(path(rule), happened)
        assert days in ([expected], [] if expected is None else [expected])

    holds()


@pytest.mark.parametrize(("day_of_month", "later"), [(1, 0), (14, 0), (15, 0), (16, 1), (28, 1)])
def test_month_counts_as_trained_when_done_by_its_15th(
    database: Database, day_of_month: int, later: int
) -> None:
    here = month("2024-02")
    done = Event("mbox mailto:p1@example.org", first_day(here) + day_of_month - 1, f"{BASE}/1")
    person = Person(1, [Spell(0)], actors=[("mbox mailto:p1@example.org", Spell(0))])
    (learner,) = staged_learners(database, Company([person], [done]), path("undeclared"))
    assert learner.start_ix == here + later


def test_freed_user_name_trains_only_who_had_it_that_day(database: Database) -> None:
    mail, handed_over = "mbox mailto:desk@example.org", BEGIN + 30
    people = [
        Person(1, [Spell(0)], actors=[(mail, Spell(0, handed_over))]),
        Person(2, [Spell(0)], actors=[(mail, Spell(handed_over))]),
    ]
    done = [Event(mail, handed_over - 1, f"{BASE}/1"), Event(mail, handed_over, f"{BASE}/1")]
    found = staged_learners(database, Company(people, done), path("undeclared"))
    assert [row.done_day for row in found] == [handed_over - 1, handed_over]


def test_two_actors_of_one_person_are_one_learner(database: Database) -> None:
    mails = [f"mbox mailto:{name}@example.org" for name in ("p1", "p1.work")]
    person = Person(1, [Spell(0)], actors=[(mail, Spell(0)) for mail in mails])
    done = [Event(mails[0], BEGIN + 9, f"{BASE}/1"), Event(mails[1], BEGIN + 4, f"{BASE}/2")]
    (learner,) = staged_learners(database, Company([person], done), path("two"))
    assert learner.done_day == BEGIN + 9
    assert learner.touched_day == BEGIN + 4


def test_actors_without_a_person_are_counted_as_unknown(database: Database) -> None:
    known, unknown = "mbox mailto:p1@example.org", "mbox mailto:who@example.org"
    person = Person(1, [Spell(0)], actors=[(known, Spell(0))])
    company = Company([person], [Event(a, BEGIN, f"{BASE}/1") for a in (known, unknown)])
    tenant_id = next(_tenants)
    write(database, tenant_id, company)
    refresh_facts(database, tenant_id)
    with database.read() as conn, stage.staged(conn):
        stage_path(conn, tenant_id, path("undeclared"))
        assert actors(conn, tenant_id) == (1, 1)
