"""Figures are written as the reader's language writes them."""

from __future__ import annotations

import pytest

from lrs.web.figures import figures

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("lang", "number", "percent", "month", "day"),
    [
        ("en", "−12,345.7", f"−12.3{NBSP}%", "July 2024", "5 January 2026"),
        ("sv", f"−12{NBSP}345,7", f"−12,3{NBSP}%", "juli 2024", "5 januari 2026"),
        ("nl", "−12.345,7", "−12,3%", "juli 2024", "5 januari 2026"),
    ],
)
def test_each_language_has_its_marks(
    lang: str, number: str, percent: str, month: str, day: str
) -> None:
    said = figures(lang)
    assert said.number(-12345.678, 1) == number
    assert said.percent(-0.1234, 1) == percent
    assert said.month("2024-07") == month
    assert said.day("2026-01-05T23:59:00Z") == day


def test_sign_is_put_before_a_rise_only_when_asked() -> None:
    assert figures("en").number(3.2, 2) == "3.20"
    assert figures("en").number(3.2, 2, signed=True) == "+3.20"
    assert figures("en").percent(0.05, signed=True) == f"+5{NBSP}%"


@pytest.mark.parametrize("value", [-0.0004, 0.0, 0.0004])
def test_what_rounds_to_nothing_has_no_sign(value: float) -> None:
    assert figures("en").percent(value, signed=True) == f"0{NBSP}%"
    assert figures("nl").number(value, 1, signed=True) == "0,0"


def test_what_is_no_month_or_day_stays_as_it_is() -> None:
    assert figures("sv").month("2007") == "2007"
    assert figures("sv").month("week 7") == "week 7"
    assert figures("sv").day("yesterday") == "yesterday"
