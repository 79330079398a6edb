"""Which months a report covers: those that the outcome's records cover whole.

A file that was cut in the middle of a month, or people whose records begin later than the others',
leave thin months at the edges; they are left out. A gap inside stays, and is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

THIN = 0.5
"""A month at an edge with under half of the usual share of records is not covered whole."""


@dataclass(frozen=True, slots=True)
class Window:
    """The first and the last month, and those between without any record."""

    first: int
    last: int
    missing: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()
    """Months with records that were left out at the edges."""


def window(units: Mapping[int, int], at_work: Mapping[int, int]) -> Window | None:
    """Return the months to look at, from how many had a record and how many were at work."""
    share = {m: n / at_work[m] for m, n in units.items() if n > 0 and at_work.get(m, 0) > 0}
    if not share:
        return None
    least = THIN * median(share.values())
    months = sorted(share)
    whole = [month for month in months if share[month] >= least]
    first, last = whole[0], whole[-1]
    return Window(
        first,
        last,
        missing=tuple(m for m in range(first, last + 1) if m not in share),
        cut=tuple(m for m in months if m < first or m > last),
    )
