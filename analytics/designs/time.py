"""Periods and starts: whole numbers, months, quarters or days, all told as integers in order.

Dates that lie quarters, half years, years or weeks apart are counted in these, so that one period
follows the other by one, and one that is missing shows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from analytics.designs.column import Column
from analytics.estimators.grid import IntArray
from analytics.estimators.panel import NEVER
from lrs.errors import BadInput

_MONTH = re.compile(r"^(\d{4})(?:[-/]|-?[Mm])(\d{1,2})$")
_MONTH_IN_DIGITS = re.compile(r"^(19|20)\d{2}(0[1-9]|1[0-2])(\.0+)?$")
_QUARTER = re.compile(r"^(\d{4})[- ]?[Qq]([1-4])$")
_QUARTER_FIRST = re.compile(r"^[Qq]([1-4])[- ]?(\d{4})$")
_NUMBER = re.compile(r"^-?\d+(\.0+)?$")
_DECIMAL = re.compile(r"^\d{4}(\.\d+)?$")
_NEAR = 0.02
"""Share of a period by which a year's fraction may be rounded."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How a table writes its periods, and how they are counted.

    ``name`` is the unit that `read` tells them in. ``every`` so many of it are one period, counted
    from ``first`` on.
    """

    name: str
    every: int = 1
    first: int = 0

    def read(self, text: str) -> int | None:
        """Return the number of a time in `name`, or None when it is not written so."""
        if self.name == "number":
            whole = int(text.partition(".")[0]) if _NUMBER.match(text) else NEVER
            return whole if abs(whole) < NEVER else None
        if self.name == "quarter":
            found = _QUARTER.match(_QUARTER_FIRST.sub(r"\2Q\1", text))
            return int(found[1]) * 4 + int(found[2]) - 1 if found else None
        if self.name == "digits":
            return _month_in_digits(text)
        if self.name in _FRACTIONS:
            return _fraction(text, _FRACTIONS[self.name])
        day = _day(text)
        if day is None:
            return None
        return day.year * 12 + day.month - 1 if self.name == "month" else day.toordinal()

    @property
    def period_name(self) -> str:
        """Return what one period is called."""
        if self.every > 1:
            return _COUNTED.get((self.name, self.every), "period")
        return {"number": "period", "digits": "month", "year/4": "quarter", "year/12": "month"}.get(
            self.name, self.name
        )

    def counted(self, read: IntArray) -> IntArray:
        """Return in which period each time that was `read` lies; between two it is the later one.

        A start between two periods is thus the first period that is not before it.
        """
        return np.asarray(-((self.first - read) // self.every), np.int64)

    def uncounted(self, period: IntArray) -> IntArray:
        """Return the months of periods that are counted in several months, others as they are."""
        return period * self.every + self.first if self.name == "month" else period


_COUNTED = {
    ("month", 3): "quarter",
    ("month", 6): "half-year",
    ("month", 12): "year",
    ("day", 7): "week",
}
_TOGETHER = {"month": 3, "day": 7}
"""How many months, or days, make the shortest period that is counted as one."""
_FRACTIONS = {"year/4": 4, "year/12": 12}
_WAYS = [Clock(name) for name in ("digits", "number", "quarter", *_FRACTIONS, "day")]
"""In the order in which they are tried: 202402 could be a number too."""


def _fraction(text: str, parts: int) -> int | None:
    """Return a year with decimals as its quarters or months: 1969.083 is February 1969."""
    if not _DECIMAL.match(text):
        return None
    found = float(text) * parts
    return round(found) if abs(found - round(found)) < _NEAR else None


def _month_in_digits(text: str) -> int | None:
    """Return a month written as one number: 202402 is February 2024."""
    if not _MONTH_IN_DIGITS.match(text):
        return None
    return int(text[:4]) * 12 + int(text[4:6]) - 1


def _day(text: str) -> date | None:
    month = _MONTH.match(text)
    if month:
        text = f"{month[1]}-{int(month[2]):02}-01"
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def clock_of(values: list[str], key: str) -> Clock:
    """Return how these periods are written; all of them in one way."""
    for clock in _WAYS:
        if all(clock.read(value) is not None for value in values):
            if clock.name != "day":
                return clock
            return Clock("month") if _are_months([_day(value) for value in values]) else clock
    bad = _odd_one(values)
    raise BadInput(
        f"{bad!r} is not a period",
        where=key,
        hint="whole numbers, 2024-01, 2024-01-31 or 2024Q1, one way throughout",
    )


def _are_months(days: list[date | None]) -> bool:
    """Return whether days stand for months: all on one day of the month, or all on its last."""
    told = [day for day in days if day is not None]
    last = all((day + timedelta(days=1)).day == 1 for day in told)
    return last or len({day.day for day in told}) == 1


def _odd_one(values: list[str]) -> str:
    """Return the value that is not a period, or the one that is written unlike the first."""
    unread = [value for value in values if all(way.read(value) is None for way in _WAYS)]
    like_first = [way for way in _WAYS if way.read(values[0]) is not None]
    unlike = (value for value in values if any(way.read(value) is None for way in like_first))
    return unread[0] if unread else next(unlike, values[0])


def periods_of(column: Column, clock: Clock, key: str) -> IntArray:
    """Return each row's period; every row must have one."""
    return column.each(periods_of_words(column.words, clock, key), 0)


def periods_of_words(words: Sequence[str], clock: Clock, key: str) -> IntArray:
    """Return the period that each word is."""
    texts = [word.strip() for word in words]
    read = [clock.read(text) for text in texts]
    for text, number in zip(texts, read, strict=True):
        if number is None:
            raise BadInput(f"{text!r} is not a {clock.period_name}", where=key)
    return np.array([number for number in read if number is not None], np.int64)


def counting(clock: Clock, read: IntArray) -> Clock:
    """Return the clock that counts in quarters, years or weeks where all periods lie so far apart.

    ``read`` are the periods as ``clock`` reads them. Starts decide nothing: one between two periods
    is that of the later one, and what stands for never, or for long ago, may be any date.
    """
    least = _TOGETHER.get(clock.name)
    if least is None or not len(read):
        return clock
    first = int(read.min())
    apart = int(np.gcd.reduce(read - first))
    if apart == 0 or apart % least:
        return clock
    return replace(clock, every=apart, first=first % apart)


def read_periods(column: Column, key: str) -> tuple[IntArray, Clock]:
    """Return each row's period as it is read, and how time is written; every row must have one."""
    missing = np.flatnonzero(~column.told)
    if len(missing):
        raise no_period(int(missing[0]) + 1, key)
    clock = clock_of([word.strip() for word in column.words], key)
    return periods_of(column, clock, key), clock


def no_period(row: int, key: str = "time") -> BadInput:
    """Return the error of a row without a period."""
    return BadInput("a row has no period", where=f"{key}: data row {row}")
