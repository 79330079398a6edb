"""What a report takes from its plan: the window, the draw as it was kept to, and what it was worth."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "plans"))

import planned_company as company

from analytics.impact import impact, stored_report
from analytics.months import month_ix, month_name
from analytics.plans import drawn, keeping
from analytics.plans.drawing import Wave
from analytics.plans.model import Opinion, Plan
from analytics.plans.reading import plans_of
from analytics.report.html import report_page
from connectors.files.mapping import read_toml
from connectors.importing import import_outcomes
from lrs.store.database import Database
from lrs.store.migrate import open_database

Starts = dict[str, int | None]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with a plan, a draw, and a roll-out in which three teams did as they pleased."""
    folder = tmp_path_factory.mktemp("company")
    database = open_database({"home": str(folder / "home")})
    files = company.staffed(database, folder)
    keeping.make_plan(database, 1, _plan(files))
    keeping.lock_plan(database, 1, company.PATH)
    made, _ = drawn.draw(database, 1, company.PATH, [Wave(company.FIRST, 12)], seed=11)
    with database.read() as conn:
        lots = drawn.lots(conn, 1, made.draw)
    starts = {lot.team: lot.start and month_ix(lot.start) for lot in lots}
    company.roll_out(database, files, _with_deviations(starts))
    yield database
    database.close()


def _plan(files: company.Files) -> Plan:
    return plans_of(read_toml(files.plan()), "plan.toml")[0]


def _with_deviations(starts: Starts) -> Starts:
    """Let one drawn team never start, one start late, and one that was to wait start."""
    waiting = sorted(team for team, start in starts.items() if start is None)
    first = sorted(team for team, start in starts.items() if start is not None)
    return starts | {first[0]: None, first[1]: company.FIRST + 3, waiting[0]: company.FIRST}


def _report(database: Database) -> dict[str, Any]:
    return impact(database, 1, company.PATH, "calls")


def _change(database: Database, **changes: Any) -> None:
    """Change the plan as if before the start: nobody has begun when it is looked at so early."""
    with database.read() as conn:
        plan = drawn.newest_plan(conn, 1, company.PATH)
    keeping.change_plan(database, 1, replace(plan, **changes), "test")


def test_teams_count_as_they_were_drawn_and_deviations_are_told(
    filled: Database,
) -> None:
    record = _report(filled)
    draw = record["plan"]["draw"]
    assert draw["holds"]
    assert (draw["followed"], draw["not_started"], draw["late"], draw["not_drawn"]) == (21, 1, 1, 1)
    assert record["grade"] == "A"
    assert record["n"]["clusters_treated"] == 12
    said = report_page(record, "en")
    assert "21 of 24 teams started as drawn" in said
    # As drawn, the effect is smaller than among those who took it: three teams thin it out.
    assert 0.5 < record["estimate"]["att"] < company.EFFECT


def test_money_follows_the_effect_the_months_and_the_value(
    filled: Database,
) -> None:
    record = _report(filled)
    worth = record["money"]
    months = 12 * company.EACH * company.AFTER
    assert worth["units_won"] == pytest.approx(record["estimate"]["att"] * months)
    assert worth["cost"]["total"] == 1000 + 50 * worth["cost"]["learners"]
    assert worth["roi"]["percent"] == pytest.approx(
        100 * (worth["benefit"]["likely"] / worth["cost"]["total"] - 1)
    )
    assert worth["value_per_unit"]["approved_by"] == "Head of customer service"


def test_a_change_of_the_plan_makes_the_report_anew(filled: Database) -> None:
    before = _report(filled)
    keeping.approve_value(filled, 1, company.PATH, "calls", "The board")
    after = stored_report(filled, 1, company.PATH, "calls")
    assert after is not None
    assert after["money"]["value_per_unit"]["approved_by"] == "The board"
    assert after["estimate"] == before["estimate"]


def test_the_learners_hours_are_part_of_the_cost(filled: Database) -> None:
    hours = replace(plans_cost(filled), hours_per_learner=_amount(6))
    _change(filled, cost=hours)
    cost = _report(filled)["money"]["cost"]
    assert cost["hour"] == pytest.approx(4000 * 12 / (52 * 40))
    assert cost["learner_time"] == pytest.approx(cost["learners"] * 6 * cost["hour"])


def plans_cost(filled: Database) -> Any:
    """Return the planned cost as it stands."""
    with filled.read() as conn:
        return drawn.newest_plan(conn, 1, company.PATH).cost


def _amount(value: float) -> Any:
    from analytics.amounts import Span

    return Span(value, value, value)


def test_a_value_that_nobody_approved_gives_no_return(filled: Database) -> None:
    with filled.read() as conn:
        plan = drawn.newest_plan(conn, 1, company.PATH)
    bare = tuple(replace(one, approved_by=None) for one in plan.outcomes)
    _change(filled, outcomes=bare)
    record = _report(filled)
    assert record["money"]["reason"] == "not_approved"
    assert "nobody from the business has approved" in report_page(record, "en")
    _change(filled, outcomes=plan.outcomes)


