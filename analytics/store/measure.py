"""How the records of one metric become one observation a person (or team) and month.

A count per something, or a share, is the sum of its numerators over the sum of its denominators; a
count without one, and what happens to a person once, is counted per month at work; a measured value
is the month's mean. Events (records without a period) leave no record when nothing happened, so a
month at work without one counts as 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from analytics.store.schema import calendar
from connectors.store.schema import outcome

Form = Literal["ratio", "count", "mean"]
Grain = Literal["person", "team"]

LONGEST_PERIOD = 45
"""Days: a quarter's figure says nothing about its months, so longer periods stay out."""

_AMOUNT = sa.func.coalesce(outcome.c.numerator, outcome.c.value)
# A period counts in the month its middle lies in.
_MIDDLE = outcome.c.day_no + sa.func.coalesce(outcome.c.period_days, 0).op("/")(2)
KEPT_AS = "2"
"""How what is read is kept; what was kept in another way is made anew."""

_LOOK = 2_000
_MUCH = 4
"""A metric with one in so many of all records, or more, is read by reading all."""
_COUNTED = {"count", "rate", "absence"}


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric as it lies in the outcome table."""

    tenant_id: int
    metric_id: int
    form: Form
    grain: Grain
    events: bool
    scanned: bool = False
    """Whether the records are read in the order they lie in, past those of other metrics."""

    first: int | None = None
    last: int | None = None
    """The months that are looked at; None: all."""

    units: tuple[int, int] | None = None
    """The first and the last number of whose records are looked at; None: all."""

    @property
    def read_as(self) -> str:
        """Return how records become observations, as text: what is kept was made in this way."""
        return f"{KEPT_AS} {self.form} {self.grain} {'events' if self.events else 'periods'}"

    def between(self, first: int, last: int) -> Measure:
        """Return the same of some months, which are looked up."""
        return replace(self, first=first, last=last, scanned=False)

    def of_units(self, first: int, last: int) -> Measure:
        """Return the same of some units, by their numbers."""
        return replace(self, units=(first, last))

    @property
    def counts_events(self) -> bool:
        """Return whether records are events, of which a month may have none."""
        return self.form == "count" and self.events

    @property
    def fills_zero(self) -> bool:
        """Return whether a person's month at work without a record is a count of nothing."""
        return self.counts_events and self.grain == "person"

    @property
    def unit(self) -> sa.ColumnElement[int]:
        """Return the column that says whose record it is."""
        return outcome.c.person_id if self.grain == "person" else outcome.c.unit_id

    def by_month(self) -> sa.Select[Any]:
        """Return unit, period, num and den: one row a unit and month that has records."""
        records = self._records().cte("records")
        num, den = self._sums(records)
        key = (records.c.unit_id, records.c.period)
        rows = sa.select(*key, num.label("num"), den.label("den")).group_by(*key)
        if self.form == "ratio":
            rows = rows.having(sa.func.sum(records.c.denominator) > 0)
        return rows

    def one_by_one(self) -> sa.Select[Any]:
        """Return the same where no unit has two records in a month: each as it lies, nothing sorted."""
        records = self._records().cte("records")
        own, one = records.c, sa.literal(1.0, sa.Double)
        if self.form == "ratio":
            rows = sa.select(own.unit_id, own.period, own.amount.label("num"))
            return rows.add_columns(own.denominator.label("den")).where(own.denominator > 0)
        return sa.select(own.unit_id, own.period, own.amount.label("num"), one.label("den"))

    def singly(self) -> sa.Select[Any]:
        """Return unit, day, amount and, of a share, of how many: one row a record, as it lies."""
        share = [sa.func.coalesce(outcome.c.denominator, 0)] if self.form == "ratio" else []
        return self._where(sa.select(self.unit, _MIDDLE, _AMOUNT, *share).select_from(outcome))

    def bits(self, first: int) -> sa.Select[Any]:
        """Return unit, 1, and the bit of its month, counted from ``first``: one row a record.

        A record that is no observation by itself has no bit.
        """
        records = self._records().cte("records")
        one = sa.literal(1, sa.BigInteger)
        bit: sa.ColumnElement[int] = one.bitwise_lshift(records.c.period - first)
        if self.form == "ratio":
            bit = sa.case((records.c.denominator > 0, bit), else_=0)
        return sa.select(records.c.unit_id, one.label("records"), bit.label("months")).where(
            sa.true()
        )

    def days(self) -> sa.Select[Any]:
        """Return the days on which there is a record, in order."""
        days = self._where(sa.select(outcome.c.day_no).select_from(outcome))
        return days.distinct().order_by(outcome.c.day_no)

    def reach(self) -> sa.Select[Any]:
        """Return the first and the last month that a record of the metric can lie in."""
        months = sa.select(sa.func.min(calendar.c.month_ix), sa.func.max(calendar.c.month_ix))
        if self.first is not None:
            return months.where(calendar.c.month_ix.between(self.first, self.last))
        own = (outcome.c.tenant_id == self.tenant_id, outcome.c.metric_id == self.metric_id)
        days = (
            sa.select(sa.func.min(outcome.c.day_no)).where(*own).scalar_subquery(),
            sa.select(sa.func.max(outcome.c.day_no) + LONGEST_PERIOD // 2)
            .where(*own)
            .scalar_subquery(),
        )
        return months.where(calendar.c.day_no.between(*days))

    def touched_by(self, runs: sa.Select[Any]) -> sa.Select[Any]:
        """Return the months in which one of these imports wrote, or took back, a record."""
        of_metric = (_tenant(self.tenant_id, self.scanned), outcome.c.metric_id == self.metric_id)
        by = sa.or_(outcome.c.run_id.in_(runs), outcome.c.superseded_run.in_(runs))
        days = sa.select(_MIDDLE.label("day_no")).where(*of_metric, by).distinct().cte("days")
        months = sa.select(calendar.c.month_ix).join(days, days.c.day_no == calendar.c.day_no)
        return months.distinct()

    def _records(self) -> sa.Select[Any]:
        records = sa.select(
            self.unit.label("unit_id"),
            calendar.c.month_ix.label("period"),
            _AMOUNT.label("amount"),
            outcome.c.denominator,
        ).select_from(outcome.join(calendar, calendar.c.day_no == _MIDDLE))
        if self.first is not None:
            records = records.where(calendar.c.month_ix.between(self.first, self.last))
        return self._where(records)

    def _where(self, records: sa.Select[Any]) -> sa.Select[Any]:
        """Select the usable records of the units and days that are looked at."""
        usable = _usable(self.tenant_id, self.metric_id, self.scanned)
        records = records.where(*usable, _whole(self.grain))
        if self.units is not None:
            records = records.where(self.unit.between(*self.units))
        if self.first is None or self.last is None:
            return records
        # Said of the first day, too, for by that are records found.
        earliest, latest = sa.func.min(calendar.c.day_no), sa.func.max(calendar.c.day_no)
        low, high = (
            sa.select(end).where(calendar.c.month_ix == month).scalar_subquery()
            for end, month in ((earliest - LONGEST_PERIOD // 2, self.first), (latest, self.last))
        )
        return records.where(outcome.c.day_no.between(low, high))

    def _sums(self, records: sa.CTE) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
        one = sa.literal(1.0, sa.Double)
        if self.form == "ratio":
            return sa.func.sum(records.c.amount), sa.func.sum(records.c.denominator)
        if self.form == "count":
            return sa.func.sum(records.c.amount), one
        return sa.func.avg(records.c.amount), one


def measure(conn: sa.Connection, tenant_id: int, metric_id: int, kind: str) -> Measure | None:
    """Look at a metric's records and say how to read them; None when it has none that can be used."""
    found = conn.execute(_looked_at(tenant_id, metric_id)).one()
    if not found.n:
        return None
    form: Form = "mean"
    if found.with_denominator:
        form = "ratio"
    elif kind in _COUNTED or (kind == "time_to_event" and found.largest <= 1):
        form = "count"
    grain: Grain = "person" if found.of_people * 2 >= found.n else "team"
    return Measure(tenant_id, metric_id, form, grain, not found.with_period)


def quickest(conn: sa.Connection, measure: Measure) -> Measure:
    """Return how to read all records of a metric: past those of others where it has a good part.

    SQLite would look each up by the index, which costs five times as much as reading all.
    """
    if conn.dialect.name != "sqlite" or measure.first is not None:
        return measure
    of_metric = (
        outcome.c.tenant_id == measure.tenant_id,
        outcome.c.metric_id == measure.metric_id,
    )
    every = sa.select(sa.func.coalesce(sa.func.max(outcome.c.id), 0))
    much = int(conn.execute(every).scalar_one()) // _MUCH
    enough = sa.select(outcome.c.day_no).where(*of_metric).limit(much).subquery()
    found = int(conn.execute(sa.select(sa.func.count()).select_from(enough)).scalar_one())
    return replace(measure, scanned=0 < much == found)


def _looked_at(tenant_id: int, metric_id: int) -> sa.Executable:
    """Count what the oldest and the newest records carry; a metric keeps its form."""
    columns = (
        outcome.c.person_id,
        outcome.c.denominator,
        outcome.c.period_days,
        _AMOUNT.label("amount"),
    )
    usable = sa.select(*columns).where(*_usable(tenant_id, metric_id))
    ends = [
        usable.order_by(order).limit(_LOOK).subquery().select()
        for order in (outcome.c.day_no, outcome.c.day_no.desc())
    ]
    seen = sa.union_all(*ends).cte("seen")
    return sa.select(
        sa.func.count().label("n"),
        sa.func.count(seen.c.person_id).label("of_people"),
        sa.func.count(seen.c.denominator).label("with_denominator"),
        sa.func.count(seen.c.period_days).label("with_period"),
        sa.func.max(seen.c.amount).label("largest"),
    )


def _tenant(tenant_id: int, scanned: bool) -> sa.ColumnElement[bool]:
    # A sum is not looked up by the index.
    return (outcome.c.tenant_id + 0 if scanned else outcome.c.tenant_id) == tenant_id


def _usable(
    tenant_id: int, metric_id: int, scanned: bool = False
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _tenant(tenant_id, scanned),
        outcome.c.metric_id == metric_id,
        outcome.c.superseded_run.is_(None),
        _AMOUNT.is_not(None),
        sa.or_(outcome.c.period_days.is_(None), outcome.c.period_days <= LONGEST_PERIOD),
    )


def _whole(grain: Grain) -> sa.ColumnElement[bool]:
    """Select one grain: a record that names a person is the person's, whatever team it names too."""
    if grain == "person":
        return outcome.c.person_id.is_not(None)
    return sa.and_(outcome.c.person_id.is_(None), outcome.c.unit_id.is_not(None))
