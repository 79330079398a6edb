"""From flags to a grade and a verdict. The table below is the whole of the rule.

A: drawn by lot with the product's own draw, no flag. B: a comparison group, no flag, and, when an
effect is claimed, one that the trend-adjusted estimate agrees with. C: a comparison group with a
flag, or a series. D: before and after only, or too few to say. A flag that could itself have made
the effect (`silences`) leaves no claim at all; one that makes it uncertain leaves a suggestion at C.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Grade = Literal["A", "B", "C", "D"]
Verdict = Literal["improved", "worsened", "no_detectable_effect", "cannot_tell"]

SIGNIFICANT = 0.05
FEW_CLUSTERS = 6
SMALL_SAMPLE = 10


class Rule(NamedTuple):
    """What one flag does: the best grade left, whether it silences, and what would raise the grade."""

    cap: Grade
    silences: bool = False
    raised_by: str | None = None


RULES: dict[str, Rule] = {
    "nobody_trained": Rule("D", silences=True, raised_by="wait_until_trained"),
    "no_before_period": Rule("D", silences=True, raised_by="longer_history"),
    "no_variation": Rule("D", silences=True, raised_by="check_the_outcome"),
    "small_sample": Rule("D", silences=True, raised_by="more_people"),
    "without_noise": Rule("D", silences=True, raised_by="check_the_outcome"),
    "no_event_on_a_side": Rule("D", silences=True, raised_by="wait_for_events"),
    "short_series": Rule("D", silences=True, raised_by="longer_history"),
    "no_overlap": Rule("D", silences=True, raised_by="draw_by_lot"),
    "zeros_left_out": Rule("C", silences=True, raised_by="bring_in_the_zeros"),
    "no_comparison_group": Rule("C", raised_by="leave_some_for_later"),
    "too_few_to_tell": Rule("C", silences=True, raised_by="more_teams"),
    "window_not_closed": Rule("C", silences=True, raised_by="wait_for_the_window"),
    "regression_to_the_mean": Rule("C", silences=True, raised_by="draw_by_lot"),
    "pretrend": Rule("C", silences=True, raised_by="draw_by_lot"),
    "estimators_disagree": Rule("C", silences=True, raised_by="longer_history"),
    "not_robust_to_trend": Rule("C", raised_by="longer_history"),
    "single_treated_unit": Rule("C", raised_by="more_teams"),
    "few_clusters": Rule("C", raised_by="more_teams"),
    "poor_overlap": Rule("C", raised_by="draw_by_lot"),
    "selected_comparison": Rule("C", raised_by="draw_by_lot"),
    "unbalanced_draw": Rule("C", raised_by="draw_by_lot"),
    "missing_periods": Rule("C", raised_by="fill_the_gaps"),
    "missing_outcomes": Rule("C", raised_by="fill_the_gaps"),
    "concurrent_change": Rule("C", raised_by="draw_by_lot"),
    "plan_changed_after_start": Rule("C", raised_by="lock_the_plan"),
    # Information: nothing is taken from the grade.
    "immortal_time_handled": Rule("A"),
    "trained_before_window": Rule("A"),
    "incomplete_left_out": Rule("A"),
}
"""In the order in which flags are told, the gravest first."""

_ORDER = {code: at for at, code in enumerate(RULES)}


def in_order(flags: Iterable[str]) -> list[str]:
    """Return the flags once each, the gravest first."""
    return sorted(set(flags), key=_ORDER.__getitem__)


def grade_of(flags: Iterable[str], best: Grade) -> Grade:
    """Return the worse of what the design can have at best and what its flags leave."""
    return max([best, *(RULES[flag].cap for flag in flags)])


def verdict_of(flags: Iterable[str], *, grade: Grade, p: float | None, good: bool) -> Verdict:
    """Return what may be said of the effect."""
    if p is None or grade == "D" or any(RULES[flag].silences for flag in flags):
        return "cannot_tell"
    if p >= SIGNIFICANT:
        return "no_detectable_effect"
    return "improved" if good else "worsened"


def raise_the_grade(flags: Iterable[str], *, by_lot: bool, own_draw: bool) -> list[str]:
    """Return what would raise the grade, as codes, the most useful first, at most three.

    A draw by lot that was not made here cannot be shown: the next one should be.
    """
    wished = [RULES[flag].raised_by for flag in in_order(flags)]
    codes = [code for code in wished if code is not None]
    if not own_draw:
        codes.append("draw_here" if by_lot else "draw_by_lot")
    return list(dict.fromkeys(codes))[:3]
