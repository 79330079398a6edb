"""Which months a report covers: those that the outcome's records cover whole.

A file that was cut in the middle of a month, or people whose records begin later than the others',
leave thin months at the edges; they are left out. A month at an edge is cut where

- under half of the usual share of those at work have a record (`THIN`), **and** so few are not to be
  explained by chance: a binomial draw with the usual share gives as few in under one of a hundred
  (`BY_CHANCE`). A quiet month of something rare is whole, and without it the low months would be
  missing. Events can have become rarer for good, so what is usual for them is also what the three
  next months say;
- or, of events, which tell the day: the days before the first of all, or after the last, are silent to
  the end of the month, for longer than it was ever silent in between, and so long a silence, at the
  pace of the three months next to it, comes in under one of a hundred. So a file that ends on the 10th is
  known by its days, however many events there were by then.

What cannot be known: that a file of very rare events ends in the middle of a month, and whether a month
before the first event, or after the last, was covered. The former stays, the latter is not looked at.

A gap inside stays, and is named; a month without an event is a gap only where that is no chance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from scipy import special

from analytics.months import first_day, month_of

THIN = 0.5
"""A month at an edge with under half of the usual share of records may not be covered whole."""

BY_CHANCE = 0.01
"""What chance alone does less often than this is no chance."""

_NEXT = 3
"""Months that say what is usual near an edge."""

_NEAR = 92
"""Days that say at what pace events come near an edge."""


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last month, and those between without any record."""

    first: int
    last: int
    missing: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    """Months with records that were left out at the edges."""


def window(
    units: Mapping[int, int], at_work: Mapping[int, int], days: Sequence[int] | None = None
) -> Window | None:
    """Return the months to look at, from how many had a record and how many were at work.

    Of events, ``days`` are those on which there was one, in order.
    """
    seen = [month for month, n in sorted(units.items()) if n > 0 and at_work.get(month, 0) > 0]
    if not seen:
        return None
    months = seen
    if days is not None:
        begin, end = _by_days(days, seen[0], seen[-1])
        # A month without an event of anybody is one with none.
        staffed = [month for month in range(begin, end + 1) if at_work.get(month, 0) > 0]
        months = staffed or seen
    thin = set(_thin(units, at_work, months, events=days is not None))
    whole = [month for month in months if month not in thin]
    first, last = whole[0], whole[-1]
    gaps = (month for month in range(first, last + 1) if month not in seen)
    return Window(
        first,
        last,
        missing=tuple(month for month in gaps if days is None or month in thin),
        cut=tuple(month for month in seen if month < first or month > last),
    )


def _thin(
    units: Mapping[int, int], at_work: Mapping[int, int], months: Sequence[int], *, events: bool
) -> Iterator[int]:
    """Yield the months that have fewer records than is usual, and than chance explains."""
    share = [units.get(month, 0) / at_work[month] for month in months]
    middle = median(share)
    for at, month in enumerate(months):
        sides = share[max(at - _NEXT, 0) : at], share[at + 1 : at + 1 + _NEXT]
        near = [median(side) for side in sides if events and len(side) == _NEXT]
        usual = min([middle, *near])
        n, of = units.get(month, 0), at_work[month]
        if share[at] < THIN * usual and special.bdtr(n, of, min(usual, 1.0)) < BY_CHANCE:
            yield month


def _by_days(days: Sequence[int], first: int, last: int) -> tuple[int, int]:
    """Return the first and the last month of events without one that was cut short by its days."""
    silences = [later - day - 1 for day, later in pairwise(days)]
    if first == last or not silences:
        return first, last
    before = month_of(days[0]) == first and days[0] - first_day(first)
    after = month_of(days[-1]) == last and first_day(last + 1) - 1 - days[-1]
    forth, back = days, [-day for day in reversed(days)]
    cut_first, cut_last = (
        silence > max(silences) and (1 - _pace(own)) ** silence < BY_CHANCE
        for silence, own in ((before, forth), (after, back))
    )
    return (first + 1 if cut_first else first), (last - 1 if cut_last else last)


def _pace(days: Sequence[int]) -> float:
    """Return on which share of days there is an event near the first of them, or of all, if that is less."""
    near = bisect_left(days, days[0] + _NEAR)
    return min(near / _NEAR, len(days) / (days[-1] - days[0] + 1))
