"""Instants and durations: ISO 8601 as version 1.0 takes it, RFC 3339 as version 2.0 takes it.

Inside the product an instant is a whole number of microseconds since 1970-01-01 UTC. Digits past
the microsecond are cut off; the statement itself keeps what was sent.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from lrs.xapi.faults import At, a_string, fault
from lrs.xapi.terms import SpecVersion

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND

# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#45-iso-8601-timestamps
# Date and time together, in the extended or the basic format but not a mixture of them; the clock
# may stop at the hour or the minute; the zone may be absent.
_ISO_8601 = re.compile(
    r"""[0-9]{4}-[0-9]{2}-[0-9]{2}
        [Tt][0-9]{2} (?: :[0-9]{2} (?: :[0-9]{2} (?:[.,][0-9]+)? )? )?
        (?: [Zz] | [+-][0-9]{2} (?: :?[0-9]{2} )? )?
      | [0-9]{8}
        [Tt][0-9]{2} (?: [0-9]{2} (?: [0-9]{2} (?:[.,][0-9]+)? )? )?
        (?: [Zz] | [+-][0-9]{2} (?: [0-9]{2} )? )?""",
    re.VERBOSE,
)
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FORM = {SpecVersion.V1_0: _ISO_8601, SpecVersion.V2_0: _RFC_3339}

_LEAP_SECOND = re.compile(r"(T[0-9]{2}:?[0-9]{2}:?)60")
_MIDNIGHT_24 = re.compile(r"T24(?=(?::?00){0,2}(?:[.,]0+)?(?:Z|[+-]|$))")


def instant_of(text: str, version: SpecVersion = SpecVersion.V1_0) -> int | None:
    """Return the instant a timestamp names, or None when it is no timestamp of that version.

    Without a zone, which version 1.0 allows, it is taken as UTC. An offset of minus zero is
    nothing in ISO 8601 and "unknown" in RFC 3339; both conformance suites want it refused.
    """
    if _FORM[version].fullmatch(text) is None or text.endswith(("-00", "-0000", "-00:00")):
        return None
    text = text.upper()
    try:
        return _since_epoch(datetime.fromisoformat(text))
    except ValueError:
        leap = _leap_second(text)
        # RFC 3339 knows no hour 24.
        return _midnight_24(text) if leap is None and version is SpecVersion.V1_0 else leap


def _since_epoch(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def _leap_second(text: str) -> int | None:
    """Read second 60, which is the one before midnight UTC or nothing, as the second after it."""
    before, count = _LEAP_SECOND.subn(r"\g<1>59", text)
    if count == 0:
        return None
    try:
        after = _since_epoch(datetime.fromisoformat(before)) + _SECOND
    except ValueError:
        return None
    return after if after % _DAY < _SECOND else None


def _midnight_24(text: str) -> int | None:
    """Read 24:00, the end of a day, as the beginning of the next one."""
    before, count = _MIDNIGHT_24.subn("T00", text)
    if count == 0:
        return None
    try:
        return _since_epoch(datetime.fromisoformat(before)) + _DAY
    except ValueError:
        return None


def a_timestamp(value: Any, at: At, version: SpecVersion) -> int:
    """Return the instant of a timestamp in a statement."""
    found = instant_of(a_string(value, at), version)
    if found is None:
        raise fault(at, _NO_TIMESTAMP[version], "write it as 2026-01-31T09:30:00.000Z")
    return found


_NO_TIMESTAMP = {
    SpecVersion.V1_0: "this must be a date and time of ISO 8601",
    SpecVersion.V2_0: "this must be a date and time of RFC 3339, with its zone",
}


def instant(us: int) -> str:
    """Write an instant as the answers of the store do: 2026-01-01T00:00:00.000000Z."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#46-iso-8601-durations
# ISO 8601:2004 4.4.3.2: designators, weeks alone, a fraction only in the last part.
_DURATION = re.compile(
    r"""P (?= [0-9] | T[0-9] )
        (?: ([0-9]+)W
          | (?:([0-9]+(?:[.,][0-9]+)?)Y)? (?:([0-9]+(?:[.,][0-9]+)?)M)?
            (?:([0-9]+(?:[.,][0-9]+)?)D)?
            (?: T(?=[0-9])
                (?:([0-9]+(?:[.,][0-9]+)?)H)? (?:([0-9]+(?:[.,][0-9]+)?)M)?
                (?:([0-9]+(?:[.,][0-9]+)?)S)? )? )""",
    re.VERBOSE,
)
_FRACTION_BEFORE_THE_END = re.compile(r"[.,][0-9]+[A-Z].*[0-9]")
# Of weeks, years, months, days, hours, minutes, seconds; a year and a month are the mean ones of
# the Gregorian calendar, since a duration does not say which year and month it means.
_SECONDS = (604_800.0, 31_556_952.0, 2_629_746.0, 86_400.0, 3_600.0, 60.0, 1.0)


def seconds_of(duration: str) -> float | None:
    """Return the length of a duration in seconds, or None when it is no duration.

    One too long to be a number is infinite.
    """
    return _kept(duration) if len(duration) <= _LONGEST_KEPT else _length(duration)


def _length(duration: str) -> float | None:
    match = _DURATION.fullmatch(duration)
    if match is None or _FRACTION_BEFORE_THE_END.search(duration):
        return None
    parts = match.groups()
    return sum(
        float(part.replace(",", ".")) * seconds
        for part, seconds in zip(parts, _SECONDS, strict=True)
        if part is not None
    )


_kept = lru_cache(maxsize=4096)(_length)
# A cache of long strings would be a way to fill the memory from outside.
_LONGEST_KEPT = 60


def a_duration(value: Any, at: At) -> float | None:
    """Return the length of a duration in a statement; None when no column could hold it."""
    seconds = seconds_of(a_string(value, at))
    if seconds is None:
        raise fault(at, "this must be a duration of ISO 8601", "write it as PT1H30M or P4W")
    return seconds if math.isfinite(seconds) else None
