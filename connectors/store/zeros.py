"""Counts what `connectors.model.zeros` asks of a metric's records, newest first and only so many."""

from __future__ import annotations

import sqlalchemy as sa

from connectors.metrics import Metric
from connectors.model.zeros import Tally, counts_from_zero, leaves_out_zeros
from connectors.store.schema import outcome

_LOOK = 1_000
"""Records that mostly show at once that there are zeros."""

_MOST = 500_000
"""Records that are looked at when they do not: two seconds."""

_MONTH = 365.25 / 12


def without_zeros(conn: sa.Connection, tenant_id: int, metric: Metric) -> Tally | None:
    """Return what the records are, where months with nothing seem to be left out of them."""
    if metric.denominator or not counts_from_zero(metric.key, metric.kind):
        return None
    look = _tally(conn, tenant_id, metric, _LOOK)
    if 4 * look.zeros > max(look.expected, look.records / 3 if metric.kind == "absence" else 0):
        return None
    found = _tally(conn, tenant_id, metric, _MOST)
    of_people = metric.kind == "absence" and _is_of_people(conn, tenant_id, metric)
    return found if leaves_out_zeros(found, away=of_people) else None


def _records(tenant_id: int, metric: Metric) -> sa.Select[tuple[object, ...]]:
    c = outcome.c
    # A team's number stands below zero, so that it is nobody's.
    unit = sa.func.coalesce(c.person_id, -c.unit_id).label("unit")
    amount = sa.func.coalesce(c.numerator, c.value).label("amount")
    return (
        sa.select(unit, c.day_no, amount)
        .where(c.tenant_id == tenant_id, c.metric_id == metric.id)
        .where(c.superseded_run.is_(None), c.period_days.is_not(None), c.denominator.is_(None))
        .where(amount.is_not(None))
        .order_by(c.day_no.desc())
    )


def _is_of_people(conn: sa.Connection, tenant_id: int, metric: Metric) -> bool:
    newest = conn.execute(_records(tenant_id, metric).limit(1)).first()
    return newest is not None and int(newest.unit) > 0


def _tally(conn: sa.Connection, tenant_id: int, metric: Metric, most: int) -> Tally:
    r = _records(tenant_id, metric).limit(most).subquery().c
    kinds = (
        r.amount == 0,
        sa.and_(r.amount > 0, r.amount <= 1),
        sa.and_(r.amount > 1, r.amount <= 2),
        r.amount == sa.func.round(r.amount),
    )
    months = sa.func.count(sa.distinct(r.day_no))
    of_unit = sa.select(
        *(sa.func.min(r.day_no), sa.func.max(r.day_no), months, sa.func.count()),
        *(sa.func.count(sa.case((kind, 1))) for kind in kinds),
    ).group_by(r.unit)
    counts, between, gaps = [0] * 5, 0, 0
    for first, last, seen, *own in conn.execute(of_unit):
        counts = [n + more for n, more in zip(counts, own, strict=True)]
        inside = max(round((last - first) / _MONTH) - 1, 0)
        between += inside
        gaps += max(inside - max(seen - 2, 0), 0)
    zeros, ones, twos, whole = counts[1:]
    return Tally(counts[0], zeros, ones, twos, whole, between, gaps)
