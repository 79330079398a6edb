"""The cells of a panel as arrays, cohort × period, and which of them can serve for what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analytics.estimators.panel import Panel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Sums by cohort (rows) and period (columns), zero where nobody was seen."""

    cohorts: IntArray
    periods: IntArray
    num: FloatArray
    den: FloatArray
    num2: FloatArray
    rows: FloatArray
    clusters: IntArray
    people: IntArray

    @cached_property
    def never(self) -> BoolArray:
        """Return the cohorts that are never trained inside the window."""
        return np.asarray(self.cohorts > self.periods[-1])

    @cached_property
    def always(self) -> BoolArray:
        """Return the cohorts without a period before their start: nothing is learnt from them."""
        seen = self.den > 0
        before = self.periods[None, :] < self.cohorts[:, None]
        return np.asarray(~(seen & before).any(axis=1))

    @cached_property
    def there(self) -> BoolArray:
        """Return the cells that can be used."""
        return np.asarray((self.den > 0) & ~self.always[:, None])

    @cached_property
    def treated(self) -> BoolArray:
        """Return the cells in which the cohort had been trained."""
        return np.asarray(self.there & (self.periods[None, :] >= self.cohorts[:, None]))

    @cached_property
    def untreated(self) -> BoolArray:
        """Return the cells in which the cohort had not been trained yet."""
        return np.asarray(self.there & ~self.treated)

    @cached_property
    def mean(self) -> FloatArray:
        """Return the mean of each cell, zero where there is none."""
        return np.divide(self.num, self.den, out=np.zeros_like(self.num), where=self.den > 0)

    @cached_property
    def last_before(self) -> IntArray:
        """Return, by cohort, the column of the last period seen before its start; -1 for none."""
        before = self.there & (self.periods[None, :] < self.cohorts[:, None])
        last = before.shape[1] - 1 - np.argmax(before[:, ::-1], axis=1)
        return np.where(before.any(axis=1), last, -1).astype(np.int64)

    @cached_property
    def starts(self) -> IntArray:
        """Return the rows of the cohorts that start inside the window and were seen on both sides."""
        inside = ~self.never & ~self.always & self.treated.any(axis=1)
        return np.flatnonzero(inside)

    @cached_property
    def sd(self) -> float:
        """Return the spread of a row's outcome about its cell's mean."""
        within = float((self.num2 - self.num * self.mean)[self.there].sum())
        free = float((self.rows - 1)[self.there].clip(min=0).sum())
        return (max(within, 0.0) / free) ** 0.5 if free > 0 else 0.0


def grid_of(panel: Panel) -> Grid:
    """Return the cells of a panel as arrays."""
    cells, sizes = panel.cells(), panel.sizes()
    cohorts = sizes["cohort"].to_numpy(np.int64)
    periods = np.unique(cells["period"].to_numpy(np.int64))
    at = np.searchsorted(cohorts, cells["cohort"].to_numpy(np.int64))
    when = np.searchsorted(periods, cells["period"].to_numpy(np.int64))
    sums = {}
    for name in ("num", "den", "num2", "rows"):
        sums[name] = np.zeros((len(cohorts), len(periods)))
        sums[name][at, when] = cells[name].to_numpy(np.float64)
    return Grid(
        cohorts=cohorts,
        periods=periods,
        clusters=sizes["clusters"].to_numpy(np.int64),
        people=sizes["people"].to_numpy(np.int64),
        **sums,
    )
