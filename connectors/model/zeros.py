"""Whether figures by month leave out the months in which nothing happened.

An export often has a row only for those to whom it happened. Read as it lies, it tells how many
errors those made who made one, which looks fine and means nothing. A month without a row may be one that
nobody counted, so none is taken for 0 here; but that months with nothing seem to be missing can be seen:

- **zeros there should be** follow from how often it was once and how often twice. Whatever the
  rates of those counted, there are at least f1² / 2 f2 more with none (Chao 1987, a lower bound for every mixture
  of Poisson counts; here with the correction for few). Of counts that hardly ever are 1 it asks for none;
- **next to none of them is there**, less than one in twenty;
- **months have no record** between a unit's own first and last one, at least half as large a share as
  there should be zeros. Who was counted from later on, or has no record at all, says nothing.

All three must hold. A count that starts at 1 by its nature has no gaps; one with gaps by chance has its
zeros among its records. Nobody is away every month, so that days of absence of people, which come
in spells and in halves, need only be without zeros and with gaps.
"""

from __future__ import annotations

from typing import NamedTuple

from connectors.model.metrics import library

_COUNTED = ("count", "rate", "absence", "time_to_event")
"""Kinds of which a month may have none."""

_READY = ("count", "absence")
"""Kinds of the library's metrics that are counted also where they were given as plain numbers."""

_ENOUGH = 10
"""Zeros, or months, that must be missed before anything is said."""

_FEW = 0.05
"""A share of zeros under this changes no answer by much; and of those there should be, is next to none."""

_MANY_AWAY = 0.2
_WHOLE = 0.9
"""The share of figures that are whole numbers where things are counted one by one."""


class Tally(NamedTuple):
    """What the records of a metric by month are, one a unit and month.

    ``ones`` are above 0 and up to 1, ``twos`` up to 2; ``whole`` are whole numbers. ``between`` are the
    months between each unit's first and last record, ``gaps`` those of them without one.
    """

    records: int
    zeros: int
    ones: int
    twos: int
    whole: int
    between: int
    gaps: int

    @property
    def expected(self) -> float:
        """Return how many records of 0 there should be, at the least."""
        return self.ones * (self.ones - 1) / (2 * (self.twos + 1))


def counts_from_zero(key: str, kind: str) -> bool:
    """Return whether a month may have none of a metric."""
    ready = library().get(key.casefold())
    return kind in _COUNTED or (ready is not None and ready.kind in _READY)


def leaves_out_zeros(tally: Tally, *, away: bool = False) -> bool:
    """Return whether the months with nothing seem to be left out; ``away``: of days people were away."""
    if tally.between < _ENOUGH or tally.gaps < _ENOUGH:
        return False
    gaps = tally.gaps / tally.between
    if away and gaps >= _MANY_AWAY and tally.zeros <= _FEW * tally.gaps:
        return True
    expected, some = tally.expected, tally.records - tally.zeros
    share = expected / (expected + some) if some else 0.0
    return (
        (away or tally.whole >= _WHOLE * tally.records)
        and expected >= _ENOUGH
        and share >= _FEW
        and tally.zeros <= _FEW * expected
        and gaps >= max(_FEW, share / 2)
    )
