"""Dates, periods and numbers as files write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.model.days import day_of, end_of, instant_day, iso, month_of, period_of
from connectors.model.numbers import number
from lrs.errors import BadInput


def _day(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


@given(st.dates(min_value=date(1900, 1, 1)))
def test_day_is_whole_days_since_1970_and_reads_back(day: date) -> None:
    assert day_of(day.isoformat()) == (day - date(1970, 1, 1)).days
    assert iso(day_of(day.isoformat())) == day.isoformat()


@pytest.mark.parametrize("text", ["2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10"])
def test_date_that_is_no_day_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no day of the calendar"):
        day_of(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("31/12/2024", "2024-12-31"),
        ("12/31/2024", "2024-12-31"),
        ("31.12.2024", "2024-12-31"),
        ("03/04/2024", "two ways"),
        ("20241231", "YYYY-MM-DD"),
        ("yesterday", "YYYY-MM-DD"),
    ],
)
def test_date_in_another_form_is_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(BadInput, match="not a date") as caught:
        day_of(text)
    assert hint in str(caught.value.hint)


def test_mapped_form_of_date_is_read() -> None:
    assert day_of("31-12-2024", ("%d-%m-%Y",)) == _day(2024, 12, 31)


@pytest.mark.parametrize(
    "text", ["2024-03-01T00:00:00", "2024-03-01 00:00", "2024-03-01T00:00:00Z"]
)
def test_midnight_is_its_day(text: str) -> None:
    assert day_of(text) == _day(2024, 3, 1)


def test_year_1899_is_refused_since_it_is_an_empty_cell_of_a_spreadsheet() -> None:
    with pytest.raises(BadInput, match="before 1900"):
        day_of("1899-12-31")


def test_9999_12_31_as_an_end_means_still() -> None:
    assert end_of("9999-12-31") is None
    assert end_of("2024-12-31") == _day(2024, 12, 31)


@pytest.mark.parametrize("text", ["2024-02", "2024-02-01", "2024-02-29"])
def test_month_is_its_first_day_and_length(text: str) -> None:
    assert month_of(text) == (_day(2024, 2, 1), 29)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(9000, 11, 30)))
def test_months_follow_each_other_without_a_gap(day: date) -> None:
    first, length = month_of(day.isoformat()[:7])
    assert first <= day_of(day.isoformat()) < first + length
    assert date.fromisoformat(iso(first + length)).day == 1


@pytest.mark.parametrize(
    ("text", "first", "length"),
    [
        ("2024-W01", date(2024, 1, 1), 7),
        ("2020W53", date(2020, 12, 28), 7),
        ("2024-Q1", date(2024, 1, 1), 91),
        ("2023-Q4", date(2023, 10, 1), 92),
        ("2024-05", date(2024, 5, 1), 31),
    ],
)
def test_period_forms(text: str, first: date, length: int) -> None:
    assert period_of(text) == ((first - date(1970, 1, 1)).days, length)


def test_period_that_is_a_day_is_its_month_unless_periods_are_days() -> None:
    assert period_of("2024-03-01") == (_day(2024, 3, 1), 31)
    assert period_of("2024-03-01", days=True) == (_day(2024, 3, 1), 1)


@pytest.mark.parametrize("text", ["2023-W53", "2024-W00", "2024-13", "2024-Q5", "March"])
def test_period_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        period_of(text)


@given(st.datetimes(datetime(1950, 1, 1), datetime(9000, 1, 1)), st.integers(-14, 14))
def test_instant_is_the_day_in_utc(naive: datetime, hours: int) -> None:
    sign = "-" if hours < 0 else "+"
    text = f"{naive.isoformat(timespec='seconds')}{sign}{abs(hours):02}:00"
    utc = naive - timedelta(hours=hours)
    assert instant_day(text) == (utc.date() - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("text", "value"), [("3.5", 3.5), ("-2", -2.0), ("+.5", 0.5), ("1e3", 1000.0), ("007", 7.0)]
)
def test_number(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-Infinity", "1e999", "0x10", "1_000", "", "٣", "3 "]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        number(text)


def test_decimal_comma_only_where_the_file_has_it() -> None:
    assert number("3,5", decimal_comma=True) == 3.5
    assert number("3.5", decimal_comma=True) == 3.5
    with pytest.raises(BadInput) as caught:
        number("3,5")
    assert "decimals take a point" in str(caught.value.hint)


def test_thousands_are_not_parted() -> None:
    with pytest.raises(BadInput) as caught:
        number("1 234.5")
    assert "thousands" in str(caught.value.hint)
