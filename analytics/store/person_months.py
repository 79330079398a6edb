"""One outcome of people, a line a person and a column a month, as bare numbers while it is added up.

Lines lie in the order of cohorts and, within one, of people. Whatever is added up goes over them in
pieces of the same size each time, so that no number of threads changes a digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray
from analytics.estimators.moments import Moments
from analytics.estimators.panel import NEVER, Scores
from analytics.store.adding import products, shared
from analytics.store.distinct import are_among, distinct, looked_up
from analytics.store.records import Lines, Records
from analytics.store.spells import Spells, by_month
from analytics.store.unread import Unread

_AT_ONCE = 8_192
"""People of a cohort who are worked on at once."""


class Starts(NamedTuple):
    """When people, or teams, start, those who do: columns of equal length, in order of the numbers."""

    number: IntArray
    month: IntArray

    def of(self, numbers: IntArray) -> IntArray:
        """Return the start of each of these, in any order; `NEVER` where there is none."""
        return looked_up(numbers, self.number, self.month, NEVER)


class Totals(NamedTuple):
    """What each cohort comes to in each month: observations, num, den and num²/den."""

    rows: FloatArray
    num: FloatArray
    den: FloatArray
    num2: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Return the mean of each cell, 0 where there is none."""
        return np.divide(self.num, self.den, out=np.zeros_like(self.num), where=self.den > 0)


