"""How small an effect would be seen, from the company's own history. Pure.

How much teams differ, and how their months hang together, is taken from the months before: the same
working covariance that the estimate itself weights with (`estimators.working`). The planned roll-out
is laid over it, and the error it would have follows from the estimate's own weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from analytics.checks.few import FEW
from analytics.estimators import few_events, fits
from analytics.estimators.adjusted import adjusted
from analytics.estimators.efficient import efficient
from analytics.estimators.errors import Deviations, deviations_of
from analytics.estimators.estimate import LEVEL, POWER
from analytics.estimators.grid import FloatArray, Grid, grid_of
from analytics.estimators.panel import NEVER, Panel
from analytics.estimators.power import sample_size
from analytics.estimators.question import Better
from analytics.estimators.student import quantile
from analytics.estimators.working import working_covariance
from analytics.plans.drawing import Wave

LEAST_MONTHS = 4
LEAST_TEAMS = 4
MONTHS_AFTER = (3, 6, 12)
TEAMS_A_SIDE = (6, 10, 15, 20, 30, 50)


@dataclass(frozen=True, slots=True)
class History:
    """What the months before tell: level, spread, how alike a team's people and its months are.

    ``omega`` is the covariance of a team's months, the oldest first; ``exposure`` what a team's month
    is counted over, 0 where the outcome counts no events.
    """

    teams: int
    team_size: float
    months: int
    level: float
    sd: float
    icc: float
    serial: float
    omega: FloatArray
    exposure: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it without the matrix."""
        names = ("teams", "team_size", "months", "level", "sd", "icc", "serial")
        return {name: getattr(self, name) for name in names}


def history_of(panel: Panel) -> History | None:
    """Return what a panel of untrained teams tells; None when it is too short or too small."""
    grid = grid_of(panel)
    teams = int(grid.clusters.sum())
    if len(grid.periods) < LEAST_MONTHS or teams < LEAST_TEAMS:
        return None
    pooled = deviations_of(panel, grid).pooled
    if not np.isfinite(pooled).all() or np.trace(pooled) <= 0:
        return None
    rows = float(grid.rows.sum()) / (teams * len(grid.periods))
    # The spread of one person's month: the more it is counted per, the less chance there is in it.
    within = grid.sd**2 * float(grid.rows.sum() / grid.den.sum())
    return History(
        teams=teams,
        team_size=max(rows, 1.0),
        months=len(grid.periods),
        level=float(grid.num.sum() / grid.den.sum()),
        sd=math.sqrt(within),
        icc=_icc(float(np.diag(pooled).mean()), within, rows),
        serial=_serial(pooled),
        omega=_omega(grid, pooled),
        exposure=_exposure(grid),
    )


def _exposure(grid: Grid) -> float:
    if few_events.counted(grid.num) is None:
        return 0.0
    return float(grid.den.sum()) / (int(grid.clusters.sum()) * len(grid.periods))


def _omega(grid: Grid, pooled: FloatArray) -> FloatArray:
    teams = int(grid.clusters.sum())
    if teams >= FEW:
        return np.asarray(working_covariance(grid, pooled)(0) * teams)
    # Too few teams to fit a shape to: their own covariance, kept away from singular.
    return np.asarray(pooled + np.eye(len(pooled)) * (0.01 * np.trace(pooled) / len(pooled)))


def _icc(between: float, within: float, size: float) -> float:
    """Return how alike the people of a team are in a month: analysis of variance, one way."""
    if size <= 1 or within <= 0:
        return 0.0
    return float(np.clip((size * between - within) / (size * between + (size - 1) * within), 0, 1))


