"""Records are read where they lie when that gives the same as putting them together by month."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import pandas as pd
import pytest
import sqlalchemy as sa
from small_company import Company, Event, Figure, Person, Spell, first_day, month, write

from analytics.estimators.panel import NEVER
from analytics.store import seen, stage
from analytics.store.measure import measure
from analytics.store.observed import Observed
from analytics.store.people import stage_people
from analytics.store.team_panel import TeamPanel
from lrs.store.database import Database

FIRST, LAST = month("2024-01"), month("2024-06")
MOVED = first_day(month("2024-04"))
_tenants = count(300)


def people() -> list[Person]:
    """Four people; the third changes teams in April, the fourth comes then and has no team."""
    long, actors = [Spell(0)], [("mbox mailto:p@example.org", Spell(0))]
    return [
        Person(1, long, [(1, Spell(0))], actors),
        Person(2, long, [(2, Spell(0))]),
        Person(3, long, [(1, Spell(0, MOVED)), (2, Spell(MOVED))]),
        Person(4, [Spell(MOVED)]),
    ]


def by_month(people: Iterable[int], months: Iterable[int], **sums: float) -> list[Figure]:
    return [
        Figure(person, first_day(at), **(sums or {"value": person + at / 8}))
        for person in people
        for at in months
    ]


EVERY = range(FIRST, LAST + 1)
SHAPES = {
    "whole": by_month((1, 2, 3), EVERY),
    "with gaps": by_month((1,), EVERY) + by_month((3,), (FIRST, LAST)),
    "in one of two teams": by_month((1, 2), EVERY) + by_month((3,), (LAST,)),
    "without a team": by_month((1, 2, 4), EVERY),
    "shares": by_month((1, 2, 3), EVERY, numerator=3, denominator=4),
}


def asked(database: Database, figures: list[Figure], kind: str = "continuous") -> Observation:
    """Write the figures; return what a panel by team of them says, and how they were read."""
    tenant_id = next(_tenants)
    company = Company(people(), [Event("mbox mailto:p@example.org", first_day(FIRST))], figures)
    metric_id = write(database, tenant_id, company, kind=kind)
    with database.read() as conn, stage.staged(conn):
        stage_people(conn, tenant_id)
        stage.fill(conn, stage.unit_start, [(tenant_id * 1000 + 1, FIRST + 2)])
        found = measure(conn, tenant_id, metric_id, kind)
        assert found is not None
        return Observation(Observed(conn, found), tenant_id * 1000)


class Observation:
    """A panel from February to June, read to the end."""

    def __init__(self, observed: Observed, base: int) -> None:
        self.as_they_lie = not isinstance(observed.rows(), sa.Table)
        self.coverage = observed.coverage()
        panel = TeamPanel(observed, FIRST + 1, LAST)
        self.cells, self.sizes = panel.cells(), panel.sizes()
        weights = self.cells[["cohort", "period"]].assign(mean=0.5, a=1.25)
        cohort, cluster, values = panel.scores(weights)
        self.scores = pd.DataFrame(
            {"cohort": cohort, "cluster": cluster - base, "score": values[:, 0]}
        )
        observed.drop()
        panel.drop()

    def same_as(self, other: Observation) -> None:
        assert self.coverage == other.coverage
        for name in ("cells", "sizes", "scores"):
            pd.testing.assert_frame_equal(getattr(self, name), getattr(other, name), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_both_ways_say_the_same(
    database: Database, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "count" if shape == "shares" else "continuous"
    lying = asked(database, SHAPES[shape], kind)
    monkeypatch.setattr(seen, "BITS", 0)
    staged = asked(database, SHAPES[shape], kind)
    assert lying.as_they_lie
    assert not staged.as_they_lie
    lying.same_as(staged)


SECOND = Figure(2, first_day(LAST), value=7.0)
TOO_FAR = Figure(2, first_day(FIRST - seen.BITS), value=7.0)
NO_SHARE = Figure(2, first_day(LAST), numerator=2.0, denominator=0.0)


@pytest.mark.parametrize(
    ("shape", "more"),
    [("whole", SECOND), ("whole", TOO_FAR), ("shares", NO_SHARE)],
    ids=["two in a month", "more months than bits", "no share by itself"],
)
def test_what_is_no_observation_by_itself_is_put_together(
    database: Database, shape: str, more: Figure
) -> None:
    kind = "count" if shape == "shares" else "continuous"
    assert not asked(database, [*SHAPES[shape], more], kind).as_they_lie


def test_a_second_record_that_was_replaced_is_none(database: Database) -> None:
    replaced = Figure(2, first_day(LAST), value=7.0, superseded=True)
    found = asked(database, [*SHAPES["whole"], replaced])
    assert found.as_they_lie
    found.same_as(asked(database, SHAPES["whole"]))


def test_who_was_seen_in_one_of_two_teams_counts_in_that_one(database: Database) -> None:
    found = asked(database, SHAPES["in one of two teams"])
    people = dict(found.sizes[["cohort", "people"]].itertuples(index=False))
    assert people == {FIRST + 2: 1, NEVER: 2}


def test_records_before_the_window_put_nobody_behind_it(database: Database) -> None:
    found = asked(database, by_month((1,), EVERY) + by_month((2, 3), (FIRST,)))
    assert dict(found.sizes[["cohort", "people"]].itertuples(index=False)) == {FIRST + 2: 1}
