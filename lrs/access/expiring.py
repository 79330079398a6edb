"""When a key stops working: told as a time from now (``90d``) or as a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lrs.errors import BadInput

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"([0-9]{1,6})([mhdw])")
_LAST = 253_402_300_799_000_000  # the end of the year 9999, past which no date is written


def length_us(text: str, where: str) -> int:
    """Return a length of time such as ``30m``, ``12h``, ``90d`` or ``4w`` in microseconds."""
    found = _LENGTH.fullmatch(text.strip().lower())
    if found is None:
        raise BadInput(
            f"{text!r} is not a length of time",
            where=where,
            hint="a whole number and a unit: 30m, 12h, 90d or 4w",
        )
    return int(found[1]) * _UNITS[found[2]] * 1_000_000


def expiry(now: int, *, after: str | None = None, at: str | None = None) -> int | None:
    """Return the instant told by one of the two, in microseconds; None when neither is told.

    A date without a time means the end of that day, so that the day named is the last one.
    Raises `BadInput` for both at once, for what is no date, and for what is past.
    """
    if after is not None and at is not None:
        raise BadInput("it expires after a time or at a date, not both", where="expires_at")
    if after is not None:
        return _ahead(now, now + length_us(after, "expires_in"), "expires_in")
    return None if at is None else _ahead(now, _instant(at), "expires_at")


def _instant(text: str) -> int:
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        if len(text.strip()) == len("2026-12-31"):
            found += timedelta(days=1)
        return int(found.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as exc:
        raise BadInput(
            f"{text!r} is not a date",
            where="expires_at",
            hint="such as 2027-06-30 or 2027-06-30T12:00:00Z",
        ) from exc


def _ahead(now: int, instant: int, where: str) -> int:
    if instant > _LAST:
        raise BadInput("no key lasts that long", where=where, hint="leave it out for ever")
    if instant <= now:
        raise BadInput(
            "a key cannot expire in the past",
            where=where,
            hint="`verkan keys revoke KEY` takes a key back at once",
        )
    return instant
