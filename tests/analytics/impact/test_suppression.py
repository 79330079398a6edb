"""No figure for a few people, and none that follows from what is shown: `trust.md`, P2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from analytics.estimators.panel import NEVER
from analytics.impact import suppression

counts = st.dictionaries(st.integers(0, 9), st.integers(0, 40), max_size=8)


def test_sensitive_outcomes_have_a_higher_minimum() -> None:
    assert suppression.smallest_group(8, sensitive=False) == 8
    assert suppression.smallest_group(8, sensitive=True) == 10
    assert suppression.smallest_group(20, sensitive=True) == 20


@limits(derandomize=True)
@given(counts)
def test_what_is_hidden_is_no_small_group_even_together(groups: dict[int, int]) -> None:
    """A reader who knows the total can work out the sum of what is hidden, and no more."""
    away = suppression.hidden(groups, 8)
    assert all(n == 0 or n >= 8 for key, n in groups.items() if key not in away)
    together = sum(groups[key] for key in away)
    assert not away or together >= 8 or together == sum(groups.values())


def test_nothing_is_hidden_without_need() -> None:
    assert suppression.hidden({1: 8, 2: 30, 3: 0}, 8) == set()


def test_starts_of_few_are_hidden_with_the_next() -> None:
    sizes = [(5, 1, 3), (6, 2, 12), (7, 3, 30), (NEVER, 4, 50)]
    assert suppression.starts(sizes, 8) == {5: None, 6: None, 7: 30}


def test_few_who_began_later_do_not_follow_from_how_many_are_known() -> None:
    assert suppression.beside(85, 82, 8) is None
    assert [suppression.beside(90, other, 8) for other in (82, 90, None)] == [90, 90, 90]
    assert suppression.beside(6, None, 8) is None


def test_completion_is_shown_when_both_sides_are_many() -> None:
    shown = suppression.completion(600, 590, 564, 8)
    assert shown == {"people": 600, "started": 590, "completed": 564, "share": 0.94}


def test_few_who_completed_are_not_counted() -> None:
    shown = suppression.completion(600, 40, 6, 8)
    assert shown["completed"] is None
    assert shown["share"] is None
    assert shown["suppressed"] is True


def test_few_who_did_not_complete_are_not_counted_either() -> None:
    assert suppression.completion(600, 600, 597, 8)["completed"] is None


def test_few_who_began_and_did_not_complete_cannot_be_worked_out() -> None:
    shown = suppression.completion(600, 300, 296, 8)
    assert shown["completed"] == 296
    assert shown["started"] is None


def test_everybody_and_nobody_are_no_small_groups() -> None:
    assert suppression.completion(600, 600, 600, 8)["share"] == 1
    assert suppression.completion(600, 50, 0, 8)["completed"] == 0


def test_ends_of_the_event_study_need_enough_people() -> None:
    people = {4: 5, 8: 40, NEVER: 90}
    observed = {(cohort, month): n for cohort, n in people.items() for month in range(1, 12)}
    points = {str(event): {"att": 0.1} for event in range(-7, 8)}
    shown = suppression.event_study(points, observed, 1, 8)
    # 4 + e reaches month 11 at e = 7, 8 + e at e = 3: beyond it the five of month 4 stand alone,
    # and the point beside theirs goes too, or theirs would follow from the average.
    assert min(map(int, shown)) == -7
    assert max(map(int, shown)) == 2


@pytest.mark.parametrize("who", [8, NEVER], ids=["trained", "beside"])
def test_points_that_nearly_all_have_left_are_not_shown(who: int) -> None:
    observed = {(cohort, month): 40 for cohort in (8, NEVER) for month in range(1, 12)}
    observed |= {(who, month): 1 for month in (10, 11)}
    points = {str(event): {"att": 0.1} for event in range(-7, 4)}
    shown = suppression.event_study(points, observed, 1, 8)
    assert max(map(int, shown)) == 0  # month 9, too, or month 10 would follow from the average


def test_who_has_left_before_the_start_stands_behind_nothing() -> None:
    sizes = [(5, 1, 12), (NEVER, 1, 60)]
    observed = {(5, month): 12 if month < 5 else 2 for month in range(1, 9)}
    observed |= {(NEVER, month): 60 if month < 5 else 9 for month in range(1, 9)}
    assert suppression.sides(sizes, 1, observed) == {"treated": 2, "comparison": 9}


def test_who_is_trained_later_is_compared_with_until_then() -> None:
    sizes = [(3, 1, 20), (6, 1, 30)]
    observed = {(cohort, month): n for cohort, _, n in sizes for month in range(1, 9)}
    assert suppression.sides(sizes, 1, observed) == {"treated": 50, "comparison": 30}


def test_effect_on_few_is_taken_out_with_all_counts() -> None:
    record = {
        "verdict": "cannot_tell",
        "estimate": {"att": 1.0},
        "event_study": {"0": {"att": 1.0}},
        "estimates": {"simple": {"att": 1.0}},
        "naive": {"before_after": {"att": 2.0}},
        "n": {"units": 506, "treated": 6, "comparison": 500, "periods": 24},
        "sentence": {"en": "Too few people to tell."},
    }
    shown = suppression.without_numbers(record)
    assert shown["estimate"] is None
    assert shown["event_study"] == shown["estimates"] == shown["naive"] == {}
    # The other side and all together would tell the small one.
    assert shown["n"] == {"units": None, "treated": None, "comparison": None, "periods": 24}


def test_sides_leave_out_who_was_trained_before_the_window() -> None:
    sizes = [(2, 1, 30), (5, 1, 20), (NEVER, 1, 7)]
    assert suppression.sides(sizes, 2) == {"treated": 20, "comparison": 7}
