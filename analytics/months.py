"""Months as whole numbers since January 1970, as panels count them, and as `2024-07`."""

from __future__ import annotations

from datetime import date

from connectors.model.days import EPOCH

MICROSECONDS_A_DAY = 86_400_000_000


def month_ix(name: str) -> int:
    """Return the number of a month such as `2024-07`."""
    return (int(name[:4]) - 1970) * 12 + int(name[5:7]) - 1


def month_name(number: int) -> str:
    """Return a month as `2024-07`."""
    return f"{1970 + number // 12:04d}-{number % 12 + 1:02d}"


def month_of(day_no: int) -> int:
    """Return the number of the month a day lies in."""
    day = date.fromordinal(EPOCH + day_no)
    return (day.year - 1970) * 12 + day.month - 1


def first_day(number: int) -> int:
    """Return the first day of a month."""
    return date(1970 + number // 12, number % 12 + 1, 1).toordinal() - EPOCH
