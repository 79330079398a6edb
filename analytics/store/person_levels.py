"""What people's own level does to the mean of a team or a side, where they come and go: in SQL.

The rule is that of `analytics.estimators.levels`. A person's level comes from the months before
whatever team they were in then had started; so who moves has one level, and stands in each team
beyond or below what is usual there. The observations are gone through three times, in the database but
for the course of the months, for which a block of people is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.levels import are_followed
from analytics.store.adding import Rows
from analytics.store.courses import course_of
from analytics.store.observed import Observed
from analytics.store.stage import add, fill, refill, temporary_table

if TYPE_CHECKING:
    from analytics.store.panel import SqlPanel

_AT_ONCE = 20_000


def take_levels_off(panel: SqlPanel, observed: Observed) -> int | None:
    """Take people's levels off a panel that nothing has been asked of; return how many have none.

    They were never seen before their team had started, and are no longer in the panel. Where everybody
    is there all the time, or people are not followed from before to after, it stays as it is: None.
    """
    seen = _months(panel)
    if panel.measure.grain == "team" or _is_whole(panel, seen):
        return None
    rows = panel.observations(observed.rows()).cte("observations")
    course = course_of(_untrained(panel, rows), seen)
    if course is None:
        return None
    with _tables(panel) as (usual, level, levelled, moved):
        fill(panel.conn, usual, zip(seen.tolist(), course.tolist(), strict=True))
        add(panel.conn, level, _levels(panel, rows, usual))
        add(panel.conn, levelled, _levelled(panel, rows, level))
        if not _are_followed(panel, levelled):
            return None
        fill(panel.conn, moved, _moved(panel, levelled))
        refill(panel.conn, panel.sums, _with_means_of_cohorts(levelled, moved))
        return _left_out(panel, level)


@contextmanager
def _tables(panel: SqlPanel) -> Iterator[tuple[sa.Table, ...]]:
    """Yield the usual course, people's levels, sums without them, and what that moves in each cell."""
    name = panel.measure.metric_id
    period, cohort = _key("period"), _key("cohort")
    sums = [c._copy() for c in panel.sums.c]
    tables = (
        temporary_table(f"usual_{name}", _key("period"), sa.Column("usual", sa.Double)),
        temporary_table(
            f"level_{name}", _key("person_id", sa.BigInteger), sa.Column("level", sa.Double)
        ),
        temporary_table(f"levelled_{name}", *sums, sa.Column("off", sa.Double)),
        temporary_table(
            f"moved_{name}",
            *(cohort, period),
            *(sa.Column(part, sa.Double) for part in ("back", "spread")),
        ),
    )
    for table in tables:
        table.create(panel.conn, checkfirst=False)
    yield tables
    for table in tables:
        table.drop(panel.conn, checkfirst=False)


def _key(name: str, kind: type[sa.Integer] = sa.Integer) -> sa.Column[int]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _months(panel: SqlPanel) -> IntArray:
    months = sa.select(panel.sums.c.period).distinct().order_by(panel.sums.c.period)
    return np.array(panel.conn.execute(months).scalars().all(), np.int64)


def _is_whole(panel: SqlPanel, seen: IntArray) -> bool:
    """Return whether everybody is there in every month, in one cohort."""
    rows = panel.conn.execute(sa.select(sa.func.sum(panel.sums.c.rows))).scalar_one() or 0
    people = panel.conn.execute(sa.select(sa.func.count()).select_from(panel.people)).scalar_one()
    return int(rows) == people * len(seen)


