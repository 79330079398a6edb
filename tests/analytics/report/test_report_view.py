"""What a report shows of a record, and what it keeps to itself."""

from __future__ import annotations

from typing import Any

import pytest
import report_records as records

from analytics.checks.grading import RULES
from analytics.methods import ADJUSTED, BY_LOTS
from analytics.report.method import estimates, method, provenance, starts
from analytics.report.picture import Course, Picture, picture_of
from analytics.report.view import GRADES, VERDICTS, View
from lrs.web.i18n import LANGUAGES


def view(lang: str = "en", **changes: Any) -> View:
    return View(records.record(**changes), lang)


def test_three_numbers_are_effect_people_and_smallest_effect() -> None:
    effect, people, smallest = view().numbers()
    assert effect.value == "−19\N{NO-BREAK SPACE}%"
    assert "−26\N{NO-BREAK SPACE}% and −12\N{NO-BREAK SPACE}%" in effect.note
    assert people.value == "40 teams"
    assert people.note.startswith("612 people. 28 trained, 12 to compare with")
    assert smallest.value == "11\N{NO-BREAK SPACE}%"


def test_people_are_counted_when_people_were_trained_one_by_one() -> None:
    seen = view(
        exposure={"level": "person", "starts": []},
        n={"units": 612, "treated": 300, "comparison": 312},
    )
    assert seen.groups() == "612 people"
    assert seen.numbers()[1].note.startswith("300 trained, 312 to compare with")


def test_who_moved_between_teams_is_counted_once() -> None:
    n = {**records.record()["n"], "units": 640}
    assert "612 people" in view(n=n).numbers()[1].note


def test_no_effect_is_told_with_its_interval_and_the_smallest_effect() -> None:
    seen = View(records.without_effect(), "en")
    effect, _, smallest = seen.numbers()
    assert effect.note.startswith("This may well be chance.")
    assert smallest.value == "9\N{NO-BREAK SPACE}%"


def test_flagged_claim_shows_a_range_and_no_figure() -> None:
    seen = view(verdict="cannot_tell", grade="C", flags=["regression_to_the_mean"])
    effect = seen.numbers()[0]
    assert effect.label == "What was seen"
    assert effect.value == "−26\N{NO-BREAK SPACE}% to −12\N{NO-BREAK SPACE}%"
    assert effect.note == "This cannot be put down to the training."


def test_before_and_after_alone_is_never_shown_as_the_effect() -> None:
    plain = {"att": -0.031, "percent": -17.0, "method": "mean after less mean before"}
    seen = view(
        verdict="cannot_tell",
        grade="D",
        flags=["no_comparison_group"],
        estimate=plain,
        naive={"before_after": plain},
        event_study={},
        mde=None,
    )
    assert [number.value for number in seen.numbers()] == ["–", "40 teams", "–"]
    assert seen.naive() == "−17\N{NO-BREAK SPACE}%"
    assert "Nobody was left untrained" in seen.why_naive_differs()[1]
    assert "nobody to compare with" in method(seen)[0]


def test_a_series_says_that_nobody_was_there_to_compare_with() -> None:
    seen = View(records.at_once(), "en")
    assert seen.numbers()[1].note == (
        "612 people. All were trained; nobody was left to compare with."
    )
    assert "Whatever else changed" in method(seen)[1]
    assert seen.grade().reason.startswith("There is only the time before")
    assert "others to compare with" not in " ".join(seen.why_naive_differs())
    labels = [row.label for row in estimates(seen)]
    assert labels[:2] == ["Rate model with trend and season", "Rate model with exposure"]


def test_a_series_is_drawn_along_what_was_to_be_expected() -> None:
    course = picture_of(View(records.at_once(), "en"))
    assert isinstance(course, Course)
    assert course.heads == ("Months since the start", "Measured", "Expected")
    row = next(row for row in course.rows() if row.label == "−14")
    assert row.cells == ("0.1600", "0.1600")
    assert course.description().endswith("where 0.1600 were to be expected.")
    assert isinstance(picture_of(view()), Picture)


def test_months_of_few_are_not_drawn() -> None:
    few = records.at_once() | {"suppressed": True}
    assert picture_of(View(few, "en")).seen == []


