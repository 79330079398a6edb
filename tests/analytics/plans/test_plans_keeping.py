"""Plans as files and as they are kept: gaps named, locks kept, every state there to be seen."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import planned_company as company
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from analytics.months import MICROSECONDS_A_DAY
from analytics.plans.keeping import (
    approve_value,
    change_plan,
    give_opinion,
    lock_plan,
    make_plan,
)
from analytics.plans.model import Opinion, Plan
from analytics.plans.overview import overview
from analytics.plans.reading import as_toml, plans_of
from analytics.plans.standing import Version, standing
from analytics.plans.store import versions_of
from connectors.importing import import_outcomes
from lrs.access.keys import make_key
from lrs.app import create_app
from lrs.errors import BadInput, Conflict, NotFound
from lrs.store.database import Database

START = 500
"""The day of the start in these tests."""


def plan(text: str = company.PLAN) -> Plan:
    return plans_of(tomllib.loads(text), "plan.toml")[0]


@pytest.fixture
def metrics(database: Database, tmp_path: Path) -> Database:
    """A store that knows the two metrics."""
    file = tmp_path / "outcomes.csv"
    file.write_text("metric,team_id,period,value\ncalls,t1,2026-01,3\n", encoding="utf-8")
    import_outcomes(database, 1, file, metrics=company.Files(tmp_path).metrics())
    return database


def test_a_plan_is_written_as_it_is_read() -> None:
    given = replace(plan(), opinion=Opinion(0.5, 0.8, 'The "team leads"'))
    assert plan(as_toml(given)) == given
    assert Plan.from_json(given.as_json()) == given


def test_a_third_primary_outcome_is_refused() -> None:
    third = "".join(f'\n[[plan.outcome]]\nmetric = "m{n}"\nbetter = "up"\n' for n in (1, 2))
    with pytest.raises(BadInput, match="at most 2 primary outcomes, not 3"):
        plan(company.PLAN + third)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('better = "up"', 'better = "more"', "better = 'more'"),
        ('currency = "EUR"', "", "a value needs a currency"),
        ("low = 8, likely = 10", "low = 12, likely = 10", "do not stand in this order"),
        ('assignment = "lot"', 'assignment = "luck"', "assignment = 'luck'"),
        ("fixed = 1000", "once = 1000", "what is 'once'"),
        ('from = "', 'from = "9', "from should be a month"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        plan(company.PLAN.replace(old, new, 1))


def test_a_plan_with_gaps_is_not_locked_and_the_gaps_are_named(metrics: Database) -> None:
    make_plan(metrics, 1, Plan(company.PATH, need="Shorter queues"))
    with pytest.raises(BadInput, match="outcome, window, comparison, assignment"):
        lock_plan(metrics, 1, company.PATH)


def test_a_plan_must_name_a_metric_that_is_there_and_its_good_way(metrics: Database) -> None:
    with pytest.raises(NotFound, match="no metric 'smiles'"):
        make_plan(metrics, 1, plan(company.PLAN.replace('"calls"', '"smiles"')))
    with pytest.raises(BadInput, match="is better up"):
        make_plan(metrics, 1, plan(company.PLAN.replace('better = "up"', 'better = "down"')))


def test_a_locked_plan_is_changed_with_a_reason_only_and_every_state_stays(
    metrics: Database,
) -> None:
    assert make_plan(metrics, 1, plan()).state == "new"
    assert make_plan(metrics, 1, plan()).state == "unchanged"
    assert lock_plan(metrics, 1, company.PATH).state == "locked"
    assert lock_plan(metrics, 1, company.PATH).state == "unchanged"
    other = replace(plan(), need="Something else")
    with pytest.raises(Conflict, match="is locked"):
        make_plan(metrics, 1, other)
    assert change_plan(metrics, 1, other, "new goals").state == "changed"
    assert change_plan(metrics, 1, other, "new goals").state == "unchanged"
    approve_value(metrics, 1, company.PATH, "calls", "The board")
    give_opinion(metrics, 1, company.PATH, Opinion(0.4, 0.9))
    with metrics.read() as conn:
        kept = versions_of(conn, 1, company.PATH)
    reasons = [None, "locked", "new goals", "calls approved by The board", "opinion"]
    assert [version.reason for version in kept] == reasons
    assert kept[0].plan == plan()
    told = overview(metrics, 1, company.PATH)
    assert (told["status"], told["missing"], len(told["history"])) == ("locked", [], 5)


def test_tenants_see_none_of_each_others_plans(metrics: Database) -> None:
    make_plan(metrics, 1, plan())
    with pytest.raises(NotFound, match="no plan"):
        overview(metrics, 2, company.PATH)


def _version(number: int, day: int, *, locked: bool = True, **changes: object) -> Version:
    changed = replace(plan(), **changes)  # type: ignore[arg-type]
    return Version(number, changed, day * MICROSECONDS_A_DAY, locked=locked)


@pytest.mark.parametrize(
    ("versions", "status", "flags"),
    [
        ([_version(1, 400, locked=False)], "draft", []),
        ([_version(1, 400)], "locked", []),
        ([_version(1, START)], "late", []),
        ([_version(1, 400), _version(2, 450, need="x")], "locked", []),
        (
            [_version(1, 400), _version(2, START, need="x")],
            "changed",
            ["plan_changed_after_start"],
        ),
        ([_version(1, 400), _version(2, 600, opinion=Opinion(0.5, 0.5))], "locked", []),
    ],
)
def test_only_what_was_locked_before_the_start_binds(
    versions: list[Version], status: str, flags: list[str]
) -> None:
    found = standing(versions, START)
    assert found is not None
    assert (found.status, found.flags) == (status, flags)
    assert found.binds == (status in ("locked", "changed"))


def _get(app: Flask, database: Database, address: str) -> TestResponse:
    key = make_key(database, database.settings, name="reader")
    return app.test_client().get(address, auth=(key.key, key.secret))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "those who never take it, or have not yet"),
        ("sv", "lottas"),
        ("nl", "wie het nooit volgt, of nog niet"),
    ],
)
def test_the_page_tells_the_plan_in_the_readers_words(
    metrics: Database, lang: str, said: str
) -> None:
    app = create_app(metrics.settings, metrics)
    empty = app.test_client().get(f"/plans?lang={lang}", base_url="http://localhost").text
    assert "verkan plans make plan.toml" in empty
    make_plan(metrics, 1, plan())
    page = app.test_client().get(f"/plans?lang={lang}", base_url="http://localhost")
    assert page.status_code == 200
    assert said in page.text


def test_the_api_gives_what_the_command_shows(metrics: Database) -> None:
    make_plan(metrics, 1, plan())
    app = create_app(metrics.settings, metrics)
    shown = overview(metrics, 1, company.PATH)
    assert _get(app, metrics, "/api/v1/plans").json == [shown]
    assert _get(app, metrics, f"/api/v1/plans?path={company.PATH}").json == [shown]
    assert _get(app, metrics, "/api/v1/plans?path=nothing").status_code == 404
