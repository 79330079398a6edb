"""Months as whole numbers since January 1970, as panels count them, and as `2024-07`."""

from __future__ import annotations

MICROSECONDS_A_DAY = 86_400_000_000


def month_ix(name: str) -> int:
    """Return the number of a month such as `2024-07`."""
    return (int(name[:4]) - 1970) * 12 + int(name[5:7]) - 1


def month_name(number: int) -> str:
    """Return a month as `2024-07`."""
    return f"{1970 + number // 12:04d}-{number % 12 + 1:02d}"
