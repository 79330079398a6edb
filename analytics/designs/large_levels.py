"""What a unit's own level does to the mean of its side, in a table that is too large for memory.

The rule is that of `analytics.estimators.levels`: the course is told from blocks of whole units, and the
levels are taken from it in SQL, so that no more than a block is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.levels import Course, are_followed
from analytics.store.adding import Rows
from analytics.store.columns import numbered
from analytics.store.courses import add_units

if TYPE_CHECKING:
    from analytics.store.columns import Columns, Grains


class LargeLevels:
    """The levels of one outcome's units: ``rows`` has unit, cohort, period, num and den of each row.

    ``shifts`` is then a table of unit and shift, what is to be taken off for each of den; ``left_out``
    is how many units have none.
    """

    def __init__(self, columns: Columns, rows: str, seen: IntArray) -> None:
        self._columns = columns
        self._seen = seen
        self._rows = rows
        self._within, self.shifts = f"{rows}_within", f"{rows}_shifts"
        self._columns.run(
            f"CREATE OR REPLACE TEMP VIEW {self._within} AS "
            f"SELECT *, period < cohort AND den > 0 AS untrained FROM {rows} "
            f"WHERE cohort > {int(seen[0])}"
        )
        self.left_out = 0

    def are_told(self) -> bool:
        """Make the table of shifts, if there is a unit that lacks a period and levels can be told."""
        units, rows, before, trained, without = self._columns.run(
            "SELECT count(*), sum(n), sum(after) FILTER (before > 0), sum(after), "
            "count(*) FILTER (before = 0) FROM (SELECT count(*) AS n, "
            "count(*) FILTER (untrained) AS before, count(*) FILTER (period >= cohort) AS after "
            f"FROM {self._within} GROUP BY unit)"
        )[0]
        if rows == units * len(self._seen) or not are_followed(before or 0, trained or 0):
            return False
        course = Course(len(self._seen))
        add_units(course, self._untrained(), self._seen)
        usual = course.solved()
        if usual is None:
            return False
        self._tell(usual)
        self.left_out = int(without)
        return True

    def _untrained(self) -> Iterator[Rows]:
        ordered = (
            "SELECT cohort, unit AS cluster, period, num, den "
            f"FROM {self._within} WHERE untrained ORDER BY unit, period"
        )
        for columns in numbered(self._columns.batches(ordered)):
            yield Rows(*columns)

    def _tell(self, course: FloatArray) -> None:
        moments = zip(self._seen.tolist(), course.tolist(), strict=True)
        values = ", ".join(f"({period}, {usual!r}::DOUBLE)" for period, usual in moments)
        self._columns.run(
            f"CREATE OR REPLACE TEMP TABLE {self.shifts} AS WITH "
            f"course AS (SELECT * FROM (VALUES {values}) AS c (period, usual)), "
            "own AS (SELECT unit, any_value(cohort) AS cohort, sum(den) AS size, "
            "sum(num - den * usual) FILTER (untrained) / sum(den) FILTER (untrained) AS level "
            f"FROM {self._within} JOIN course USING (period) GROUP BY unit "
            "HAVING count(*) FILTER (untrained) > 0), "
            "means AS (SELECT cohort, sum(size * level) / sum(size) AS mean FROM own GROUP BY cohort) "
            "SELECT unit, level - mean AS shift FROM own JOIN means USING (cohort)"
        )

    def shifted(self, grains: Grains) -> tuple[str, pd.DataFrame]:
        """Return a view of the rows with the shifts taken off, and the sums of its cells in grains.

        The spread about a cell's mean is that of the rows as they are.
        """
        moved = f"{self._rows}_shifted"
        self._columns.run(
            f"CREATE OR REPLACE TEMP VIEW {moved} AS SELECT * EXCLUDE (shift) REPLACE "
            "(num - den * coalesce(shift, 0) AS num), num AS plain "
            f"FROM {self._rows} LEFT JOIN {self.shifts} USING (unit) "
            f"WHERE shift IS NOT NULL OR cohort <= {int(self._seen[0])}"
        )
        names = ["cohort", "period", "rows", "num", "den", "num2", "plain"]
        asked = f"count(*), {', '.join(f'sum({name})' for name in names[3:])}"
        found = self._columns.run(
            f"SELECT cohort, period, {asked} FROM {moved} GROUP BY ALL ORDER BY ALL"
        )
        cells = pd.DataFrame(found, columns=names).astype({"cohort": np.int64, "period": np.int64})
        num, den, plain = (cells[name].to_numpy(np.float64) for name in ("num", "den", "plain"))
        more = np.divide(num**2 - plain**2, den, out=np.zeros_like(num), where=den > 0)
        cells["num2"] += more
        for name in ("num", "den", "num2"):
            cells[name] = np.ldexp(cells[name].to_numpy(np.float64), getattr(grains, name))
        return moved, cells.drop(columns="plain")
