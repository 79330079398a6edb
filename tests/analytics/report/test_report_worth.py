"""Money and plan in the report: sums as each language writes them, an opinion apart, no return unproven."""

from __future__ import annotations

from typing import Any

import pytest
import report_records as records

from analytics.impact.summary import print_summary
from analytics.report.currency import sum_of_money
from analytics.report.html import report_page
from analytics.report.planned import planned
from analytics.report.view import View
from analytics.report.worth import WHY_NONE, worth
from lrs.web.i18n import LANGUAGES

MEASURED: dict[str, Any] = {
    "status": "measured",
    "reason": None,
    "currency": "SEK",
    "value_per_unit": {
        "low": 8.0,
        "likely": 10.0,
        "high": 12.5,
        "source": "plan",
        "approved_by": "Eva",
    },
    "cost": {
        "total": 185_000.0,
        "fixed": 100_000.0,
        "per_learner": 500.0,
        "learners": 50,
        "hours_per_learner": 6.0,
        "hour": 200.0,
        "learner_time": 60_000.0,
    },
    "benefit": {"likely": 412_000.0, "80": [300_000.0, 520_000.0], "95": [250_000.0, 580_000.0]},
    "roi": {
        "percent": 122.7,
        "benefit_cost_ratio": 2.227,
        "net": 227_000.0,
        "80": [62.2, 181.1],
        "95": [-35.1, 213.5],
    },
    "probability_above_zero": 0.9987,
    "break_even": {"value_per_unit": 4.49, "effect": -0.01, "effect_percent": -7.4},
}
RANGE = {
    **{key: MEASURED[key] for key in ("currency", "value_per_unit")},
    "status": "range",
    "reason": "regression_to_the_mean",
    "seen": {"95": [10_000.0, 90_000.0], "80": [20_000.0, 80_000.0]},
}
PLAN: dict[str, Any] = {
    "status": "locked",
    "primary": True,
    "locked_at": "2024-09-01T08:00:00Z",
    "window": ["2024-10", "2025-06"],
    "assignment": "lot",
    "changes": [],
    "draw": {
        "made_at": "2024-09-02T08:00:00Z",
        "seed": 7,
        "times": 1,
        "balanced_over": ["size"],
        "in_time": True,
        "holds": True,
        "teams": 40,
        "followed": 39,
        "early": 0,
        "late": 1,
        "not_started": 0,
        "not_drawn": 0,
    },
}


@pytest.mark.parametrize(
    ("lang", "currency", "said"),
    [
        ("en", "EUR", "−€1,230"),
        ("sv", "SEK", "−1\xa0230\xa0kr"),
        ("sv", "EUR", "−1\xa0230\xa0€"),
        ("nl", "EUR", "€\xa0-1.230"),
        ("nl", "NOK", "NOK\xa0-1.230"),
        ("en", "DKK", "−DKK\xa01,230"),
    ],
)
def test_a_sum_is_written_as_the_language_writes_it(lang: str, currency: str, said: str) -> None:
    found = sum_of_money(-1234.5, currency, lang)
    assert _bare(found) == _bare(said)


def _bare(text: str) -> str:
    """Leave out spaces and where the sign stands, which differ between versions of CLDR."""
    return "".join(sorted(text.replace("\xa0", "").replace("-", "−").replace("\u202f", "")))


@pytest.mark.parametrize(("value", "said"), [(12.5, "€12.50"), (60, "€60"), (0, "€0")])
def test_a_sum_is_no_more_precise_than_it_is(value: float, said: str) -> None:
    assert sum_of_money(value, "EUR", "en") == said


def test_a_return_comes_with_its_intervals_cost_and_chance() -> None:
    found = worth(View(records.record(money=MEASURED), "en"))
    assert found is not None
    roi, cost, chance = (number.value for number in found.numbers)
    assert (roi, _bare(cost), chance) == ("+123\xa0%", _bare("SEK185,000"), "over 99\xa0%")
    assert "−35\xa0% and +214\xa0%" in found.numbers[0].note
    assert "+62\xa0% and +181\xa0%" in found.numbers[0].note
    assert "hours learners were away" in found.numbers[1].note
    assert "Approved by Eva." in found.notes[0]
    assert "−7.4\xa0%" in found.notes[1]


def test_without_a_value_nothing_is_said_of_money() -> None:
    assert worth(View(records.record(money=None), "en")) is None
    assert "worth" not in report_page(records.record(money=None), "en").split("<body>")[1]


def test_without_an_effect_no_single_return_is_given() -> None:
    record = records.record(money=MEASURED, verdict="no_detectable_effect")
    found = worth(View(record, "en"))
    assert found is not None
    assert found.numbers[0].value == "–"
    assert "may well be nothing" in found.lead


def test_after_an_unusual_period_there_is_a_range_and_no_return() -> None:
    found = worth(View(records.record(money=RANGE, grade="C"), "en"))
    assert found is not None
    assert found.kind == "range"
    assert found.numbers == ()
    assert "no return is worked out" in found.lead


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_months_told_are_those_planned_and_what_is_not_read_is_said(lang: str) -> None:
    kept = planned(View(records.record(plan=PLAN), lang))
    told = planned(View(records.record(plan={**PLAN, "unread_before": "2024-10"}), lang))
    assert len(told) == len(kept) + 1
    if lang == "en":
        assert "read from October 2024 to June 2025" in " ".join(kept)
        assert "neither as before nor as after" in " ".join(told)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", sorted(WHY_NONE))
def test_every_reason_for_no_return_has_its_words(lang: str, reason: str) -> None:
    told = {**RANGE, "status": "none", "reason": reason}
    found = worth(View(records.record(money=told), lang))
    assert found is not None
    assert found.lead
    assert found.numbers == ()


def test_no_sum_is_shown_of_a_group_that_is_too_small() -> None:
    record = records.record(money=MEASURED, suppressed=True)
    found = worth(View(record, "en"))
    assert found is not None
    assert found.kind == "none"
    assert "412" not in report_page(record, "en").split("<body>")[1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "before the start, and kept"),
        ({"status": "late"}, "after the start, so it counts for nothing"),
        ({"status": "draft", "locked_at": None}, "never locked"),
        (
            {
                "status": "changed",
                "changes": [{"at": "2025-01-05T00:00:00Z", "reason": "New goals"}],
            },
            "Changed on 5 January 2025: New goals",
        ),
        ({"primary": False}, "not one of those the plan names"),
        ({}, "39 of 40 teams started as drawn"),
        ({}, "counted as they were drawn, not as they did"),
        ({"draw": PLAN["draw"] | {"times": 2}}, "Lots were drawn 2 times"),
        ({"draw": PLAN["draw"] | {"holds": False, "followed": 20}}, "only 20 of 40 teams"),
        ({"draw": PLAN["draw"] | {"in_time": False}}, "after the start, and is left aside"),
    ],
)
def test_plan_and_draw_are_told_plainly(
    changes: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the page and on the screen: a plan that came late must not look like one that was kept."""
    record = records.record(plan=PLAN | changes)
    assert said in " ".join(planned(View(record, "en")))
    print_summary(record, "en")
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_with_money_and_plan_is_told_in_each_language(lang: str) -> None:
    page = report_page(records.record(money=MEASURED, plan=PLAN), lang)
    heading = {"en": "What it was worth", "sv": "Vad det var värt", "nl": "Wat het waard was"}
    assert heading[lang] in page
    others = [said for language, said in heading.items() if language != lang]
    assert not any(said in page for said in others)
