"""Which months a report covers."""

from __future__ import annotations

import pytest

from analytics.impact.window import Window, window
from analytics.months import month_name

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
