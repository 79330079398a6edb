"""Looks whether the figures of an outcome leave out the months in which nothing happened.

The rule is `connectors.model.zeros`, which imports ask too; here it is held against the months that
a report covers and, for people, against when they were at work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.impact.window import Window
from analytics.store.observed import Observed
from analytics.store.records import Lines, Records
from analytics.store.spells import Spells
from connectors.metrics import Metric
from connectors.model.zeros import Tally, counts_from_zero, leaves_out_zeros
from connectors.store.schema import person

_ENOUGH = 20_000
"""People who tell it, of however many."""


def zeros_left_out(observed: Observed, metric: Metric, months: Window) -> bool:
    """Return whether a report would read the mean of those who had one, not of all."""
    measure = observed.measure
    if measure.form == "ratio" or measure.events or not counts_from_zero(metric.key, metric.kind):
        return False
    if measure.grain == "team":
        return leaves_out_zeros(_tally(observed.records(months.first, months.last))[1])
    away = metric.kind == "absence"
    units, tally = _tally(observed.records(months.first, months.last, _some_people(observed)))
    if not leaves_out_zeros(tally, away=away):
        return False
    return leaves_out_zeros(_at_work(observed.people.staff.employed, units, tally), away=away)


def _some_people(observed: Observed) -> sa.Select[tuple[int]] | None:
    """Return one person in so many, for these tell it as well as all would; None: everybody."""
    step = 1 + len(observed.people.staff.employed.person) // _ENOUGH
    own = (person.c.tenant_id == observed.measure.tenant_id, person.c.id % step == 0)
    return None if step == 1 else sa.select(person.c.id).where(*own)


class _Units(NamedTuple):
    """Whoever has records: the first month, the last, and in how many."""

    number: IntArray
    first: IntArray
    last: IntArray
    n: IntArray


def _tally(observed: Iterable[Records | Lines]) -> tuple[_Units, Tally]:
    parts, counts = [], np.zeros(5, np.int64)
    for found in observed:
        some = found.records() if isinstance(found, Lines) else found
        num = some.num
        kinds = (np.isfinite(num), num == 0, (num > 0) & (num <= 1), (num > 1) & (num <= 2))
        counts += np.array([np.count_nonzero(these) for these in (*kinds, num == np.rint(num))])
        parts.append(_together([some.person, some.period, some.period, np.ones_like(some.person)]))
    columns = zip(*parts, strict=True) if parts else [[np.zeros(0, np.int64)]] * 4
    units = _together([np.concatenate(list(column)) for column in columns])
    between = int((units.last - units.first - 1).clip(min=0).sum())
    inside = int((units.n - 2).clip(min=0).sum())
    of, zeros, ones, twos, whole = counts.tolist()
    return units, Tally(of, zeros, ones, twos, whole, between, gaps=between - inside)


def _together(units: Sequence[IntArray]) -> _Units:
    """Return each unit once, from columns in which it may stand more often."""
    order = np.argsort(units[0], kind="stable")
    number, first, last, n = (column[order] for column in units)
    number, begins = np.unique(number, return_index=True)
    if not len(number):
        return _Units(number, first, last, n)
    return _Units(
        number,
        np.minimum.reduceat(first, begins),
        np.maximum.reduceat(last, begins),
        np.add.reduceat(n, begins),
    )


def _at_work(employed: Spells, units: _Units, tally: Tally) -> Tally:
    """Return the tally with no month between in which a person was not at work."""
    at = np.searchsorted(units.number, employed.person).clip(max=len(units.number) - 1)
    own = units.number[at] == employed.person
    at, begins, ends = at[own], employed.begins[own], employed.ends[own]
    months = np.minimum(ends, units.last[at]) - np.maximum(begins, units.first[at] + 1)
    between = int(months.clip(min=0).sum())
    inside = tally.between - tally.gaps
    return tally._replace(between=between, gaps=max(between - inside, 0))
