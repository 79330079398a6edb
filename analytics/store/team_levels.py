"""What people's own level does to the mean of a team and its side, where they come and go: in SQL.

The rule is that of `analytics.estimators.levels`, at the cost of those who come and go. Whoever is in one
team all the time moves no mean, and stands for their cohort: together they are one unit whose level
is that of the cohort. Of all others each one's level, from the months before whatever team they were in
had started, is put in its place. Their observations alone are looked at; a block of people at a time is
in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.levels import Course, are_followed
from analytics.store import stage
from analytics.store.adding import Rows, rows_of
from analytics.store.courses import add_units
from analytics.store.observed import Observed
from analytics.store.stage import add, add_once, fill, refill, temporary_table

if TYPE_CHECKING:
    from analytics.store.team_panel import TeamPanel

_AT_ONCE = 20_000
_ROUNDING = 1e-9


def take_levels_off(panel: TeamPanel, observed: Observed) -> int | None:
    """Take people's levels off a panel that nothing has been asked of; return how many have none.

    They were never seen before their team had started, and are no longer in the panel. Where everybody
    is there all the time, or people are not followed from before to after, it stays as it is: None.
    """
    if panel.measure.grain == "team":
        return None
    with _tables(panel) as tables:
        seen = _months(panel)
        add_once(panel.conn, tables.going, _who_come_and_go(panel, observed, seen))
        if not panel.conn.execute(sa.select(sa.exists(sa.select(tables.going)))).scalar_one():
            return None
        add(panel.conn, tables.rows, _observations(panel, observed, tables.going))
        taken = _Levels(panel, tables, seen)
        return taken.left_out() if taken.are_told() else None


class _Tables(NamedTuple):
    """Who comes and goes, their observations, the usual course, their levels, what to take off, the rest."""

    going: sa.Table
    rows: sa.Table
    usual: sa.Table
    level: sa.Table
    off: sa.Table
    moved: sa.Table
    sums: sa.Table


@contextmanager
def _tables(panel: TeamPanel) -> Iterator[_Tables]:
    def made(name: str, *columns: sa.Column[Any]) -> sa.Table:
        return temporary_table(f"{name}_{panel.measure.metric_id}", *columns)

    def person() -> sa.Column[int]:
        return _key("person_id", sa.BigInteger)

    cell = ("cohort", "cluster", "period")
    tables = _Tables(
        going=made("going", person()),
        rows=made("going_rows", person(), _key("period"), *_whole(*cell[:2]), *_real("num", "den")),
        usual=made("usual", _key("period"), *_real("usual")),
        level=made("level", person(), *_real("level")),
        off=made(
            "off",
            *(_key(name, sa.BigInteger) for name in cell),
            *_real("rows", "num", "den", "num2", "off", "kept"),
        ),
        moved=made("moved", _key("cohort"), _key("period"), *_real("back", "spread")),
        sums=made("without", *(column._copy() for column in panel.sums.c)),
    )
    for table in tables:
        table.create(panel.conn, checkfirst=False)
    yield tables
    for table in tables:
        table.drop(panel.conn, checkfirst=False)


def _key(name: str, kind: type[sa.Integer] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _whole(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger) for name in names]


def _real(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double) for name in names]


def _who_come_and_go(panel: TeamPanel, observed: Observed, seen: IntArray) -> sa.Select[Any]:
    """Return everybody behind the panel who was not in one place, and observed, all the time."""
    months, people, spells = seen.tolist(), panel.people.c.person_id, stage.member.c
    if not months:
        return sa.select(people).where(sa.false())
    through = sa.and_(spells.from_ix <= months[0], spells.to_ix > months[-1])
    there: sa.ColumnElement[bool] = sa.exists().where(spells.person_id == people, through)
    if not panel.measure.fills_zero:
        there = sa.and_(there, observed.always_met(people, months))
    return sa.select(people).where(sa.not_(there))


def _months(panel: TeamPanel) -> IntArray:
    months = sa.select(panel.sums.c.period).distinct().order_by(panel.sums.c.period)
    return np.array(panel.conn.execute(months).scalars().all(), np.int64)


def _observations(panel: TeamPanel, observed: Observed, going: sa.Table) -> sa.Select[Any]:
    every, these = observed.rows(), sa.select(going.c.person_id)
    # Said of the records, too, so that all others are passed over before they are joined to anything.
    seen = sa.select(every).where(every.c.unit_id.in_(these)).cte("of_these")
    o = panel.observations(seen).cte("observations").c
    of_these = o.person_id.in_(these)
    return sa.select(o.person_id, o.period, o.cohort, o.cluster, o.num, o.den).where(of_these)


class _Levels:
    """The levels of a panel's people who come and go."""

    def __init__(self, panel: TeamPanel, tables: _Tables, seen: IntArray) -> None:
        self._panel = panel
        self._conn = panel.conn
        self._tables = tables
        self._seen = seen
        self._first = int(seen[0])

    def are_told(self) -> bool:
        """Put the panel's sums without the levels in the place of those there are, if they can be told."""
        t = self._tables
        cohorts, num, den = self._always_there()
        before = (cohorts[:, None] > self._first) & (self._seen < cohorts[:, None])
        course = Course(len(self._seen))
        course.add(np.where(before, den, 0.0), np.where(before, num, 0.0))
        add_units(course, self._untrained(), self._seen)
        usual = course.solved()
        if usual is None:
            return False
        fill(self._conn, t.usual, zip(self._seen.tolist(), usual.tolist(), strict=True))
        add(self._conn, t.level, self._of_each())
        add(self._conn, t.off, self._to_take_off())
        if not self._are_followed():
            return False
        size = np.where(before, den, 0.0)
        off = (np.where(before, num, 0.0) - size * usual).sum(axis=1)
        of_pool = {
            int(cohort): float(o / n)
            for cohort, o, n in zip(cohorts, off, size.sum(axis=1), strict=True)
            if n > 0
        }
        fill(self._conn, t.moved, self._moved(of_pool))
        add(self._conn, t.sums, self._without())
        refill(self._conn, self._panel.sums, sa.select(*t.sums.c))
        return True

    def _always_there(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the cohorts, and num and den by cohort and month, of those who are always there."""
        of_all, of_going = map(self._by_cell, (self._panel.sums, self._tables.rows))
        cohorts = np.array(sorted({cohort for cohort, _ in of_all}), np.int64)
        sums = np.zeros((2, 2, len(cohorts), len(self._seen)))
        for which, cells in enumerate((of_all, of_going)):
            for (cohort, period), (num, den) in cells.items():
                at = np.searchsorted(cohorts, cohort), np.searchsorted(self._seen, period)
                sums[which, :, *at] = num, den
        num, den = sums[0] - sums[1]
        there = den > _ROUNDING * sums[0, 1]  # of what is left where nobody is
        return cohorts, np.where(there, num, 0.0), np.where(there, den, 0.0)

    def _by_cell(self, rows: sa.Table) -> dict[tuple[int, int], tuple[float, float]]:
        c = rows.c
        sums = sa.select(c.cohort, c.period, sa.func.sum(c.num), sa.func.sum(c.den))
        found = self._conn.execute(sums.group_by(c.cohort, c.period))
        return {(cohort, period): (num, den) for cohort, period, num, den in found}

    def _compared(self, rows: sa.FromClause) -> sa.ColumnElement[bool]:
        """Return which rows are compared: not those of whom was trained before the first month."""
        return rows.c.cohort > self._first

    def _before(self, rows: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.and_(self._compared(rows), rows.c.period < rows.c.cohort)

    def _untrained(self) -> Iterator[Rows]:
        """Yield the untrained observations, person by person."""
        rows = self._tables.rows
        o = rows.c
        ordered = (
            sa.select(o.cohort, o.person_id, o.period, o.num, o.den)
            .where(self._before(rows))
            .order_by(o.person_id, o.period)
            .execution_options(yield_per=_AT_ONCE)
        )
        for part in self._conn.execute(ordered).partitions():
            yield rows_of(part)

    def _of_each(self) -> sa.Select[Any]:
        rows, usual = self._tables.rows, self._tables.usual.c
        o = rows.c
        off = sa.func.sum(o.num - o.den * usual.usual)
        return (
            sa.select(o.person_id, off.op("/")(sa.func.sum(o.den)))
            .select_from(rows.join(self._tables.usual, usual.period == o.period))
            .where(self._before(rows))
            .group_by(o.person_id)
        )

    def _to_take_off(self) -> sa.Select[Any]:
        """Return, by cohort, cluster and month, the sums of who has no level, and the others' levels."""
        rows, level = self._tables.rows, self._tables.level
        o, own = rows.c, level.c.level
        one, nothing = sa.literal(1.0, sa.Double), sa.literal(0.0, sa.Double)
        unknown = own.is_(None)
        lost = [
            sa.func.sum(sa.case((unknown, value), else_=nothing))
            for value in (one, o.num, o.den, (o.num * o.num).op("/")(o.den))
        ]
        kept = [
            sa.func.sum(sa.case((unknown, nothing), else_=value)) for value in (o.den * own, o.den)
        ]
        key = (o.cohort, o.cluster, o.period)
        return (
            sa.select(*key, *lost, *kept)
            .select_from(rows.outerjoin(level, level.c.person_id == o.person_id))
            .where(self._compared(rows))
            .group_by(*key)
        )

    def _are_followed(self) -> bool:
        def trained(sums: sa.Table) -> float:
            after = sa.and_(self._compared(sums), sums.c.period >= sums.c.cohort)
            total = sa.select(sa.func.sum(sums.c.rows)).where(after)
            return float(self._conn.execute(total).scalar_one() or 0)

        every = trained(self._panel.sums)
        return are_followed(every - trained(self._tables.off), every)

    def _moved(self, of_pool: dict[int, float]) -> Iterator[tuple[int, int, float, float]]:
        """Yield, for each cell, the level that stands in for its people's, and how the squares differ.

        The level is that of who is always there, else the mean of the others. The spread about a
        cell's mean is to be that of the observations as they are.
        """
        s, o = self._panel.sums.c, self._tables.off.c
        sums: list[sa.ColumnElement[float]] = [sa.func.sum(s.num), sa.func.sum(s.den)]
        none = sa.literal(0.0, sa.Double)
        sums += [
            sa.func.coalesce(sa.func.sum(part), none) for part in (o.num, o.den, o.off, o.kept)
        ]
        query = sa.select(s.cohort, s.period, *sums).select_from(self._joined())
        found = self._conn.execute(
            query.group_by(s.cohort, s.period).order_by(s.cohort, s.period)
        ).all()
        cells = np.array([row[2:] for row in found], np.float64).reshape(-1, 6)
        cohort = np.array([row[0] for row in found], np.int64)
        back = _stand_ins(cohort, cells, of_pool)
        num, den = cells[:, 0] - cells[:, 2], cells[:, 1] - cells[:, 3]
        there = den > _ROUNDING * cells[:, 1]
        size = np.where(there, den, 1.0)
        mean, moved = num / size, (num - cells[:, 4] + cells[:, 5] * back) / size
        spread = np.where(there, moved**2 - mean**2, 0.0)
        for row, level, more in zip(found, back, spread, strict=True):
            yield int(row[0]), int(row[1]), float(level), float(more)

    def _joined(self) -> sa.Join:
        s, o = self._panel.sums.c, self._tables.off.c
        same = sa.and_(o.cohort == s.cohort, o.cluster == s.cluster, o.period == s.period)
        return self._panel.sums.outerjoin(self._tables.off, same)

    def _without(self) -> sa.Select[Any]:
        """Return the panel's sums without who has no level, and without the levels of the others."""
        s, o, m = self._panel.sums.c, self._tables.off.c, self._tables.moved.c
        none = sa.literal(0.0, sa.Double)
        rows, num, den, num2, off, kept = (
            sa.func.coalesce(o[name], none)
            for name in ("rows", "num", "den", "num2", "off", "kept")
        )
        left = sa.cast(s.rows - rows, sa.BigInteger)
        size = s.den - den
        cell = sa.and_(m.cohort == s.cohort, m.period == s.period)
        return (
            sa.select(
                *(s.cohort, s.cluster, s.period, left),
                s.num - num - off + kept * m.back,
                size,
                s.num2 - num2 + size * m.spread,
            )
            .select_from(self._joined().join(self._tables.moved, cell))
            .where(s.rows - rows > 0.5)
        )

    def left_out(self) -> int:
        """Take those out of the people behind the panel who have no level; return how many they are."""
        people, level = self._panel.people, self._tables.level
        of_these = people.c.person_id.in_(sa.select(self._tables.going.c.person_id))
        unknown = ~sa.exists().where(level.c.person_id == people.c.person_id)
        without = sa.and_(self._compared(people), of_these, unknown)
        count = sa.select(sa.func.count(sa.distinct(people.c.person_id))).where(without)
        found = int(self._conn.execute(count).scalar_one())
        self._conn.execute(sa.delete(people).where(without))
        return found


def _stand_ins(cohort: IntArray, cells: FloatArray, of_pool: dict[int, float]) -> FloatArray:
    """Return, for each cell, the level of its cohort: of who is always there, else the others' mean."""
    starts, at = np.unique(cohort, return_inverse=True)
    off, kept = (np.bincount(at, cells[:, column]) for column in (4, 5))
    mean = off / np.where(kept > 0, kept, 1.0)
    return np.array([of_pool.get(int(g), mean[n]) for n, g in enumerate(starts)])[at]
