"""What teams come to by month, as columns in the order of cohorts, teams and months."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import sqlalchemy as sa

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.panel import NEVER
from analytics.store.adding import Rows
from analytics.store.numbers import numbers
from analytics.store.person_months import Starts

_AT_ONCE = 20_000
"""Rows that pass by at once: sums of a team's rows are added in this order, whoever made them."""


class TeamSums(NamedTuple):
    """Sums, one line a team and month that anything was observed in."""

    cohort: IntArray
    cluster: IntArray
    period: IntArray
    rows: FloatArray
    num: FloatArray
    den: FloatArray
    num2: FloatArray

    def at(self, which: BoolArray | IntArray | slice) -> TeamSums:
        """Return some lines, or all in another order."""
        key = self.cohort[which], self.cluster[which], self.period[which]
        return TeamSums(*key, self.rows[which], self.num[which], self.den[which], self.num2[which])

    def in_order(self) -> Iterator[Rows]:
        """Yield the lines, so many at once."""
        for at in range(0, len(self.cohort), _AT_ONCE):
            some = slice(at, at + _AT_ONCE)
            key = self.cohort[some], self.cluster[some], self.period[some]
            yield Rows(*key, self.num[some], self.den[some])

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period."""
        by_cell = Cells(self)
        return pd.DataFrame(
            {
                "cohort": by_cell.cohort,
                "period": by_cell.period,
                "rows": by_cell.sum(self.rows).astype(np.int64),
                "num": by_cell.sum(self.num),
                "den": by_cell.sum(self.den),
                "num2": by_cell.sum(self.num2),
            }
        )

    def clusters(self) -> tuple[IntArray, IntArray]:
        """Return the cohorts, and how many teams each has."""
        first = np.ones(len(self.cohort), bool)
        first[1:] = (np.diff(self.cluster) != 0) | (np.diff(self.cohort) != 0)
        return np.unique(self.cohort[first], return_counts=True)


class Cells:
    """The cohorts and months there are sums of, one after another."""

    def __init__(self, sums: TeamSums) -> None:
        first = int(sums.period.min(initial=NEVER))
        width = int(sums.period.max(initial=0)) - first + 1 if len(sums.period) else 1
        cohorts, of = np.unique(sums.cohort, return_inverse=True)
        known, self.of = np.unique(of * width + sums.period - first, return_inverse=True)
        self.cohort, self.period = cohorts[known // width], known % width + first

    def sum(self, column: FloatArray) -> FloatArray:
        """Return what a column of the sums comes to in each cell."""
        return np.bincount(self.of, column, len(self.cohort)).astype(np.float64)


def team_sums(conn: sa.Connection, query: sa.Select[Any], starts: Starts) -> TeamSums:
    """Read unit_id, period, rows, num, den and num2, and put teams into the cohort of their start."""
    columns = _columns(conn, query)
    cluster, period = (columns.pop(0).astype(np.int64) for _ in range(2))
    cohort = starts.of(cluster)
    order = np.lexsort((period, cluster, cohort))
    key = cohort[order], cluster[order], period[order]
    rows, num, den, num2 = (columns.pop(0)[order] for _ in range(4))
    return TeamSums(*key, rows, num, den, num2)


def _columns(conn: sa.Connection, query: sa.Select[Any]) -> list[FloatArray]:
    """Return the columns of a query, read into their places: a second time would take as much room."""
    lines = sa.select(sa.func.count()).select_from(query.subquery("counted"))
    size = int(conn.execute(lines).scalar_one())
    columns = [np.empty(size) for _ in query.selected_columns]
    begin = 0
    for part in numbers(conn, query):
        for column, own in zip(columns, part.T, strict=True):
            column[begin : begin + len(own)] = own
        begin += len(part)
    return columns
