"""Days and periods as files write them, as whole days since 1970-01-01.

ISO 8601 is the rule (`architecture.md`, "The files"); a mapping may name another form of date. A
month, week or quarter is its first day and its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from lrs.errors import BadInput

EPOCH = date(1970, 1, 1).toordinal()

BEGINNING = date.min.toordinal() - EPOCH
"""The first day there is: what holds for all time holds from here."""

_FIRST_YEAR = 1900
_ENDLESS_YEAR = 9999  # what many systems write for "still"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-?Q([1-4])", re.ASCII)
_TURNED = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", re.ASCII)


@lru_cache(maxsize=65536)
def day_of(text: str, formats: Sequence[str] = ()) -> int:
    """Return the day that a date names; raises `BadInput` that says what to write instead."""
    midnight = _MIDNIGHT.fullmatch(text)
    plain = midnight.group(1) if midnight else text
    if _DATE.fullmatch(plain):
        try:
            return _sound(date.fromisoformat(plain), text)
        except ValueError:
            raise BadInput(f"{text!r} is no day of the calendar") from None
    for form in formats:
        try:
            return _sound(datetime.strptime(text, form).replace(tzinfo=UTC).date(), text)
        except ValueError:
            continue
    raise BadInput(f"{text!r} is not a date", hint=_instead(text))


def _sound(found: date, text: str) -> int:
    if found.year < _FIRST_YEAR:
        raise BadInput(f"{text!r} is before {_FIRST_YEAR}", hint="is this the date that was meant?")
    return found.toordinal() - EPOCH


def _instead(text: str) -> str:
    form = "dates are written YYYY-MM-DD"
    turned = _TURNED.fullmatch(text)
    if turned is None:
        return form
    first, second, year = (int(part) for part in turned.groups())
    mapping = 'or give the mapping date_format = "…"'
    if first > 12 >= second:
        return f"{form}, such as {year:04}-{second:02}-{first:02}; {mapping}"
    if second > 12 >= first:
        return f"{form}, such as {year:04}-{first:02}-{second:02}; {mapping}"
    return f"{form}; {mapping}, since {text} can be read two ways"


def end_of(text: str, formats: Sequence[str] = ()) -> int | None:
    """Return the day a validity ends; None when the date stands for "still", as 9999-12-31 does."""
    day = day_of(text, formats)
    return None if day >= date(_ENDLESS_YEAR, 1, 1).toordinal() - EPOCH else day


def iso(day: int | None) -> str:
    """Return the day as people read it; no day is "still"."""
    return "still" if day is None else date.fromordinal(day + EPOCH).isoformat()


@lru_cache(maxsize=4096)
def month_of(text: str, formats: Sequence[str] = ()) -> tuple[int, int]:
    """Return the first day and the length of the month that a month, or a day in it, names."""
    found = _MONTH.fullmatch(text)
    if found is None:
        day = date.fromordinal(day_of(text, formats) + EPOCH)
        return _months(day.year, day.month, 1, text)
    return _months(int(found.group(1)), int(found.group(2)), 1, text)


def _months(year: int, month: int, count: int, text: str) -> tuple[int, int]:
    if not 1 <= month <= 12 or not _FIRST_YEAR <= year < _ENDLESS_YEAR:
        raise BadInput(f"{text!r} is no month", hint="months are written YYYY-MM")
    last = year * 12 + month - 1 + count
    first = date(year, month, 1)
    return first.toordinal() - EPOCH, (date(last // 12, last % 12 + 1, 1) - first).days


@lru_cache(maxsize=4096)
def period_of(text: str, formats: Sequence[str] = (), *, days: bool = False) -> tuple[int, int]:
    """Return the first day and the length of a period: YYYY-MM, YYYY-Www, YYYY-Qn, or a day.

    A day stands for its month, as ``2024-03-01`` does for March, unless ``days`` says it is a day.
    """
    week = _WEEK.fullmatch(text)
    if week is not None:
        return _week(int(week.group(1)), int(week.group(2)), text)
    quarter = _QUARTER.fullmatch(text)
    if quarter is not None:
        return _months(int(quarter.group(1)), 3 * int(quarter.group(2)) - 2, 3, text)
    if days and _MONTH.fullmatch(text) is None:
        return day_of(text, formats), 1
    return month_of(text, formats)


def _week(year: int, week: int, text: str) -> tuple[int, int]:
    try:
        return _sound(date.fromisocalendar(year, week, 1), text), 7
    except ValueError:
        raise BadInput(f"{text!r} is no week of that year") from None


def instant_day(text: str, formats: Sequence[str] = ()) -> int:
    """Return the day, UTC, of an instant; one without a time zone is taken as UTC."""
    if "T" not in text and " " not in text:
        return day_of(text, formats)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return day_of(text, formats)
    offset = found.utcoffset() or timedelta()
    return _sound((found.replace(tzinfo=None) - offset).date(), text)


def is_first_of_month(text: str) -> bool:
    """Return whether the text is a day, and that day begins a month."""
    return _DATE.fullmatch(text) is not None and text.endswith("-01")


def is_day(text: str) -> bool:
    """Return whether the text is written as a day, not as a month, week or quarter."""
    return _DATE.fullmatch(text) is not None
