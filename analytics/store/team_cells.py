"""What a team's people come to in a month: an outcome added up, whatever path is asked about.

Which cohort a team is in depends on the path; its cells do not. So they are kept (`kept`), and what is
kept is read where it is as new as the imports.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import stage
from analytics.store.measure import Measure
from analytics.store.observed import Observed
from analytics.store.stage import add_up, numbered_table

_PLACES = 4_096
"""Months that a team's place number has room for."""


class AtWork(NamedTuple):
    """Observations of people in months that they were at work."""

    table: sa.FromClause
    period: sa.ColumnElement[int]
    num: sa.ColumnElement[float]
    den: sa.ColumnElement[float]
    within: sa.ColumnElement[bool]


def at_work(
    measure: Measure, seen: sa.FromClause, spells: sa.Table, first: int, last: int
) -> AtWork:
    """Join observations to spells at work, from one month to another.

    Where a month without a record is a count of nothing, every month at work is one.
    """
    s, o = spells.c, seen.c
    if not measure.fills_zero:
        there = sa.and_(s.person_id == o.unit_id, s.from_ix <= o.period, s.to_ix > o.period)
        within = o.period.between(first, last)
        return AtWork(seen.join(spells, there), o.period, o.num, o.den, within)
    months = stage.month_numbers(first, last)
    period = months.c.period
    there = sa.and_(s.from_ix <= period, s.to_ix > period)
    counted = sa.and_(o.unit_id == s.person_id, o.period == period)
    return AtWork(
        spells.join(months, there).outerjoin(seen, counted),
        period,
        sa.func.coalesce(o.num, sa.literal(0.0, sa.Double)).label("num"),
        sa.literal(1.0, sa.Double).label("den"),
        sa.true(),
    )


@contextmanager
def team_cells(observed: Observed, first: int, last: int) -> Iterator[sa.FromClause]:
    """Yield an outcome of people by team and month: unit_id, period, rows, num, den and num2."""
    if observed.kept is not None:
        yield observed.kept.cells(first, last, observed.teams)
        return
    added = _added(observed, first, last)
    yield _parted(added)
    added.drop(observed.conn, checkfirst=False)


def _added(observed: Observed, first: int, last: int) -> sa.Table:
    measure = observed.measure
    by_share = measure.form == "ratio"
    names = ("rows", "num", "num2", *(["den"] if by_share else []))
    added = numbered_table(
        f"added_{measure.metric_id}",
        "place",
        *(sa.Column(name, sa.Double if name != "rows" else sa.BigInteger) for name in names),
    )
    added.create(observed.conn, checkfirst=False)
    member = stage.member
    there = at_work(measure, observed.rows(), member, first, last)
    rows = (
        sa.select(member.c.unit_id, there.period, there.num, there.den)
        .select_from(there.table)
        .where(there.within)
    )
    o = rows.cte("observations").c
    each: dict[str, sa.ColumnElement[Any]] = {
        "place": sa.cast(o.unit_id, sa.BigInteger) * _PLACES + o.period,
        "rows": sa.literal(1, sa.BigInteger),
        "num": o.num,
        "num2": (o.num * o.num).op("/")(o.den) if by_share else o.num * o.num,
        "den": o.den,
    }
    chosen = sa.select(*(each[c.name].label(c.name) for c in added.c)).where(sa.true())
    add_up(observed.conn, added, chosen)
    return added


def _parted(added: sa.Table) -> sa.FromClause:
    a = added.c
    den = a.den if "den" in a else sa.cast(a.rows, sa.Double).label("den")
    return sa.select(
        a.place.op("/")(_PLACES).label("unit_id"),
        (a.place % _PLACES).label("period"),
        *(a.rows, a.num, den, a.num2),
    ).cte("parted")