def test_naive_number_is_told_on_the_scale_of_the_effect() -> None:
    assert view().naive() == "−41\N{NO-BREAK SPACE}%"
    measured = {"att": 0.5, "low": 0.1, "high": 0.9, "percent": None}
    outcome = {"id": "p", "name": "Productivity", "kind": "continuous", "unit": "units"}
    seen = view(estimate=measured, outcome=outcome, naive={"before_after": {"att": 1.25}})
    assert seen.naive() == "+1.2 units"


def test_naive_number_near_the_effect_is_not_said_to_differ() -> None:
    near = {"before_after": {"att": -0.03, "percent": -18.5}}
    assert "lands near the effect" in view(naive=near).why_naive_differs()[1]
    assert "taken away" in view().why_naive_differs()[1]


def test_nothing_of_a_group_that_is_too_small_is_shown() -> None:
    """`trust.md`, P2: not even what the record still holds."""
    seen = View(records.too_small(), "en")
    shown = " ".join(
        [
            *(f"{n.value} {n.note}" for n in seen.numbers()),
            str(seen.naive()),
            str(seen.completion()),
            *(row.value for row in estimates(seen)),
            *(row.value for row in Picture(seen).rows()),
        ]
    )
    assert Picture(seen).seen == []
    for secret in ("0.01", "0.07", "0.8", "294", " 6 "):
        assert secret not in shown


def test_suppressed_record_without_numbers_can_be_shown() -> None:
    gone = dict.fromkeys(("estimate", "mde", "inference"))
    empty: dict[str, Any] = {"estimates": {}, "event_study": {}, "naive": {}, "checks": {}}
    hidden = {"people": 655, "started": None, "completed": None, "share": None, "suppressed": True}
    n = {"units": None, "treated": None, "comparison": 650}
    made = records.too_small()
    seen = View({**made, **gone, **empty, "n": n, "suppressed": True, "completion": hidden}, "en")
    assert [number.value for number in seen.numbers()] == ["–", "655 people", "–"]
    assert seen.completion() is None


def test_record_of_a_table_without_a_store_can_be_shown() -> None:
    """`verkan evaluate` knows no path, no people, no months."""
    record = {
        k: v
        for k, v in records.record().items()
        if k not in ("path", "outcome", "window", "completion", "exposure", "people", "made_at")
    }
    record["kpi"] = {"kind": "count", "better": "down", "unit": "errors"}
    record["n"] = {"units": 500, "treated": 191, "comparison": 309, "clusters": 500, "periods": 5}
    seen = View(record, "en")
    assert (seen.path, seen.outcome, seen.window) == ("The training", "The outcome", None)
    assert seen.groups() == "500 people"
    assert seen.completion() is None
    assert starts(seen) is None
    assert Picture(seen).axis == "Periods since the start"
    assert "Down is better." in Picture(seen).caption


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("flag", RULES)
def test_every_flag_has_words_and_its_weight(flag: str, lang: str) -> None:
    (remark,) = view(lang, flags=[flag]).remarks()
    assert len(remark.text) > 30
    assert remark.warning is (RULES[flag].cap != "A")


def test_flag_of_another_version_is_shown_as_it_is() -> None:
    seen = view(flags=["moon_was_full"], raise_the_grade=["wait_for_the_moon"])
    assert [(r.text, r.warning) for r in seen.remarks()] == [("moon was full", True)]
    assert seen.raises() == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_verdict_and_grade_has_words_of_its_own(lang: str) -> None:
    assert len({view(lang, verdict=verdict).verdict_word for verdict in VERDICTS}) == 4
    grades = [view(lang, grade=letter).grade() for letter in GRADES]
    assert len({grade.meaning for grade in grades}) == 4
    assert len({grade.reason for grade in grades}) == 4


def test_every_step_that_raises_the_grade_has_words() -> None:
    codes = [rule.raised_by for rule in RULES.values() if rule.raised_by]
    for lang in LANGUAGES:
        assert len(view(lang, raise_the_grade=codes).raises()) == len(codes)


def test_sentence_is_in_the_readers_language_and_keeps_its_signs_together() -> None:
    assert view("sv").sentence.startswith("Klagomålen")
    assert "19\N{NO-BREAK SPACE}%" in view("sv").sentence
    assert view("sv", sentence={"en": "Only English."}).sentence == "Only English."