def _serial(pooled: FloatArray) -> float:
    """Return the correlation of a team's month with its next."""
    spread = np.sqrt(np.diag(pooled))
    next_to = np.diag(pooled, 1)
    product = spread[1:] * spread[:-1]
    known = product > 0
    return float((next_to[known] / product[known]).mean()) if known.any() else 0.0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The error that the estimate of a planned roll-out will have, as a difference."""

    history: History
    error: float
    df: int
    months: int
    """Months of trained teams."""

    def smallest(self, better: Better | None = None) -> float | None:
        """Return the smallest effect that is found four times in five, as a difference.

        ``better`` is the way that is good where the outcome counts events: of few, chance is counted
        out. None where they are so few that no such effect, however large, is found.
        """
        reach = quantile(0.5 + LEVEL / 2, self.df) + quantile(POWER, self.df)
        plain = float(reach * self.error)
        events = self.history.level * self.history.exposure * self.months
        if better is None or not 0 < events < few_events.FEW:
            return plain
        fall, level = better == "down", self.history.level
        log = few_events.smallest(events, self.error / level, self.df, fall=fall)
        if log is None:
            return None
        return level * (1 - math.exp(-log)) if fall else max(plain, level * math.expm1(log))


def foresee(
    history: History,
    waves: Sequence[Wave],
    beside: int,
    until: int,
    *,
    since: int | None = None,
    by_lot: bool = False,
) -> Foreseen | None:
    """Return the error that the planned roll-out will have.

    With the weights of the estimate that will be told: where lots are drawn, the one adjusted for
    the months before; with few teams, for the last of them alone.

    ``beside`` teams are never trained; ``until`` is the last month that counts, and ``since`` the first
    in which the effect is read, where some start before it. The months before the start are as many
    as the history still gives; None when it gives too few.
    """
    first = min(wave.month for wave in waves)
    after = until - first + 1
    before = min(history.months - after, 12)
    if after < 1 or before < 1:
        return None
    periods = np.arange(first - before, until + 1)
    sizes = {wave.month: wave.teams for wave in waves if wave.month <= until}
    beside += sum(wave.teams for wave in waves if wave.month > until)
    begin = first if since is None else since
    read = (periods < first) | (periods >= begin)
    grid = _planned(periods[read], sizes | ({NEVER: beside} if beside else {}))
    omega = history.omega[-len(periods) :, -len(periods) :][np.ix_(read, read)]
    weights = _weights(grid, omega, by_lot)
    if weights is None:
        return None
    error = math.sqrt(_Expected(grid, omega).covariance(weights[None])[0][0, 0])
    df = max(int(grid.clusters.sum()) - len(grid.cohorts), 1)
    months = sum(teams * (until - max(month, begin) + 1) for month, teams in sizes.items())
    return Foreseen(history, error, df, months)


def _weights(grid: Grid, omega: FloatArray, by_lot: bool) -> FloatArray | None:
    """Return the weights of the estimate that will be told."""

    def covariance(g: int) -> FloatArray:
        return omega / float(grid.clusters[g])

    if not by_lot:
        return fits.imputation(grid, covariance)
    if int(grid.clusters.sum()) < FEW:
        return efficient(grid, cast(Deviations, _Expected(grid, omega)), "both")
    return adjusted(grid, covariance)


@dataclass(frozen=True)
class _Expected:
    """The error that estimates will have, in the form in which the efficient one asks for it."""

    grid: Grid
    omega: FloatArray

    def covariance(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the covariance of the estimates that these weights make."""
        size = self.grid.clusters.astype(np.float64)
        found = np.einsum("agt,ts,bgs,g->ab", weights, self.omega, weights, 1 / size)
        return np.asarray(found), np.zeros(len(weights))


def _planned(periods: np.ndarray, sizes: dict[int, int]) -> Grid:
    """Return the cells of a roll-out that is yet to come: every team seen in every month."""
    cohorts = np.array(sorted(sizes), np.int64)
    clusters = np.array([sizes[c] for c in cohorts.tolist()], np.int64)
    shape = (len(cohorts), len(periods))
    size = np.broadcast_to(clusters[:, None].astype(float), shape)
    nothing = np.zeros(shape)
    return Grid(cohorts, periods, nothing, size, nothing, size, clusters, clusters)


def table(
    history: History, *, by_lot: bool = False, better: Better | None = None
) -> list[dict[str, Any]]:
    """Return the smallest effect by teams a side and months after, half of them trained at once."""
    rows = []
    for teams in [n for n in TEAMS_A_SIDE if 2 * n <= max(history.teams, 12)]:
        for months in MONTHS_AFTER:
            seen = foresee(history, [Wave(0, teams)], teams, months - 1, by_lot=by_lot)
            effect = None if seen is None else seen.smallest(better)
            if effect is not None:
                rows.append({"teams": teams, "months": months, "effect": effect})
    return rows


def needed(history: History, effect: float) -> dict[str, Any] | None:
    """Return people and teams a side for an effect, measured once after the start, no months before.

    The plain rule for a single look; the months before, which `foresee` uses, need fewer teams.
    """
    if history.sd <= 0 or effect == 0:
        return None
    size = history.team_size
    return sample_size(abs(effect) / history.sd, cluster_size=size, icc=history.icc)
