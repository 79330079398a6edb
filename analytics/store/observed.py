"""Stages one metric as one observation a unit and month, so that its records are read once a report."""

from __future__ import annotations

import sqlalchemy as sa

from analytics.store.measure import Measure
from analytics.store.stage import refill, temporary_table


class Observed:
    """A metric's observations, in a short-lived table of unit, period, num and den."""

    def __init__(self, conn: sa.Connection, measure: Measure) -> None:
        self.conn = conn
        self.measure = measure
        self.table = temporary_table(
            f"observed_{measure.metric_id}",
            sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("period", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("num", sa.Double),
            sa.Column("den", sa.Double),
        )
        self.table.create(conn, checkfirst=False)
        refill(conn, self.table, measure.by_month())

    def coverage(self) -> dict[int, int]:
        """Return how many units have records in each month."""
        period = self.table.c.period
        counts = sa.select(period, sa.func.count().label("units")).group_by(period).order_by(period)
        return {row.period: row.units for row in self.conn.execute(counts)}

    def drop(self) -> None:
        """Give back the room."""
        self.table.drop(self.conn, checkfirst=False)