def _compared(panel: SqlPanel, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return which rows are compared: not those of whom was trained before the first month."""
    return rows.c.cohort > panel.first


def _before(panel: SqlPanel, rows: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(_compared(panel, rows), rows.c.period < rows.c.cohort)


def _untrained(panel: SqlPanel, rows: sa.FromClause) -> Iterator[Rows]:
    """Yield the untrained observations, person by person."""
    o = rows.c
    ordered = (
        sa.select(o.person_id, o.period, o.num, o.den)
        .where(_before(panel, rows))
        .order_by(o.person_id, o.period)
        .execution_options(yield_per=_AT_ONCE)
    )
    for part in panel.conn.execute(ordered).partitions():
        person, period, num, den = zip(*part, strict=True)
        people = np.array(person, np.int64)
        yield Rows(
            np.zeros_like(people),
            people,
            np.array(period, np.int64),
            np.array(num, np.float64),
            np.array(den, np.float64),
        )


def _levels(panel: SqlPanel, rows: sa.FromClause, usual: sa.Table) -> sa.Select[Any]:
    o = rows.c
    off = sa.func.sum(o.num - o.den * usual.c.usual)
    joined = rows.join(usual, usual.c.period == o.period)
    return (
        sa.select(o.person_id, off.op("/")(sa.func.sum(o.den)))
        .select_from(joined)
        .where(_before(panel, rows))
        .group_by(o.person_id)
    )


def _levelled(panel: SqlPanel, rows: sa.FromClause, level: sa.Table) -> sa.Select[Any]:
    """Return the sums of who has a level, and what their levels come to."""
    o, own = rows.c, level.c.level
    key = (o.cohort, o.cluster, o.period)
    nothing = sa.literal(0.0, sa.Double)
    taken = sa.case((_compared(panel, rows), own), else_=nothing)
    return (
        sa.select(
            *key,
            sa.func.count(),
            sa.func.sum(o.num),
            sa.func.sum(o.den),
            sa.func.sum((o.num * o.num).op("/")(o.den)),
            sa.func.sum(o.den * taken),
        )
        .select_from(rows.outerjoin(level, level.c.person_id == o.person_id))
        .where(sa.or_(own.is_not(None), sa.not_(_compared(panel, rows))))
        .group_by(*key)
    )


def _are_followed(panel: SqlPanel, levelled: sa.Table) -> bool:
    def trained(sums: sa.Table) -> float:
        after = sa.and_(_compared(panel, sums), sums.c.period >= sums.c.cohort)
        total = sa.select(sa.func.sum(sums.c.rows)).where(after)
        return float(panel.conn.execute(total).scalar_one() or 0)

    return are_followed(trained(levelled), trained(panel.sums))


def _moved(panel: SqlPanel, levelled: sa.Table) -> Iterator[tuple[int, int, float, float]]:
    """Yield cohort and period, the mean level of the cohort, and by how much the squares then differ.

    The spread about a cell's mean is to be that of the observations as they are.
    """
    c = levelled.c
    sums = [sa.func.sum(part) for part in (c.num, c.den, c.off)]
    query = sa.select(c.cohort, c.period, *sums).group_by(c.cohort, c.period)
    cells = panel.conn.execute(query.order_by(c.cohort, c.period)).all()
    found = np.array([row[2:] for row in cells], np.float64).reshape(-1, 3)
    cohort = np.array([row[0] for row in cells], np.int64)
    back = _mean_levels(cohort, found)
    num, den, off = found.T
    mean = num / den
    moved = (num - off) / den + back
    for row, mean_level, spread in zip(cells, back, moved**2 - mean**2, strict=True):
        yield int(row[0]), int(row[1]), float(mean_level), float(spread)


def _mean_levels(cohort: IntArray, cells: FloatArray) -> FloatArray:
    """Return, for each cell, the mean level in its cohort."""
    _, at = np.unique(cohort, return_inverse=True)
    den, off = (np.bincount(at, cells[:, column]) for column in (1, 2))
    return np.asarray((off / den)[at])


def _with_means_of_cohorts(levelled: sa.Table, moved: sa.Table) -> sa.Select[Any]:
    c, m = levelled.c, moved.c
    same = sa.and_(m.cohort == c.cohort, m.period == c.period)
    return sa.select(
        *(c.cohort, c.cluster, c.period, c.rows),
        c.num - c.off + c.den * m.back,
        c.den,
        c.num2 + c.den * m.spread,
    ).select_from(levelled.join(moved, same))


def _left_out(panel: SqlPanel, level: sa.Table) -> int:
    """Take those out of the people behind the panel who have no level; return how many they are."""
    people = panel.people
    without = sa.and_(
        _compared(panel, people), people.c.person_id.not_in(sa.select(level.c.person_id))
    )
    count = sa.select(sa.func.count(sa.distinct(people.c.person_id))).where(without)
    found = int(panel.conn.execute(count).scalar_one())
    panel.conn.execute(sa.delete(people).where(without))
    return found