def test_a_window_that_is_still_open_gives_no_verdict(filled: Database) -> None:
    with filled.read() as conn:
        window = drawn.newest_plan(conn, 1, company.PATH).window
    assert window is not None
    _change(filled, window=(window[0], window[1] + 6))
    record = _report(filled)
    assert record["verdict"] == "cannot_tell"
    assert "window_not_closed" in record["flags"]
    assert record["money"] == {
        **{k: record["money"][k] for k in ("currency", "value_per_unit")},
        "status": "none",
        "reason": "too_early",
    }
    _change(filled, window=window)


def test_no_month_after_the_window_counts(filled: Database) -> None:
    with filled.read() as conn:
        window = drawn.newest_plan(conn, 1, company.PATH).window
    assert window is not None
    _change(filled, window=(window[0], window[1] - 2))
    record = _report(filled)
    assert record["window"]["to"] == month_name(window[1] - 2)
    _change(filled, window=window)


def test_another_outcome_than_the_planned_one_is_told_to_be_a_hint(
    filled: Database, tmp_path: Path
) -> None:
    rows = [
        f"errors,p{team:02d}{one},{month_name(month)},{2 + (team + one + month) % 3},20"
        for team in range(company.TEAMS)
        for one in range(company.EACH)
        for month in range(company.FIRST - 6, company.FIRST + 6)
    ]
    file = tmp_path / "errors.csv"
    file.write_text("metric,person_id,period,numerator,denominator\n" + "\n".join(rows), "utf-8")
    import_outcomes(filled, 1, file)
    record = impact(filled, 1, company.PATH, "errors")
    assert record["plan"]["primary"] is False
    assert record["money"] is None
    assert "not one of those the plan names" in report_page(record, "en")
    worth = tmp_path / "metrics.toml"
    value = "{ low = 4, likely = 6, high = 9 }"
    worth.write_text(f'[[metric]]\nid = "errors"\nvalue_per_unit = {value}\ncurrency = "EUR"\n')
    import_outcomes(filled, 1, file, metrics=worth)
    told = impact(filled, 1, company.PATH, "errors")["money"]["value_per_unit"]
    assert (told["low"], told["likely"], told["high"], told["source"]) == (4, 6, 9, "metric")


def test_an_opinion_is_told_apart_where_nothing_was_measured(
    filled: Database,
) -> None:
    keeping.give_opinion(filled, 1, company.PATH, Opinion(0.5, 0.8, "Team leads"))
    assert _report(filled)["money"]["status"] == "measured"
    keeping.change_plan(filled, 1, _other(filled), "afterwards", at=_long_after())
    record = _report(filled)
    assert record["grade"] == "C"
    worth = record["money"]
    assert worth["status"] == "opinion"
    assert worth["opinion"]["benefit"] == pytest.approx(worth["opinion"]["gain"] * 0.5 * 0.8)
    assert "roi" not in worth
    said = report_page(record, "sv")
    assert "En bedömning, ingen mätning" in said
    assert "Avkastning på kostnaden" not in said


def _other(filled: Database) -> Plan:
    with filled.read() as conn:
        return replace(drawn.newest_plan(conn, 1, company.PATH), need="Something else")


def _long_after() -> int:
    return 36_000 * 86_400_000_000


def test_a_draw_that_was_repeated_does_not_give_the_best_grade(
    filled: Database,
) -> None:
    wave = [Wave(company.FIRST, 12)]
    same, fresh = drawn.draw(filled, 1, company.PATH, wave)
    assert not fresh
    assert same.draw.seed == 11
    again, fresh = drawn.draw(filled, 1, company.PATH, wave, seed=11, again="a team is new")
    assert (again.number, fresh) == (2, True)
    record = _report(filled)
    assert record["plan"]["draw"]["holds"]
    assert record["plan"]["draw"]["times"] == 2
    assert record["grade"] != "A"
    assert "Lots were drawn 2 times" in report_page(record, "en")


def test_a_plan_that_was_never_locked_gives_no_money(tmp_path: Path) -> None:
    """Else its value could be put down when the results are in, and no warning would tell."""
    database = open_database({"home": str(tmp_path / "home")})
    files = company.staffed(database, tmp_path)
    keeping.make_plan(database, 1, _plan(files))
    made, _ = drawn.draw(database, 1, company.PATH, [Wave(company.FIRST, 12)], seed=11)
    with database.read() as conn:
        lots = drawn.lots(conn, 1, made.draw)
    starts = {lot.team: lot.start and month_ix(lot.start) for lot in lots}
    company.roll_out(database, files, starts)
    record = _report(database)
    assert record["plan"]["status"] == "draft"
    assert record["money"] is None
    database.close()


def test_power_of_few_people_is_not_told(filled: Database) -> None:
    (told,) = drawn.power(filled, 1, company.PATH)
    assert told["history"] is not None
    usual = filled.settings.min_group
    object.__setattr__(filled.settings, "min_group", 10_000)
    try:
        (hidden,) = drawn.power(filled, 1, company.PATH)
    finally:
        object.__setattr__(filled.settings, "min_group", usual)
    assert hidden["history"] is None
    assert not {"table", "planned", "needed"} & hidden.keys()
