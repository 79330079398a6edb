"""The panel of the record store by team: `analytics.estimators.panel.Panel`.

What people come to by team and month is added up in SQL, or kept; from there on, teams and who is in
them are bare numbers.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import sqlalchemy as sa

from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray
from analytics.estimators.moments import LISTED, Moments
from analytics.estimators.panel import Scores
from analytics.store import stage
from analytics.store.adding import added_up, in_blocks
from analytics.store.distinct import are_among
from analytics.store.numbers import whole_numbers
from analytics.store.observed import Observed
from analytics.store.person_months import Starts
from analytics.store.scoring import scored
from analytics.store.spells import Spells
from analytics.store.team_cells import team_cells
from analytics.store.team_sums import TeamSums, team_sums
from analytics.store.unread import Unread

_AT_ONCE = 1 << 16
"""Spells that are looked at at once."""


class Behind(NamedTuple):
    """Everybody behind the figures, once in each cohort that they are seen in, in that order."""

    cohort: IntArray
    person: IntArray

    def where(self, which: BoolArray | IntArray) -> Behind:
        """Return some of them."""
        return Behind(self.cohort[which], self.person[which])


class TeamPanel:
    """One metric of one path's people, between two months; needs `stage.unit_start` filled."""

    level: Literal["team"] = "team"
    left_out: int | None = None
    """How many had no level and were left out, where levels were taken off."""
    unread: Unread | None = None
    """What is not in it although it was seen; None where that is nothing."""

    def __init__(self, observed: Observed, first: int, last: int) -> None:
        self.conn = observed.conn
        self.measure = observed.measure
        self.first = first
        self.last = last
        started = stage.unit_start.c
        # A start after the last month is none: nothing in the panel is trained by then.
        starts = sa.select(started.unit_id, started.start_ix).where(started.start_ix <= last)
        self.starts = Starts(*whole_numbers(self.conn, starts.order_by(started.unit_id)))
        if observed.kept is None:
            observed.people.stage()
        self.sums = self._added_up(observed)
        self.behind = self._behind(observed)

    def _added_up(self, observed: Observed) -> TeamSums:
        if self.measure.grain == "person":
            with team_cells(observed, self.first, self.last) as cells:
                c = cells.c
                query = sa.select(c.unit_id, c.period, c.rows, c.num, c.den, c.num2)
                return team_sums(self.conn, query, self.starts)
        seen = observed.rows()
        o = (self._and_none(seen) if self.measure.counts_events else seen).c
        one, num2 = sa.literal(1, sa.BigInteger), (o.num * o.num).op("/")(o.den)
        query = sa.select(o.unit_id, o.period, one, o.num, o.den, num2)
        within = query.where(o.period.between(self.first, self.last))
        return team_sums(self.conn, within, self.starts)

    def leave_out(self, unread: Unread) -> None:
        """Take out what is not read, before anything is asked."""
        gone = unread.of(self.sums.cohort, self.sums.period)
        self.unread = unread if gone.any() else None
        self.sums = self.sums.at(~gone)

    def drop(self) -> None:
        """Give back the room."""
        nobody = np.zeros(0, np.int64)
        self.sums, self.behind = self.sums.at(nobody), self.behind.where(nobody)

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period."""
        return self._cells

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: clusters and people."""
        return self._sizes

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return, for each cohort and cluster, the weighted sums of deviations from the means."""
        return scored(self.sums.in_order(), weights)

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the clusters' sums and products where they are too many to list."""
        if int(grid.clusters.sum()) <= LISTED:
            return None
        return added_up(in_blocks(self.sums.in_order()), grid, mean)

    @cached_property
    def _cells(self) -> pd.DataFrame:
        return self.sums.cells()

    @cached_property
    def _sizes(self) -> pd.DataFrame:
        cohorts, clusters = self.sums.clusters()
        known, people = np.unique(self.behind.cohort, return_counts=True)
        each = dict(zip(known.tolist(), people.tolist(), strict=True))
        of_cohort = [each.get(cohort, 0) for cohort in cohorts.tolist()]
        columns = {"cohort": cohorts, "clusters": clusters, "people": of_cohort}
        return pd.DataFrame(columns, dtype=np.int64)

    def _behind(self, observed: Observed) -> Behind:
        person, unit = self._seen(observed)
        cohort = self.starts.of(unit)
        order = np.lexsort((person, cohort))
        cohort, person = cohort[order], person[order]
        first = np.ones(len(person), bool)
        first[1:] = (person[1:] != person[:-1]) | (cohort[1:] != cohort[:-1])
        return Behind(cohort[first], person[first])

    def _seen(self, observed: Observed) -> tuple[IntArray, IntArray]:
        """Return who was in a team in months that count, and that team, a spell after another."""
        if self.measure.grain == "person" and observed.kept is None:
            return self._looked_up(observed)
        member, unit = observed.people.staff.member, observed.people.staff.unit
        counts = np.zeros(len(unit), bool)
        for at in range(0, len(unit), _AT_ONCE):
            some = slice(at, at + _AT_ONCE)
            spells = Spells(*(column[some] for column in member))
            counts[some] = self._count(observed, spells, unit[some])
        return member.person[counts], unit[counts]

    def _count(self, observed: Observed, spells: Spells, unit: IntArray) -> BoolArray:
        """Return which spells in a team have a month that counts."""
        begins = np.maximum(spells.begins, self.first)
        ends = np.minimum(spells.ends, self.last + 1)
        if self.measure.grain == "team":
            return (begins < ends) & self._have_sums(unit, begins, ends)
        if self.measure.fills_zero or observed.presence is None:
            return np.asarray(begins < ends)
        months = observed.presence.bits.mask(begins, np.maximum(begins, ends))
        return np.asarray(observed.presence.of(spells.person) & months > 0)

    def _have_sums(self, unit: IntArray, begins: IntArray, ends: IntArray) -> BoolArray:
        """Return whether there are sums of a team from one month to before another."""
        width, (teams, at) = self.last - self.first + 2, np.unique(unit, return_inverse=True)
        known = are_among(self.sums.cluster, teams)
        own = np.searchsorted(teams, self.sums.cluster[known])
        there = np.sort(own * width + self.sums.period[known] - self.first)
        first, end = (np.searchsorted(there, at * width + m - self.first) for m in (begins, ends))
        return np.asarray(first < end)

    def _looked_up(self, observed: Observed) -> tuple[IntArray, IntArray]:
        """Look once a spell whether a month counts: going through all of them again costs far more."""
        m = stage.member.c
        counts = sa.and_(m.from_ix <= self.last, m.to_ix > self.first)
        if not self.measure.fills_zero:
            begins = sa.case((m.from_ix < self.first, self.first), else_=m.from_ix)
            ends = sa.case((m.to_ix > self.last, self.last + 1), else_=m.to_ix)
            counts = sa.and_(counts, observed.met(m.person_id, begins, ends))
        person, unit = whole_numbers(self.conn, sa.select(m.person_id, m.unit_id).where(counts))
        return person, unit

    def _and_none(self, seen: sa.FromClause) -> sa.FromClause:
        """Return events of teams, and a count of nothing for each month in which a team had none.

        Of a team of which nothing was ever told, nobody can say that nothing happened.
        """
        m, told = stage.member.c, sa.select(seen.c.unit_id)
        # Of a million people few spells in a team differ; months are laid out of those alone.
        spells = (
            sa.select(m.unit_id, m.from_ix, m.to_ix)
            .where(m.unit_id.in_(told), m.from_ix <= self.last, m.to_ix > self.first)
            .distinct()
            .subquery("spells")
        )
        months, spell = stage.month_numbers(self.first, self.last), spells.c
        period = months.c.period
        there = sa.and_(spell.from_ix <= period, spell.to_ix > period)
        staffed = (
            sa.select(spell.unit_id, period)
            .select_from(spells.join(months, there))
            .distinct()
            .subquery("staffed")
        )
        own = sa.and_(seen.c.unit_id == staffed.c.unit_id, seen.c.period == staffed.c.period)
        nothing, one = (sa.literal(number, sa.Double) for number in (0.0, 1.0))
        none = (
            sa.select(staffed.c.unit_id, staffed.c.period, nothing.label("num"), one.label("den"))
            .select_from(staffed.outerjoin(seen, own))
            .where(seen.c.unit_id.is_(None))
        )
        some = sa.select(seen.c.unit_id, seen.c.period, seen.c.num, seen.c.den)
        return some.union_all(none).subquery("counted")