def test_picture_is_drawn_in_per_cent_of_the_level_before() -> None:
    """The plain number gives the level: −0.061 is −41 % of it."""
    rows = Picture(view()).rows()
    cell = records.record()["event_study"]["12"]
    level = 0.061 / 0.41
    assert rows[-1].value == f"−{-100 * cell['att'] / level:.0f}\N{NO-BREAK SPACE}%"
    assert "In per cent of the level before the start." in Picture(view()).caption


def test_picture_without_a_level_is_drawn_in_the_unit() -> None:
    picture = Picture(view(naive={}))
    assert "In complaints/case." in picture.caption
    assert picture.rows()[-1].value.endswith("complaints/case")


def test_picture_is_told_in_words_too() -> None:
    said = Picture(view()).description()
    assert "before the start average" in said
    assert "%" in said


def test_estimates_that_are_not_to_be_used_come_last_and_say_so() -> None:
    rows = estimates(view())
    assert [("do not use" in row.label) for row in rows] == [False, False, True, True, True]


def test_learners_who_could_not_be_matched_are_told() -> None:
    assert "3 learners" in " ".join(method(view()))
    assert "matched" not in " ".join(method(view(people={"unresolved_actors": 0})))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_came_and_went_is_told_with_the_method(lang: str) -> None:
    """That each is compared with themselves, and how many could not be; few are no number."""
    came = {"en": "People came and went.", "sv": "Personer kom och gick.", "nl": "Mensen kwamen"}
    unseen = {"en": "12 people were not seen", "sv": "12 personer har inga", "nl": "12 mensen zijn"}
    people = {"compared_with_themselves": True, "never_seen_before": 12}
    said = " ".join(method(view(lang, people=people)))
    assert came[lang] in said
    assert unseen[lang] in said
    hidden = " ".join(method(view(lang, people={**people, "never_seen_before": None})))
    assert came[lang] in hidden
    assert unseen[lang] not in hidden
    plain = {"compared_with_themselves": False, "never_seen_before": None}
    assert came[lang] not in " ".join(method(view(lang, people=plain)))


def test_starts_are_told_as_first_and_last() -> None:
    assert starts(view()) == "The first started in July 2024, the last in January 2025."
    once = {"level": "team", "starts": [{"period": "2024-07", "teams": 7}]}
    assert starts(view(exposure=once)) == "All of them started in July 2024."


def test_provenance_is_enough_to_make_the_figures_again() -> None:
    told = dict(provenance(view()))
    assert told["Data, SHA-256"] == "e1" * 32
    assert told["Question, SHA-256"] == "5c" * 32
    assert told["Made"] == "5 January 2026"


def test_finding_among_many_is_told_to_be_one_of_chance_perhaps() -> None:
    family = {"answers": 40, "q": 0.31, "stands": False}
    said = view(family=family).by_chance()
    assert said == "Among 40 reports, one like this may come of chance alone (q = 0.31)."
    assert view(family={**family, "stands": True}).by_chance() is None
    assert view().by_chance() is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_an_effect_withstands_is_told_with_the_method(lang: str) -> None:
    said = {"en": "It stands.", "sv": "Den står sig.", "nl": "Het houdt stand."}
    seen = view(lang, checks={"sensitivity": {"sentence": said}})
    assert said[lang] in method(seen)
    assert said[lang] not in method(view(lang, checks={"sensitivity": None}))


@pytest.mark.parametrize(
    ("lang", "told", "interval"),
    [
        ("en", "Lots decided which teams started when", "The lots were drawn again"),
        ("sv", "Lotten avgjorde vilka team som började när", "Lotterna drogs om"),
        ("nl", "Het lot bepaalde welke teams wanneer begonnen", "Het lot is"),
    ],
)
def test_lots_are_told_with_the_method_and_how_often_they_were_drawn_again(
    lang: str, told: str, interval: str
) -> None:
    estimate = {**records.record()["estimate"], "method": f"{ADJUSTED}; {BY_LOTS}"}
    first, second = method(view(lang, estimate=estimate, inference={"assignments": 499}))[:2]
    assert first.startswith(told)
    assert second.startswith(interval)
    assert "499" in second
    assert not method(view(lang))[0].startswith(told)
