"""What people's own level does to the mean of a team and its side, where they come and go.

The rule is that of `analytics.estimators.levels`, at the cost of those who come and go. Whoever is in one
team all the time moves no mean, and stands for their cohort: together they are one unit whose level
is that of the cohort. Of all others each one's level, from the months before whatever team they were in
had started, is put in its place. Their observations alone are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.levels import Course, are_followed
from analytics.store import stage
from analytics.store.courses import levels_of
from analytics.store.observed import Observed
from analytics.store.stage import add, add_once, fill, refill, temporary_table
from analytics.store.team_going import Going, going_of

if TYPE_CHECKING:
    from analytics.store.team_panel import TeamPanel

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
        going = going_of(observed, sa.select(tables.going.c.person_id), panel.first, panel.last)
        taken = _Levels(panel, tables, going, first=int(seen[0]))
        return taken.left_out() if taken.are_told() else None


class _Tables(NamedTuple):
    """Who comes and goes, who of them has no level, what to take off, by how much cells move, the rest."""

    going: sa.Table
    lost: sa.Table
    off: sa.Table
    moved: sa.Table
    sums: sa.Table


@contextmanager
def _tables(panel: TeamPanel) -> Iterator[_Tables]:
    def made(name: str, *columns: sa.Column[Any]) -> sa.Table:
        return temporary_table(f"{name}_{panel.measure.metric_id}", *columns)

    tables = _Tables(
        going=made("going", _key("person_id", sa.BigInteger)),
        lost=made("lost", _key("person_id", sa.BigInteger)),
        off=made(
            "off",
            *(_key(name, sa.BigInteger) for name in ("cohort", "cluster", "period")),
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


class _Levels:
    """The levels of a panel's people who come and go."""

    def __init__(self, panel: TeamPanel, tables: _Tables, going: Going, *, first: int) -> None:
        self._panel = panel
        self._conn = panel.conn
        self._tables = tables
        self._going = going
        self._first = first
        self._level = np.zeros(0)

    def are_told(self) -> bool:
        """Put the panel's sums without the levels in the place of those there are, if they can be told."""
        t, going, first = self._tables, self._going, self._first
        cohorts, num, den = self._always_there()
        before = (cohorts[:, None] > first) & (going.months < cohorts[:, None])
        course = Course(len(going.months))
        pool = np.where(before, den, 0.0), np.where(before, num, 0.0)
        course.add(*pool)
        for own in going.untrained(first):
            course.add(*own)
        usual = course.solved()
        if usual is None:
            return False
        self._level = levels_of(going.untrained(first), usual)
        off = going.to_take_off(first, self._level)
        after = sa.and_(self._panel.sums.c.cohort > first, _trained(self._panel.sums))
        every = sa.select(sa.func.sum(self._panel.sums.c.rows)).where(after)
        trained = float(self._conn.execute(every).scalar_one() or 0)
        if not are_followed(trained - off.trained, trained):
            return False
        fill(self._conn, t.off, off.rows)
        pools = zip(cohorts.tolist(), levels_of([pool], usual).tolist(), strict=True)
        of_pool = {cohort: level for cohort, level in pools if not math.isnan(level)}
        fill(self._conn, t.moved, self._moved(of_pool))
        add(self._conn, t.sums, self._without())
        refill(self._conn, self._panel.sums, sa.select(*t.sums.c))
        return True

    def _always_there(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the cohorts, and num and den by cohort and month, of those who are always there."""
        c, months = self._panel.sums.c, self._going.months
        query = sa.select(c.cohort, c.period, sa.func.sum(c.num), sa.func.sum(c.den))
        cells = self._conn.execute(query.group_by(c.cohort, c.period)).all()
        cohorts = np.unique([row[0] for row in cells])
        every = np.zeros((2, len(cohorts), len(months)))
        at = np.searchsorted(cohorts, [row[0] for row in cells])
        every[:, at, [row[1] - months[0] for row in cells]] = np.array([row[2:] for row in cells]).T
        num, den = every - self._going.sums(cohorts)
        there = den > _ROUNDING * every[1]  # of what is left where nobody is
        return cohorts, np.where(there, num, 0.0), np.where(there, den, 0.0)

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
        people, lost = self._panel.people, self._tables.lost
        unknown = self._going.people[np.isnan(self._level)].tolist()
        fill(self._conn, lost, zip(unknown))
        of_these = people.c.person_id.in_(sa.select(lost.c.person_id))
        without = sa.and_(people.c.cohort > self._first, of_these)
        count = sa.select(sa.func.count(sa.distinct(people.c.person_id))).where(without)
        found = int(self._conn.execute(count).scalar_one())
        self._conn.execute(sa.delete(people).where(without))
        return found


def _trained(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    return rows.c.period >= rows.c.cohort


def _stand_ins(cohort: IntArray, cells: FloatArray, of_pool: dict[int, float]) -> FloatArray:
    """Return, for each cell, the level of its cohort: of who is always there, else the others' mean."""
    starts, at = np.unique(cohort, return_inverse=True)
    off, kept = (np.bincount(at, cells[:, column]) for column in (4, 5))
    mean = off / np.where(kept > 0, kept, 1.0)
    return np.array([of_pool.get(int(g), mean[n]) for n, g in enumerate(starts)])[at]
