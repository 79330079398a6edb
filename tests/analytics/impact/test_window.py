"""Which months a report covers."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest

from analytics.impact.window import Window, window
from analytics.months import first_day, month_ix, month_name, month_of

FULL = dict.fromkeys(range(10, 20), 100)


def test_window_is_the_months_with_records() -> None:
    assert window(dict.fromkeys(range(12, 18), 95), FULL) == Window(12, 17)


def test_thin_months_at_the_edges_are_left_out_and_named() -> None:
    units = {10: 20, **dict.fromkeys(range(11, 19), 95), 19: 40}
    assert window(units, FULL) == Window(11, 18, cut=(10, 19))


def test_thin_month_inside_stays() -> None:
    units = {**dict.fromkeys(range(10, 20), 95), 15: 3}
    assert window(units, FULL) == Window(10, 19)


def test_month_without_records_inside_is_named() -> None:
    units = {month: 95 for month in range(10, 20) if month not in (13, 14)}
    assert window(units, FULL) == Window(10, 19, missing=(13, 14))


def test_a_company_that_grew_has_no_thin_months() -> None:
    at_work = {month: 10 * (month - 9) for month in range(10, 20)}
    assert window(at_work, at_work) == Window(10, 19)


def test_records_of_a_time_before_the_staff_history_do_not_count() -> None:
    assert window(dict.fromkeys(range(5, 15), 50), FULL) == Window(10, 14)


def test_no_month_at_all() -> None:
    assert window({}, FULL) is None
    assert window({3: 10}, FULL) is None


@pytest.mark.parametrize(("ix", "name"), [(0, "1970-01"), (653, "2024-06"), (671, "2025-12")])
def test_month_is_told_as_year_and_number(ix: int, name: str) -> None:
    assert month_name(ix) == name


def test_few_of_few_at_an_edge_may_be_chance() -> None:
    units = {10: 2, **dict.fromkeys(range(11, 19), 6), 19: 2}
    assert window(units, dict.fromkeys(FULL, 20)) == Window(10, 19)


def test_as_thin_a_month_of_many_is_not_covered_whole() -> None:
    units = {10: 200, **dict.fromkeys(range(11, 19), 600), 19: 200}
    assert window(units, dict.fromkeys(FULL, 2000)) == Window(11, 18, cut=(10, 19))


FIRST = month_ix("2024-01")
"""The first of the twelve months from which events come here."""


def events(draws: np.random.Generator, a_month: float, *, until: str = "2024-12-31") -> Window:
    """Return the window of events that come by chance to 200 people, of a file that ends on a day."""
    last = date.fromisoformat(until).toordinal() - date(1970, 1, 1).toordinal()
    days = np.arange(first_day(FIRST), last + 1)
    per_day = draws.poisson(a_month / 30.4, len(days))
    units = Counter(month_of(int(day)) for day in np.repeat(days, per_day))
    found = window(units, dict.fromkeys(range(FIRST, FIRST + 12), 200), days[per_day > 0].tolist())
    assert found is not None
    return found


@pytest.mark.parametrize("a_month", [1, 3, 10, 40])
def test_whole_months_of_rare_events_are_seldom_cut(a_month: float) -> None:
    draws = np.random.default_rng(20)
    found = [events(draws, a_month) for _ in range(200)]
    assert sum(bool(one.cut) for one in found) <= 200 * 0.05
    assert sum(bool(one.missing) for one in found) <= 200 * 0.05


@pytest.mark.parametrize("a_month", [10, 40])
def test_file_of_events_cut_on_the_tenth_is_known(a_month: float) -> None:
    draws = np.random.default_rng(21)
    found = [events(draws, a_month, until="2024-12-10") for _ in range(200)]
    assert sum(one.last == FIRST + 10 for one in found) >= 200 * 0.9


def test_file_of_many_events_cut_on_the_twentieth_is_known_by_its_days() -> None:
    found = events(np.random.default_rng(22), 100, until="2024-12-20")
    assert (found.last, found.cut) == (FIRST + 10, (FIRST + 11,))


def test_months_after_events_became_rarer_are_not_thin() -> None:
    units = dict(zip(range(FIRST, FIRST + 12), [60] * 8 + [20] * 4, strict=True))
    days = [first_day(FIRST) + at for at in range(0, 366, 2)]
    at_work = dict.fromkeys(range(FIRST, FIRST + 12), 200)
    assert window(units, at_work, days) == Window(FIRST, FIRST + 11)


def test_month_without_a_rare_event_inside_is_no_gap() -> None:
    days = [first_day(month) + 3 for month in range(FIRST, FIRST + 12) if month != FIRST + 5]
    units = Counter(map(month_of, days))
    at_work = dict.fromkeys(range(FIRST, FIRST + 12), 50)
    assert window(units, at_work, days) == Window(FIRST, FIRST + 11)


def test_month_without_a_frequent_event_inside_is_one() -> None:
    per_day = [first_day(FIRST) + at for at in range(366)]
    days = [day for day in per_day if month_of(day) != FIRST + 5]
    at_work = dict.fromkeys(range(FIRST, FIRST + 12), 50)
    found = window(Counter(map(month_of, days)), at_work, days)
    assert found == Window(FIRST, FIRST + 11, missing=(FIRST + 5,))


def test_holidays_of_every_year_are_no_cut() -> None:
    two_years = range(first_day(FIRST - 12), first_day(FIRST + 12))
    days = [day for day in two_years if not _is_christmas(day)]
    units = Counter(map(month_of, days))
    assert window(units, dict.fromkeys(range(FIRST - 12, FIRST + 12), 50), days) == Window(
        FIRST - 12, FIRST + 11
    )


def _is_christmas(day: int) -> bool:
    at = date.fromordinal(date(1970, 1, 1).toordinal() + day)
    return at.month == 12 and at.day >= 24
