"""Standard errors of weighted sums of cell means, clustered at the level of assignment.

Neyman's variance, cohort by cohort with G/(G−1), when clusters nest in cohorts, as they do when
whole teams are sent; Satterthwaite's degrees of freedom. Clusters that spread over cohorts are added
up first. Cohorts of one cluster have no spread of their own: they are taken together as one
stratum, each measured from what cohort, period and time since the start lead one to expect of it.

One pass over the rows gives each cluster's deviations by period; the error of any estimate follows.
Where clusters are too many to list, their sums and products are enough (`moments`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from analytics.estimators import fits
from analytics.estimators.counting import how_many
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray
from analytics.estimators.moments import LISTED, Moments, Summing
from analytics.estimators.panel import Panel

_MOST_OF_ALL = 0.95
"""Share of a cohort from which a single cluster is all that is known of it."""
_ROUNDING = 1e-13
"""Share of what is summed below which an error is none."""


class Spread(Protocol):
    """How clusters differ within their cohorts: all that an error needs."""

    @property
    def grid(self) -> Grid:
        """Return the cells."""
        ...

    @property
    def pooled(self) -> FloatArray:
        """Return the covariance over periods of a cluster's mean within its cohort."""
        ...

    def covariance(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the covariance of the estimates, and the degrees of freedom of each."""
        ...

    def clusters_in(self, cohorts: BoolArray) -> int:
        """Return how many clusters lie in some cohorts: one that lies in several is one."""
        ...


@dataclass(frozen=True)
class SummedDeviations:
    """Every cluster in one cohort, and known by its cohort's sums and products alone."""

    grid: Grid
    moments: Moments

    @cached_property
    def pooled(self) -> FloatArray:
        """Return the covariance over periods of a cluster's mean within its cohort."""
        n, there = self.grid.clusters, self.grid.there.astype(np.float64)
        several = np.flatnonzero((n > 1) & ~self.grid.always)
        total = np.einsum("g,gpq->pq", n[several] ** 2.0, self.moments.squares[several])
        free = np.einsum("g,gp,gq->pq", n[several] - 1.0, there[several], there[several])
        return np.asarray(np.divide(total, free, out=np.zeros_like(total), where=free > 0))

    def covariance(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the covariance of the estimates, and the degrees of freedom of each."""
        summed = _Summed(self.grid, weights)
        stratum = _strata(self.grid)
        for s in np.unique(stratum[~self.grid.always]):
            own = np.flatnonzero((stratum == s) & ~self.grid.always)
            n = int(self.moments.clusters[own].sum())
            if n > 1:
                summed.add(own, n, n / (n - 1) * self._squares(own, n, weights))
        return summed.total, summed.freedom

    def clusters_in(self, cohorts: BoolArray) -> int:
        """Return how many clusters lie in some cohorts."""
        return int(self.grid.clusters[cohorts].sum())

    def _squares(self, cohorts: IntArray, n: int, weights: FloatArray) -> FloatArray:
        summed = sum(weights[:, g] @ self.moments.total[g] for g in cohorts)
        squares = sum(weights[:, g] @ self.moments.squares[g] @ weights[:, g].T for g in cohorts)
        return np.asarray(squares - np.outer(summed, summed) / n)


@dataclass(frozen=True)
class Deviations:
    """Each cluster's part in its cohort's cell means, less what is expected: clusters × periods."""

    grid: Grid
    cohort: IntArray
    cluster: IntArray
    by_period: FloatArray
    share: FloatArray
    """What each cluster counts for in its cohort, on average over the periods."""

    @cached_property
    def crossed(self) -> bool:
        """Return whether some cluster lies in more than one cohort."""
        return how_many(self.cluster) < len(self.cluster)

    def clusters_in(self, cohorts: BoolArray) -> int:
        """Return how many clusters lie in some cohorts: one that lies in several is one.

        Cohorts without a period before their start have no deviations: theirs are counted for each.
        """
        known = how_many(self.cluster[cohorts[self.cohort]])
        return known + int(self.grid.clusters[cohorts & self.grid.always].sum())

    @cached_property
    def strata(self) -> list[IntArray]:
        """Return the rows of each stratum: a cohort, or the cohorts of one cluster together."""
        stratum = _strata(self.grid)[self.cohort]
        return [np.flatnonzero(stratum == s) for s in np.unique(stratum)]

    @cached_property
    def pooled(self) -> FloatArray:
        """Return the covariance over periods of a cluster's mean within its cohort."""
        shape = (len(self.grid.periods),) * 2
        total, free = np.zeros(shape), np.zeros(shape)
        for g in np.flatnonzero(self.grid.clusters > 1):
            own = self.by_period[self.cohort == g] * self.grid.clusters[g]
            total += own.T @ own
            there = self.grid.there[g].astype(float)
            free += np.outer(there, there) * (self.grid.clusters[g] - 1)
        return np.divide(total, free, out=np.zeros(shape), where=free > 0)

    def parts(self, rows: IntArray, weights: FloatArray) -> FloatArray:
        """Return these rows' parts in each estimate; ``weights`` is estimates × cohorts × periods."""
        answer = np.empty((len(rows), len(weights)))
        for g in np.unique(self.cohort[rows]):
            own = self.cohort[rows] == g
            answer[own] = self.by_period[rows[own]] @ weights[:, g].T
        return answer

    def covariance(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the covariance of the estimates, and the degrees of freedom of each."""
        if self.crossed:
            return _crossed(self.parts(np.arange(len(self.cohort)), weights), self.cluster)
        summed = _Summed(self.grid, weights)
        for rows in self.strata:
            n = len(rows)
            if n < 2:
                continue
            own = np.unique(self.cohort[rows])
            if len(own) == 1:
                share = np.minimum(self.share[rows], _MOST_OF_ALL)
                alike = float(self.share[rows].sum() ** 2 / (self.share[rows] ** 2).sum())
                part = (n - 1) / n * self._squares(rows, weights[:, own[0]], 1 / (1 - share))
                summed.add(own, max(alike, 2.0), part)
            else:
                parts = self.parts(rows, weights)
                parts = parts - parts.mean(axis=0)
                summed.add(own, n, n / (n - 1) * (parts.T @ parts))
        return summed.total, summed.freedom

    def _squares(self, rows: IntArray, weights: FloatArray, by: FloatArray) -> FloatArray:
        """Return the sum of squares of what the estimate would move by without each cluster.

        A large one has drawn the mean to itself, so that what it is off by is too small: the jackknife
        gives it back. Where all count alike this is Neyman's n / (n - 1). Through periods × periods, it
        is cheap however many clusters there are.
        """
        off = (self.by_period[rows] - self.by_period[rows].mean(axis=0)) * by[:, None]
        return np.asarray(weights @ (off.T @ off) @ weights.T)


@dataclass(frozen=True)
class Measured:
    """Estimates with their joint error, by name."""

    names: tuple[str, ...]
    values: FloatArray
    cov: FloatArray
    df: FloatArray
    rounding: FloatArray
    """Errors that are no more than the rounding of what was summed."""

    def __getitem__(self, name: str) -> Estimate:
        at = self.names.index(name)
        se = float(np.sqrt(max(self.cov[at, at], 0.0)))
        told = se if se > self.rounding[at] else 0.0
        return Estimate(float(self.values[at]), told, float(self.df[at]))

    def get(self, name: str) -> Estimate | None:
        """Return one estimate, or None when it could not be made."""
        return self[name] if name in self.names else None

    def block(self, names: list[str]) -> tuple[FloatArray, FloatArray]:
        """Return the values and covariance of some of them."""
        at = [self.names.index(name) for name in names]
        return self.values[at], self.cov[np.ix_(at, at)]


def measure(
    deviations: Spread,
    weights: Mapping[str, FloatArray | None],
    tilts: Mapping[str, FloatArray] | None = None,
) -> Measured:
    """Return the estimates ``sum(weights * mean)`` with their clustered errors.

    A None among the weights is an estimate that cannot be made; it is left out. ``tilts`` are those
    of averages over cohorts (`group_time.tilts`), whose errors count that the cohorts' shares are a
    sample's (Callaway & Sant'Anna 2021, corollary 2); an estimate without one has shares that are
    given. An error that is not known stays so.
    """
    made = {name: w for name, w in weights.items() if w is not None}
    stacked = np.array(list(made.values())).reshape(len(made), *deviations.grid.den.shape)
    summed = stacked * deviations.grid.mean
    cov, df = deviations.covariance(stacked)
    rounding = _ROUNDING * np.abs(summed).sum(axis=(1, 2))
    if tilts and made:
        none = np.zeros(len(deviations.grid.cohorts))
        known = np.sqrt(np.maximum(np.diag(cov), 0.0)) > rounding
        moved = np.array([tilts.get(name, none) for name in made]) * known[:, None]
        cov, df = _tilted(deviations, cov, df, moved)
    return Measured(tuple(made), summed.sum(axis=(1, 2)), cov, df, rounding)


def deviations_of(panel: Panel, grid: Grid) -> Spread:
    """Run the second pass over the panel."""
    if isinstance(panel, Summing):
        moments = panel.moments(grid, _expected(grid))
        if moments is not None:
            return SummedDeviations(grid, moments)
    at, when = np.nonzero(grid.there)
    table = pd.DataFrame({"cohort": grid.cohorts[at], "period": grid.periods[when]})
    table["mean"] = _expected(grid)[at, when]
    names = [f"p{column}" for column in range(len(grid.periods))]
    share = (when[:, None] == np.arange(len(names))) / grid.den[at, when][:, None]
    asked = table.join(pd.DataFrame(share, columns=names))
    answer = panel.scores(asked)
    rows = np.searchsorted(grid.cohorts, answer.cohort)
    known = ~grid.always[rows]
    if _count_alike(grid):
        counts_for = 1 / np.maximum(grid.clusters[rows], 1)
    else:
        more = panel.scores(asked.assign(mean=asked["mean"] - 1)).values - answer.values
        counts_for = more.sum(axis=1) / np.maximum(grid.there.sum(axis=1)[rows], 1)
    return Deviations(
        grid=grid,
        cohort=rows[known],
        cluster=np.unique(answer.cluster, return_inverse=True)[1][known],
        by_period=answer.values[known],
        share=counts_for[known],
    )


def _count_alike(grid: Grid) -> bool:
    """Return whether every cluster counts for one in every period that its cohort has.

    Of more than can be listed none counts for much, however they differ.
    """
    many = int(grid.clusters.sum()) > LISTED
    return many or bool((grid.den == grid.clusters[:, None])[grid.there].all())


def _tilted(
    deviations: Spread, cov: FloatArray, df: FloatArray, tilts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the covariance with what the shares add, the clusters of a cohort counted alike.

    Shares are counts of clusters in all cohorts at once, and the tilts of an estimate add up to
    nothing: so each cohort adds its own.
    """
    grid = deviations.grid
    part = tilts / np.sqrt(np.maximum(grid.clusters, 1))
    added = part @ part.T
    own, more = np.diag(cov), np.diag(added)
    free = max(deviations.clusters_in(~grid.always) - 1, 1)
    both = (own + more) ** 2
    below = own**2 / df + more**2 / free
    return cov + added, np.divide(both, below, out=df.copy(), where=below > 0)


class _Summed:
    """Variances of estimates added up over strata, and what they would come to were all clusters alike."""

    def __init__(self, grid: Grid, weights: FloatArray) -> None:
        size = len(weights)
        self.total = np.zeros((size, size))
        self._below = np.zeros(size)
        self._alike, self._alike_below = np.zeros(size), np.zeros(size)
        self._each = (weights**2).sum(axis=2) / np.maximum(grid.clusters, 1)

    def add(self, cohorts: IntArray, clusters: float, part: FloatArray) -> None:
        """Add the part of a stratum of so many clusters, or as many as would count alike."""
        self.total += part
        self._below += np.diag(part) ** 2 / (clusters - 1)
        alike = self._each[:, cohorts].sum(axis=1)
        self._alike += alike
        self._alike_below += alike**2 / (clusters - 1)

    @property
    def freedom(self) -> FloatArray:
        """Return Satterthwaite's degrees of freedom, at least one.

        No more than they would be were all clusters alike: the few of a small cohort may lie close to
        each other by chance, and it is just then that their error is too small.
        """
        own = _freedom(np.diag(self.total), self._below)
        return np.minimum(own, _freedom(self._alike, self._alike_below))


def _freedom(total: FloatArray, below: FloatArray) -> FloatArray:
    df = np.divide(total**2, below, out=np.ones(len(below)), where=below > 0)
    return np.maximum(df, 1.0)


def _alone(grid: Grid) -> BoolArray:
    return np.asarray((grid.clusters == 1) & ~grid.always)


def _strata(grid: Grid) -> IntArray:
    """Return each cohort's stratum: its own, or one together for cohorts of one cluster.

    A cohort of one cluster that is alone in this joins the trained cohort nearest in time.
    """
    stratum = np.arange(len(grid.cohorts))
    single = np.flatnonzero(_alone(grid))
    if len(single) >= 2:
        stratum[single] = single[0]
    elif len(single) == 1:
        rest = np.flatnonzero((grid.clusters > 1) & ~grid.always & ~grid.never)
        if len(rest):
            away = np.abs(grid.cohorts[rest] - grid.cohorts[single[0]])
            stratum[single] = rest[int(np.argmin(away))]
    return stratum


def _expected(grid: Grid) -> FloatArray:
    """Return what each cell's rows are measured from: its mean, or a model's for lone clusters.

    The model has cohort and period effects and one effect of training, fitted to all cells. A model
    of the untrained cells only, or an effect for each period since the start, would follow the few
    cells it has there and hide how far they are from the others.
    """
    single = _alone(grid)
    if not single.any():
        return grid.mean
    return np.where(single[:, None], fits.common(grid), grid.mean)


def _crossed(parts: FloatArray, cluster: IntArray) -> tuple[FloatArray, FloatArray]:
    codes, pair = np.unique(cluster, return_inverse=True)
    n = len(codes)
    summed = np.zeros((n, parts.shape[1]))
    np.add.at(summed, pair, parts)
    free = float(max(n - 1, 1))
    return n / free * summed.T @ summed, np.full(parts.shape[1], free)