class PersonMonths:
    """``num`` and ``den`` by line and month; ``den`` is 0 where nothing was observed."""

    def __init__(self, spells: Spells, starts: Starts, months: IntArray) -> None:
        """Make the lines of who was at work in these months, nothing observed yet."""
        self.months = months
        self._known = distinct(spells.person)
        cohort = starts.of(self._known)
        order = np.argsort(cohort, kind="stable")
        self._line = np.argsort(order)
        self.people, self.cohort = self._known[order], cohort[order]
        self.cohorts, self._begins = np.unique(self.cohort, return_index=True)
        self._at_work = self._worked(spells)
        self.num, self.den = np.zeros(self._at_work.shape), np.zeros(self._at_work.shape)
        self._num2: FloatArray | None = None

    def _worked(self, spells: Spells) -> BoolArray:
        first, found = int(self.months[0]), np.zeros((len(self.people), len(self.months)), bool)
        line = self._line[np.searchsorted(self._known, spells.person)]
        by_month(
            found,
            Spells(line, spells.begins - first, spells.ends - first),
            np.ones(len(line), bool),
        )
        return found

    def take(
        self, records: Iterable[Records | Lines], *, weighed: bool, nothing_counts: bool
    ) -> None:
        """Take the records of people at work; those that are ``weighed`` have a ``den``.

        Where ``nothing_counts``, a month at work without a record is one in which nothing happened.
        """
        self.den = np.zeros(self._at_work.shape, np.float64 if weighed else np.uint8)
        if nothing_counts:
            self.den[self._at_work] = 1
        for some in records if len(self._known) else ():
            if isinstance(some, Lines):
                self._take_lines(some)
            else:
                self._take_each(some)
        self._at_work = np.zeros((0, 0), bool)

    def _take_each(self, some: Records) -> None:
        at = np.minimum(np.searchsorted(self._known, some.person), len(self._known) - 1)
        line, month = self._line[at], some.period - int(self.months[0])
        counts = (self._known[at] == some.person) & self._at_work[line, month]
        cell = line[counts], month[counts]
        self.num[cell] = some.num[counts]
        self.den[cell] = 1 if some.den is None else some.den[counts]

    def _take_lines(self, some: Lines) -> None:
        own = np.flatnonzero(are_among(some.person, self._known))
        line = self._line[np.searchsorted(self._known, some.person[own])]
        begin = some.first - int(self.months[0])
        months = slice(begin, begin + some.num.shape[1])
        counts = some.there[own] & self._at_work[line, months]
        num, den = some.num[own], 1 if some.den is None else some.den[own]
        if not counts.all():
            num = np.where(counts, num, 0.0)
            den = np.where(counts, den, self.den[line, months])
        self.num[line, months], self.den[line, months] = num, den

    @property
    def seen(self) -> BoolArray:
        """Return who is observed at all."""
        return np.asarray(self.den.any(axis=1))

    def slabs(self) -> Iterator[tuple[int, slice]]:
        """Yield all lines, some of one cohort at a time: that cohort's place, and the lines."""
        ends = [*self._begins[1:].tolist(), len(self.cohort)]
        for g, (begin, end) in enumerate(zip(self._begins.tolist(), ends, strict=True)):
            for at in range(begin, end, _AT_ONCE):
                yield g, slice(at, min(at + _AT_ONCE, end))

    def totals(self) -> Totals:
        """Return what each cohort comes to in each month."""
        sums = np.zeros((4, len(self.cohorts), len(self.months)))
        for g, lines in self.slabs():
            num, den = self.num[lines], self.den[lines].astype(np.float64)
            there = den > 0
            num2 = np.divide(num * num, den, out=np.zeros_like(num), where=there)
            sums[:, g] += [part.sum(axis=0) for part in (there, num, den, num2)]
        if self._num2 is not None:
            sums[3] = self._num2
        return Totals(*sums)

    def leave_out(self, lines: IntArray) -> None:
        """Let some people be observed no longer."""
        self.num[lines], self.den[lines] = 0.0, 0

    def leave_out_months(self, unread: Unread) -> int:
        """Let nobody be observed in the months that are not read; return how many observations go."""
        gone = 0
        for g, lines in self.slabs():
            months = unread.of(int(self.cohorts[g]), self.months)
            gone += int(np.count_nonzero(self.den[lines, months]))
            self.num[lines, months], self.den[lines, months] = 0.0, 0
        return gone

    def take_off(self, lines: IntArray, level: FloatArray) -> None:
        """Take a level off some people, for each of den; the spread about a cell's mean stays."""
        was = self.totals()
        for at in range(0, len(lines), _AT_ONCE):
            these = lines[at : at + _AT_ONCE]
            self.num[these] -= self.den[these] * level[at : at + _AT_ONCE, None]
        self._num2 = was.num2 + was.den * (self.totals().mean ** 2 - was.mean**2)

    def cells(self) -> pd.DataFrame:
        """Return the cells of a `analytics.estimators.panel.Panel`."""
        total = self.totals()
        g, month = np.nonzero(total.rows > 0)
        columns = {name: getattr(total, name)[g, month] for name in ("num", "den", "num2")}
        rows = total.rows[g, month].astype(np.int64)
        return pd.DataFrame(
            {"cohort": self.cohorts[g], "period": self.months[month], "rows": rows, **columns}
        )

    def sizes(self) -> pd.DataFrame:
        """Return how many people each cohort has: each is a cluster."""
        cohorts, n = np.unique(self.cohort[self.seen], return_counts=True)
        return pd.DataFrame({"cohort": cohorts, "clusters": n, "people": n})

    def behind(self) -> tuple[IntArray, IntArray]:
        """Return the cohort and the number of everybody who is observed."""
        return self.cohort[self.seen], self.people[self.seen]

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return the scores of a `analytics.estimators.panel.Panel`."""
        names = [str(n) for n in weights.columns if n not in ("cohort", "period", "mean")]
        own = weights[weights["cohort"].isin(self.cohorts) & weights["period"].isin(self.months)]
        cell = (np.searchsorted(self.cohorts, own["cohort"]), own["period"] - self.months[0])
        table = np.zeros((1 + len(names), len(self.cohorts), len(self.months)))
        table[:, *cell] = own[["mean", *names]].to_numpy(np.float64).T
        scored = np.zeros((len(self.people), len(names)))
        for g, lines in self.slabs():
            off = self.num[lines] - table[0, g] * self.den[lines]
            scored[lines] = np.einsum("um,em->ue", off, table[1:, g])
        return Scores(*self.behind(), scored[self.seen])

    def added_up(self) -> AddedUp:
        """Return what is to be known of people who are too many to list."""
        shape, mean = (len(self.cohorts), len(self.months)), self.totals().mean
        clusters, off_off = np.zeros(shape[0], np.int64), np.zeros((*shape, shape[1]))
        off, den, off_den, den_den = (np.zeros_like(x) for x in (mean, mean, off_off, off_off))
        seen = self.seen
        for g, lines in self.slabs():
            size = self.den[lines].astype(np.float64)
            away = self.num[lines] - mean[g] * size
            clusters[g] += np.count_nonzero(seen[lines])
            off[g] += away.sum(axis=0)
            den[g] += size.sum(axis=0)
            off_off[g] += products(away, away)
            off_den[g] += products(away, size)
            den_den[g] += products(size, size)
        return AddedUp(
            self.cohorts, self.months, mean, clusters, off, den, off_off, off_den, den_den
        )


@dataclass(frozen=True)
class AddedUp:
    """By cohort: people, their deviations from a mean and their den added up, and the products of these."""

    cohorts: IntArray
    months: IntArray
    mean: FloatArray
    clusters: IntArray
    off: FloatArray
    den: FloatArray
    off_off: FloatArray
    off_den: FloatArray
    den_den: FloatArray

    def about(self, grid: Grid, mean: FloatArray) -> Moments:
        """Return the moments of a grid's cohorts and periods about any mean."""
        g = np.searchsorted(self.cohorts, grid.cohorts)
        month = np.searchsorted(self.months, grid.periods)
        cell, pair = np.ix_(g, month), np.ix_(g, month, month)
        further = mean - self.mean[cell]
        crossed = self.off_den[pair] * further[:, None, :]
        squares = self.off_off[pair] - crossed - crossed.transpose(0, 2, 1)
        squares += self.den_den[pair] * further[:, :, None] * further[:, None, :]
        return shared(self.clusters[g], self.off[cell] - further * self.den[cell], squares, grid)
