"""The whole story, by the product's own doors: plan, lock, draw, roll out as drawn, grade A."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import planned_company as company
import pytest
from click.testing import CliRunner

from analytics.impact import impact
from analytics.months import month_ix, month_name
from analytics.plans import drawn, keeping
from analytics.plans.commands import plans
from analytics.plans.drawing import Wave
from analytics.plans.reading import plans_of
from connectors.files.mapping import read_toml
from connectors.importing import import_outcomes
from lrs.errors import BadInput
from lrs.store.database import Database
from lrs.store.importing import import_statements

Run = Callable[..., Any]
Starts = dict[str, int | None]
WAVE = f"{month_name(company.FIRST)}=12"


@pytest.fixture
def run(database: Database) -> Run:
    """Return ``f(*arguments)``: what `verkan plans … --json` prints."""
    settings = database.settings
    given = {"home": str(settings.home_folder), "database_url": settings.database_url}

    def ran(*arguments: str) -> Any:
        done = CliRunner().invoke(plans, [*arguments, "--json"], obj=given, catch_exceptions=False)
        return json.loads(done.output)

    return ran


@pytest.fixture
def files(database: Database, tmp_path: Path) -> company.Files:
    folder = tmp_path / "files"
    folder.mkdir()
    return company.staffed(database, folder)


@pytest.fixture
def starts(run: Run, files: company.Files) -> Starts:
    """The months that were drawn, after the plan was made and locked."""
    run("make", str(files.plan()))
    assert run("lock", company.PATH)[0]["state"] == "locked"
    drawn = run("draw", company.PATH, "--wave", WAVE, "--seed", "11")
    return {row["team"]: row["start"] and month_ix(row["start"]) for row in drawn["teams"]}


def test_a_roll_out_that_follows_its_draw_has_grade_a_and_a_return(
    database: Database, files: company.Files, starts: Starts
) -> None:
    company.roll_out(database, files, starts)
    record = impact(database, 1, company.PATH, "calls")
    assert (record["verdict"], record["grade"], record["flags"]) == ("improved", "A", [])
    assert record["plan"]["status"] == "locked"
    assert record["plan"]["draw"]["followed"] == company.TEAMS
    assert record["inference"]["method"].startswith("lots drawn anew")
    assert record["estimate"]["low"] < company.EFFECT < record["estimate"]["high"]
    months = 12 * company.EACH * company.AFTER
    worth = record["money"]
    assert worth["status"] == "measured"
    assert worth["cost"]["total"] == 1000 + 50 * 12 * company.EACH
    assert worth["benefit"]["likely"] == pytest.approx(record["estimate"]["att"] * months * 10)
    assert record["raise_the_grade"] == []


def test_who_began_after_the_months_measured_is_neither_paid_for_nor_counted(
    database: Database, files: company.Files, starts: Starts
) -> None:
    company.roll_out(database, files, starts)
    before = impact(database, 1, company.PATH, "calls")
    late = {team: company.FIRST + company.AFTER for team, start in starts.items() if not start}
    import_statements(database, 1, files.completions(late), authority=company.AUTHORITY)
    after = impact(database, 1, company.PATH, "calls")
    assert len(late) == 12
    for key in ("completion", "money", "estimate"):
        assert after[key] == before[key]
    assert before["completion"]["started"] == before["completion"]["completed"] == 72


def test_who_began_in_time_and_finished_later_is_paid_for(
    database: Database, files: company.Files, starts: Starts
) -> None:
    company.roll_out(database, files, starts)
    last = company.FIRST + company.AFTER - 1
    late = {team: last for team, start in starts.items() if not start}
    began = files.completions(late)
    text = began.read_text("utf-8").replace("verbs/completed", "verbs/initialized")
    began.write_text(text.replace('"completion": true', '"completion": false'), "utf-8")
    import_statements(database, 1, began, authority=company.AUTHORITY)
    record = impact(database, 1, company.PATH, "calls")
    assert (record["completion"]["started"], record["completion"]["completed"]) == (144, 72)
    assert record["money"]["cost"]["learners"] == 144


BEGINS = company.FIRST + 3
"""A window that begins a quarter after the first start."""


@pytest.mark.parametrize("by", ["team", "person"])
def test_what_is_trained_before_the_window_counts_neither_before_nor_after(
    database: Database, files: company.Files, run: Run, by: str
) -> None:
    starts = dict.fromkeys((f"team-{team:02d}" for team in range(12)), company.FIRST)
    later = {f"team-{team:02d}": BEGINS + 1 for team in range(12, 16)}
    _roll_out_with_an_unlike_beginning(database, files, run, {**starts, **later}, lot=False)
    record = impact(database, 1, company.PATH, "calls", by=by)
    assert record["estimate"]["low"] < company.EFFECT < record["estimate"]["high"]
    assert record["plan"]["unread_before"] == month_name(BEGINS)
    if by == "team":
        months = 12 * company.EACH * 3 + 4 * company.EACH * 2
        benefit = record["money"]["benefit"]["likely"]
        assert benefit == pytest.approx(record["estimate"]["att"] * months * 10)


def test_where_lots_were_drawn_no_month_before_the_window_counts_for_anybody(
    database: Database, files: company.Files, run: Run
) -> None:
    _roll_out_with_an_unlike_beginning(database, files, run, None, lot=True)
    record = impact(database, 1, company.PATH, "calls")
    assert (record["verdict"], record["grade"]) == ("improved", "A")
    assert record["estimate"]["low"] < company.EFFECT < record["estimate"]["high"]
    assert record["n"]["periods"] == company.BEFORE + 1 + company.AFTER - 3
    assert record["plan"]["unread_before"] == month_name(BEGINS)


def test_a_window_that_begins_with_the_first_start_leaves_nothing_out(
    database: Database, files: company.Files, starts: Starts
) -> None:
    company.roll_out(database, files, starts)
    record = impact(database, 1, company.PATH, "calls")
    assert record["plan"]["unread_before"] is None


def _roll_out_with_an_unlike_beginning(
    database: Database, files: company.Files, run: Run, starts: Starts | None, *, lot: bool
) -> None:
    """Plan to read the effect from the fourth month on; in the first three it is much worse."""
    text = company.PLAN.replace(month_name(company.FIRST), month_name(BEGINS), 1)
    run("make", str(files.plan(text if lot else text.replace('"lot"', '"chosen"'))))
    assert run("lock", company.PATH)[0]["state"] == "locked"
    if starts is None:
        drawn = run("draw", company.PATH, "--wave", WAVE, "--seed", "11")
        starts = {row["team"]: row["start"] and month_ix(row["start"]) for row in drawn["teams"]}
    calls = files.calls(starts)
    lines = calls.read_text("utf-8").splitlines()
    early = {month_name(month) for month in range(company.FIRST, BEGINS)}
    told = [lines[0]]
    for line in lines[1:]:
        metric, who, month, value = line.split(",")
        start = starts.get(f"team-{who[1:3]}")
        worse = 20 if month in early and start is not None and month_name(start) <= month else 0
        told.append(f"{metric},{who},{month},{float(value) - worse:.4f}")
    calls.write_text("\n".join(told), "utf-8")
    import_outcomes(database, 1, calls)
    import_statements(database, 1, files.completions(starts), authority=company.AUTHORITY)


def test_a_plan_changed_after_the_start_is_told_and_caps_the_grade(
    database: Database, files: company.Files, starts: Starts, run: Run
) -> None:
    early = {team: start and company.NOW - 3 for team, start in starts.items()}
    _backdate(database, day=1)
    company.roll_out(database, files, early)
    other = company.PLAN.replace('metric = "calls"', 'metric = "calls"').replace(
        "high = 12", "high = 30"
    )
    run("change", str(files.plan(other)), "--reason", "it went so well")
    record = impact(database, 1, company.PATH, "calls")
    assert "plan_changed_after_start" in record["flags"]
    assert record["grade"] == "C"
    assert record["plan"]["changes"][0]["reason"] == "it went so well"
    assert record["money"]["status"] == "none"


def test_waves_that_all_start_after_the_window_are_refused(
    database: Database, files: company.Files
) -> None:
    keeping.make_plan(database, 1, plans_of(read_toml(files.plan()), "plan.toml")[0])
    late, waiting = company.FIRST + company.AFTER, Wave(company.FIRST, 12)
    with pytest.raises(BadInput, match="after the plan's window"):
        drawn.draw(database, 1, company.PATH, [Wave(late, 12)])
    with pytest.raises(BadInput, match="after the plan's window"):
        drawn.power(database, 1, company.PATH, [Wave(late, 12)])
    made, new = drawn.draw(database, 1, company.PATH, [waiting, Wave(late, 12)])
    assert new
    assert len(made.draw.waves) == 2


def _backdate(database: Database, *, day: int) -> None:
    """Let the plan have been locked long ago, as nobody can wait for in a test."""
    import sqlalchemy as sa

    from analytics.store.schema import plan_version

    with database.write() as conn:
        conn.execute(sa.update(plan_version).values(made_at=day * 86_400_000_000))
