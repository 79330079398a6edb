"""The panel of the record store by team: `analytics.estimators.panel.Panel`, answered in SQL.

One pass over the people adds everything up by cohort, team and month; what the estimators ask is
answered from those sums (`sums`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import pandas as pd
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.moments import LISTED, Moments
from analytics.estimators.panel import NEVER, Scores
from analytics.store import stage, sums
from analytics.store.adding import Rows, added_up, in_blocks, rows_of
from analytics.store.observed import Observed
from analytics.store.scoring import scored
from analytics.store.stage import add_once, refill, temporary_table
from analytics.store.team_cells import team_cells
from analytics.store.unread import Unread

_AT_ONCE = 20_000
"""Rows of sums that are in memory at once when clusters pass by in order."""


def _key(name: str, kind: type[sa.Integer] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


class TeamPanel:
    """One metric of one path's people, between two months; needs the stages of `stage` filled."""

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
        name = self.measure.metric_id
        self.sums = temporary_table(
            f"sums_{name}",
            _key("cohort"),
            _key("cluster", sa.BigInteger),
            _key("period"),
            sa.Column("rows", sa.BigInteger),
            sa.Column("num", sa.Double),
            sa.Column("den", sa.Double),
            sa.Column("num2", sa.Double),
        )
        # Everybody behind the figures, once in each cohort that they are seen in.
        self.people = temporary_table(
            f"people_{name}", _key("cohort"), _key("person_id", sa.BigInteger)
        )
        for table in (self.sums, self.people):
            table.create(self.conn, checkfirst=False)
        if self.measure.grain == "person":
            with team_cells(observed, first, last) as cells:
                refill(self.conn, self.sums, self._of_cells(cells))
        else:
            seen = observed.rows()
            if self.measure.counts_events:
                seen = self._and_none(seen)
            rows = self._of_teams(seen).cte("observations")
            refill(self.conn, self.sums, sums.by_cluster(rows))
        add_once(self.conn, self.people, self._behind(observed))

    def _of_cells(self, cells: sa.FromClause) -> sa.Select[Any]:
        """Return teams' cells with the cohort each team is in, which is looked up once a team."""
        c, start = cells.c, stage.unit_start
        joined = cells.outerjoin(start, start.c.unit_id == c.unit_id)
        cohort = self._within(start.c.start_ix).label("cohort")
        return sa.select(cohort, *c).select_from(joined)

    def leave_out(self, unread: Unread) -> None:
        """Take out what is not read, before anything is asked."""
        gone = self.conn.execute(sa.delete(self.sums).where(unread.among(self.sums)))
        self.unread = unread if gone.rowcount else None

    def drop(self) -> None:
        """Give back the room of the sums."""
        for table in (self.sums, self.people):
            table.drop(self.conn, checkfirst=False)

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period."""
        return self._cells

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: clusters and people."""
        return self._sizes

    @cached_property
    def _cells(self) -> pd.DataFrame:
        return self._frame(sums.cells(self.sums))

    @cached_property
    def _sizes(self) -> pd.DataFrame:
        p = self.people.c
        people = sa.select(p.cohort, sa.func.count().label("people")).group_by(p.cohort)
        found = self._frame(sums.clusters(self.sums))
        return found.merge(self._frame(people), on="cohort", how="left").fillna({"people": 0})

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return, for each cohort and cluster, the weighted sums of deviations from the means."""
        return scored(self._in_order(), weights)

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the clusters' sums and products where they are too many to list."""
        if int(grid.clusters.sum()) <= LISTED:
            return None
        if self.conn.execute(sums.in_several_cohorts(self.sums)).scalar_one():
            return None
        return added_up(in_blocks(self._in_order()), grid, mean)

    def _in_order(self) -> Iterator[Rows]:
        each = sums.in_order(sums.each(self.sums)).order_by(self.sums.c.period)
        ordered = each.execution_options(yield_per=_AT_ONCE)
        for part in self.conn.execute(ordered).partitions():
            yield rows_of(part)

    def _behind(self, observed: Observed) -> sa.Select[Any]:
        if self.measure.grain == "person":
            return self._of_spells(observed)
        m, s = stage.member.c, self.sums.c
        within = sa.and_(m.unit_id == s.cluster, m.from_ix <= s.period, m.to_ix > s.period)
        joined = stage.member.join(self.sums, within)
        return sa.select(s.cohort, m.person_id).select_from(joined).where(sa.true())

    def _of_spells(self, observed: Observed) -> sa.Select[Any]:
        """Look once a spell whether a month counts: going through all of them again costs far more."""
        spells, start = stage.member, stage.unit_start
        joined = spells.outerjoin(start, start.c.unit_id == spells.c.unit_id)
        counts = sa.and_(spells.c.from_ix <= self.last, spells.c.to_ix > self.first)
        if not self.measure.fills_zero:
            begins = sa.case((spells.c.from_ix < self.first, self.first), else_=spells.c.from_ix)
            ends = sa.case((spells.c.to_ix > self.last, self.last + 1), else_=spells.c.to_ix)
            counts = sa.and_(counts, observed.met(spells.c.person_id, begins, ends))
        cohort = self._within(start.c.start_ix).label("cohort")
        people = sa.select(cohort, spells.c.person_id)
        return people.select_from(joined).where(counts)

    def _of_teams(self, seen: sa.FromClause) -> sa.Select[Any]:
        start = stage.unit_start
        return (
            sa.select(
                self._within(start.c.start_ix).label("cohort"),
                seen.c.unit_id.label("cluster"),
                seen.c.period,
                seen.c.num,
                seen.c.den,
            )
            .select_from(seen.outerjoin(start, start.c.unit_id == seen.c.unit_id))
            .where(seen.c.period.between(self.first, self.last))
        )

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

    def _within(self, start: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """Hold a start after the last month for none: nothing in the panel is trained by then."""
        return sa.case((start <= self.last, start), else_=NEVER)

    def _frame(self, query: sa.Select[Any]) -> pd.DataFrame:
        result = self.conn.execute(query)
        return pd.DataFrame(result.fetchall(), columns=list(result.keys()))
