"""The two passes as portable SQL: one text for SQLite, PostgreSQL and DuckDB.

All read one table of sums by cohort, cluster and period. Integers, doubles and text only, every column
named, no date functions and no plain division (`scale.md`, "One pipeline, many engines"). What comes
out are figures about cohorts and clusters, never about people.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def text_of(query: sa.ClauseElement) -> str:
    """Return a query as text with its values in it, such as every one of the databases takes."""
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


KEY = ("cohort", "cluster", "period")


def by_cluster(rows: sa.FromClause) -> sa.Select[Any]:
    """Add observations up: the one pass over people. Without ``den`` each has one."""
    o = rows.c
    key = [o[name] for name in KEY]
    den = sa.func.sum(o.den) if "den" in o else sa.cast(sa.func.count(), sa.Double)
    num2 = o.num2 if "num2" in o else (o.num * o.num).op("/")(o.den)
    return sa.select(
        *key,
        sa.func.count().label("rows"),
        sa.func.sum(o.num).label("num"),
        den.label("den"),
        sa.func.sum(num2).label("num2"),
    ).group_by(*key)


def cells(sums: sa.FromClause) -> sa.Select[Any]:
    """Return one row per cohort and period."""
    s = sums.c
    rows = sa.cast(sa.func.sum(s.rows), sa.BigInteger).label("rows")
    totals = (rows, *(sa.func.sum(c).label(c.name) for c in (s.num, s.den, s.num2)))
    key = (s.cohort, s.period)
    return sa.select(*key, *totals).group_by(*key).order_by(*key)


def clusters(sums: sa.FromClause) -> sa.Select[Any]:
    """Return how many clusters each cohort has."""
    s = sums.c
    counted = sa.func.count(sa.distinct(s.cluster)).label("clusters")
    return sa.select(s.cohort, counted).group_by(s.cohort).order_by(s.cohort)


def scores(sums: sa.FromClause, weights: sa.FromClause, count: int) -> sa.Select[Any]:
    """Return, per cohort and cluster, the weighted sums of deviations from the means."""
    s, w = sums.c, weights.c
    deviation = s.num - w.mean * s.den
    # A cluster with no weighted cell is there with 0, not absent: it counts among the clusters.
    nothing = sa.literal(0.0, sa.Double)
    totals = [
        sa.func.coalesce(sa.func.sum(w[f"w{i}"] * deviation), nothing).label(f"w{i}")
        for i in range(count)
    ]
    joined = sums.outerjoin(weights, sa.and_(w.cohort == s.cohort, w.period == s.period))
    key = (s.cohort, s.cluster)
    return sa.select(*key, *totals).select_from(joined).group_by(*key).order_by(*key)


def each(sums: sa.FromClause) -> sa.Select[Any]:
    """Return the sums themselves."""
    s = sums.c
    return sa.select(s.cohort, s.cluster, s.period, s.num, s.den)


def in_order(each: sa.Select[Any]) -> sa.Select[Any]:
    """Return the same, cluster by cluster."""
    s = each.selected_columns
    return each.order_by(s.cohort, s.cluster)


def in_several_cohorts(sums: sa.FromClause) -> sa.Select[Any]:
    """Return how many clusters lie in more than one cohort."""
    s = sums.c
    of = sa.func.min(s.cohort) < sa.func.max(s.cohort)
    crossed = sa.select(s.cluster).group_by(s.cluster).having(of).subquery("crossed")
    return sa.select(sa.func.count().label("crossed")).select_from(crossed)
