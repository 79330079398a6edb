"""A panel over rows in memory: the same two passes that the record store answers in SQL."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.panel import Scores


class Rows(Protocol):
    """Columns of rows, by their names."""

    def __getitem__(self, name: str, /) -> npt.ArrayLike:
        """Return a column."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Return whether there is such a column."""
        ...


class RowPanel:
    """A `Panel` over rows of unit, period, cohort, cluster, num and den.

    ``cluster`` is the unit when the table names none, ``den`` is 1. ``shift`` is taken off num, which
    moves the means and leaves the spread about them. Rows of one cluster, cohort and
    period are added up once, so each pass afterwards costs the size of the clusters, not the rows.
    """

    def __init__(self, rows: Rows) -> None:
        unit = np.asarray(rows["unit"])
        cluster = np.asarray(rows["cluster"]) if "cluster" in rows else unit
        num = np.asarray(rows["num"], np.float64)
        den = np.asarray(rows["den"], np.float64) if "den" in rows else np.ones(len(num))
        shift = np.asarray(rows["shift"], np.float64) if "shift" in rows else None
        self.cohorts, cohort = _places(np.asarray(rows["cohort"], np.int64))
        self.periods, period = _places(np.asarray(rows["period"], np.int64))
        self._cell = cohort * len(self.periods) + period
        self._shape = (len(self.cohorts), len(self.periods))
        self._sums = tuple(self._total(values) for values in (num, den, _spread(num, den)))
        if shift is not None:
            num = num - shift
            self._sums = _shifted(self._sums, self._total(num))
        self._rows = np.bincount(self._cell, minlength=self._cells_count)
        units, own = _places(unit)
        pairs = np.unique(cohort * len(units) + own)
        self._people = np.bincount(pairs // max(len(units), 1), minlength=self._shape[0])
        self._keep_clusters(cluster, cohort, period, num, den)

    @property
    def _cells_count(self) -> int:
        return self._shape[0] * self._shape[1]

    def _total(self, values: FloatArray) -> FloatArray:
        total = np.bincount(self._cell, weights=values, minlength=self._cells_count)
        return total.astype(np.float64)

    def _keep_clusters(
        self,
        cluster: npt.NDArray[np.generic],
        cohort: IntArray,
        period: IntArray,
        num: FloatArray,
        den: FloatArray,
    ) -> None:
        names, codes = _places(cluster)
        pairs, pair = np.unique(cohort * len(names) + codes, return_inverse=True)
        self._pair_cohort = pairs // len(names)
        self._pair_name = names[pairs % len(names)]
        slot = pair * self._shape[1] + period
        shape = (len(pairs), self._shape[1])
        size = shape[0] * shape[1]
        self._pair_num = np.bincount(slot, weights=num, minlength=size).reshape(shape)
        self._pair_den = np.bincount(slot, weights=den, minlength=size).reshape(shape)

    def cells(self) -> pd.DataFrame:
        """Return counts and sums by cohort and period."""
        seen = np.flatnonzero(self._rows)
        num, den, num2 = self._sums
        return pd.DataFrame(
            {
                "cohort": self.cohorts[seen // self._shape[1]],
                "period": self.periods[seen % self._shape[1]],
                "rows": self._rows[seen],
                "num": num[seen],
                "den": den[seen],
                "num2": num2[seen],
            }
        )

    def sizes(self) -> pd.DataFrame:
        """Return how many clusters and units each cohort has."""
        clusters = np.bincount(self._pair_cohort, minlength=len(self.cohorts))
        return pd.DataFrame({"cohort": self.cohorts, "clusters": clusters, "people": self._people})

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return, per cohort and cluster, the weighted deviations from the cells' means."""
        names = [c for c in weights.columns if c not in ("cohort", "period", "mean")]
        mean, weight = self._aligned(weights, names)
        values = np.zeros((len(self._pair_cohort), len(names)))
        for at in range(len(self.cohorts)):
            rows = self._pair_cohort == at
            off = self._pair_num[rows] - mean[at] * self._pair_den[rows]
            values[rows] = off @ weight[at]
        return Scores(self.cohorts[self._pair_cohort], self._pair_name, values)

    def _aligned(self, weights: pd.DataFrame, names: list[str]) -> tuple[FloatArray, FloatArray]:
        at = np.searchsorted(self.cohorts, weights["cohort"].to_numpy(np.int64))
        when = np.searchsorted(self.periods, weights["period"].to_numpy(np.int64))
        mean = np.zeros(self._shape)
        mean[at, when] = weights["mean"].to_numpy(np.float64)
        weight = np.zeros((*self._shape, len(names)))
        weight[at, when] = weights[names].to_numpy(np.float64)
        return mean, weight


def _places(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.generic], IntArray]:
    """Return the different values, in order, and the place of each row's among them."""
    different, place = np.unique(values, return_inverse=True)
    return different, place.astype(np.int64)


def _shifted(sums: tuple[FloatArray, ...], moved: FloatArray) -> tuple[FloatArray, ...]:
    """Return the cells' sums with other means and the same spread about them."""
    num, den, num2 = sums
    return moved, den, num2 - _spread(num, den) + _spread(moved, den)


def _spread(num: FloatArray, den: FloatArray) -> FloatArray:
    """Return num²/den, the rows' part of a spread; a row without exposure has none."""
    return np.divide(num * num, den, out=np.zeros_like(num), where=den > 0)
