"""Drawn by lot: the difference between the two sides, and what chance alone would make of it.

The error is Neyman's, side by side (Welch; HC2 of the regression), summed over clusters when whole
clusters were drawn. Where a cluster has rows on both sides, as in a trial that crosses over or where
lots were drawn within teams, what its two sides share counts: the parts of both are added up with
their signs. With covariates the difference is adjusted by regression (ANCOVA). Events per exposure
are told as a ratio of rates, adjusted by Poisson's regression.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from analytics.estimators.between import freedom
from analytics.estimators.columns import telling
from analytics.estimators.counting import how_many
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.permutation import Permuted, deal_test
from analytics.estimators.rates import Regression, regression


@dataclass(frozen=True)
class Draw:
    """The rows of an experiment: outcome ``num / den``, side (1 trained, 0 not) and cluster."""

    num: FloatArray
    den: FloatArray
    side: IntArray
    cluster: IntArray
    covariates: FloatArray

    @property
    def clustered(self) -> bool:
        """Return whether more than one row was drawn at a time."""
        return how_many(self.cluster) < len(self.cluster)

    @property
    def crossed(self) -> BoolArray:
        """Return, for each cluster, whether it has rows on both sides."""
        return np.asarray(self.rows_by_side.all(axis=1))

    @property
    def rows_by_side(self) -> IntArray:
        """Return how many rows each cluster has on each side."""
        return self.summed(np.ones(len(self.side))).astype(np.int64)

    @property
    def bare(self) -> Draw:
        """Return the same without its covariates."""
        return replace(self, covariates=np.empty((len(self.side), 0)))

    def summed(self, part: FloatArray) -> FloatArray:
        """Return the sum over the rows of each cluster on each side."""
        codes, row = np.unique(self.cluster, return_inverse=True)
        sums = np.bincount(2 * row + self.side, weights=part, minlength=2 * len(codes))
        return np.asarray(sums.reshape(-1, 2))


def rates(draw: Draw) -> tuple[float, float]:
    """Return the rate of the untrained and of the trained."""
    num = np.bincount(draw.side, weights=draw.num, minlength=2)
    den = np.bincount(draw.side, weights=draw.den, minlength=2)
    return float(num[0] / den[0]), float(num[1] / den[1])


def difference(draw: Draw) -> Estimate:
    """Return the difference of the rates, or of the means."""
    without, trained = rates(draw)
    mean, den = np.array([without, trained]), np.bincount(draw.side, weights=draw.den, minlength=2)
    off = (draw.num - mean[draw.side] * draw.den) / den[draw.side]
    return _by_cluster(trained - without, off * _sign(draw), draw)


def log_ratio(draw: Draw) -> Estimate | None:
    """Return the logarithm of the ratio of rates; None when a side has no event."""
    without, trained = rates(draw)
    if without <= 0 or trained <= 0:
        return None
    mean, num = np.array([without, trained]), np.bincount(draw.side, weights=draw.num, minlength=2)
    off = (draw.num - mean[draw.side] * draw.den) / num[draw.side]
    return _by_cluster(float(np.log(trained / without)), off * _sign(draw), draw)


def two_parts(draw: Draw) -> tuple[Estimate, Estimate | None]:
    """Return the difference in the share with any, and the logarithm of the ratio among those."""
    some = draw.num > 0
    share = replace(draw, num=some.astype(np.float64), den=np.ones(len(some)))
    among = Draw(
        draw.num[some],
        draw.den[some],
        draw.side[some],
        draw.cluster[some],
        draw.covariates[some],
    )
    both = len(np.unique(among.side)) == 2
    return difference(share), log_ratio(among) if both else None


def skewness(draw: Draw) -> float:
    """Return how lopsided the outcome is about the mean of its side."""
    outcome = draw.num / draw.den
    means = [float(outcome[draw.side == side].mean()) for side in (0, 1)]
    left = outcome - np.array(means)[draw.side]
    spread = float(np.sqrt(np.mean(left**2)))
    return float(np.mean(left**3)) / spread**3 if spread > 0 else 0.0


def unevenness(draw: Draw) -> float:
    """Return the spread of what clusters count for, over its mean."""
    size = draw.summed(draw.den).sum(axis=1)
    return float(size.std() / size.mean())


def ancova(draw: Draw) -> Estimate | None:
    """Return the difference adjusted for the covariates, or None when they leave nothing to see."""
    outcome = draw.num / draw.den
    design = np.column_stack([np.ones(len(outcome)), draw.side, draw.covariates])
    if np.linalg.matrix_rank(design) < design.shape[1] or len(outcome) <= design.shape[1]:
        return None
    weighted = design * draw.den[:, None]
    inverse = np.linalg.inv(design.T @ weighted)
    beta = inverse @ (weighted.T @ outcome)
    left = outcome - design @ beta
    part = (weighted @ inverse[1]) * left
    leverage = np.einsum("ij,jk,ik->i", design, inverse, weighted)
    return _robust(float(beta[1]), part, leverage, design.shape[1], draw)


def adjusted_ratio(draw: Draw) -> Estimate | None:
    """Return the logarithm of the ratio adjusted for the covariates; None when it cannot be told."""
    design = np.column_stack([np.ones(len(draw.num)), draw.side, draw.covariates])
    if np.linalg.matrix_rank(design) < design.shape[1] or len(draw.num) <= design.shape[1]:
        return None
    fitted = _poisson(draw, design) if min(rates(draw)) > 0 else None
    if fitted is None:
        return None
    beta, usual, inverse = fitted
    part = (design @ inverse[1]) * (draw.num - usual)
    leverage = usual * np.einsum("ij,jk,ik->i", design, inverse, design)
    return _robust(float(beta[1]), part, leverage, design.shape[1], draw)


def _poisson(draw: Draw, design: FloatArray) -> Regression | None:
    """Return Poisson's regression over the exposure; the first column is 1, the second may be told."""
    begin = np.zeros(design.shape[1])
    begin[0] = np.log(draw.num.sum() / draw.den.sum())
    return regression(draw.num, draw.den, design, begin, told=min(1, design.shape[1] - 1))


def _robust(
    value: float, part: FloatArray, leverage: FloatArray, columns: int, draw: Draw
) -> Estimate:
    """Return a regression's estimate with the error of its clusters, else with that of HC2."""
    if draw.clustered:
        return _by_cluster(value, part, draw)
    part = part / np.sqrt(np.clip(1 - leverage, 1e-12, None))
    return Estimate(value, float(np.sqrt(part @ part)), float(len(part) - columns))


def _sign(draw: Draw) -> FloatArray:
    return np.where(draw.side == 1, 1.0, -1.0)


def _by_cluster(value: float, part: FloatArray, draw: Draw) -> Estimate:
    """Return the estimate with Neyman's error: the spread of the clusters' parts, side by side.

    Where clusters have rows on both sides, their parts of the two sides are added up first. Each
    side keeps its own n / (n - 1) and the smaller one gives the degrees of freedom; when all
    clusters are on both sides this is the error of paired differences.
    """
    there, summed = draw.rows_by_side > 0, draw.summed(part)
    n = there.sum(axis=0)
    if n.min() < 2:
        return Estimate(value, 0.0, 1.0)
    off = np.where(there, summed - summed.sum(axis=0) / n, 0.0) * np.sqrt(n / (n - 1))
    if there.all(axis=1).any():
        return Estimate(value, float(np.linalg.norm(off.sum(axis=1))), float(n.min() - 1))
    variance = (off**2).sum(axis=0)
    return Estimate(value, float(variance.sum()) ** 0.5, freedom(variance, n.astype(np.float64)))


def permuted(draw: Draw, *, ratio: bool = False) -> Permuted:
    """Return the permutation test of no effect on anyone, whole clusters dealt together.

    Dealt is what each had beyond what its covariates lead to expect, by the regression that adjusts
    the estimate: Poisson's for a ``ratio``, least squares for a difference. The interval is of the
    difference, or of the logarithm of the ratio; none for a ratio that is adjusted, since what the
    covariates lead to expect then moves with the effect.
    """
    rows, tells = draw.rows_by_side, draw.covariates.shape[1] > 0 and bool(draw.num.any())
    side = (rows[:, 1] > 0).astype(np.int64)
    usual = _poisson_usual(draw) if ratio and tells else None
    size = draw.den if usual is None else usual
    without, trained = np.bincount(draw.side, weights=size, minlength=2)

    def parts(own: FloatArray) -> FloatArray:
        summed = draw.summed(own).sum(axis=1)
        return np.column_stack([-summed / without, summed / trained])

    if usual is not None:
        return deal_test(parts(draw.num - usual), side)
    off = _pooled if ratio or not tells else _least_squares
    if not ratio:
        return deal_test(parts(off(draw, draw.num)), side, parts(off(draw, -draw.den * draw.side)))
    # Events of the trained, times 1 + x, are those they would have had: 1 over the ratio.
    found = deal_test(parts(off(draw, draw.num)), side, parts(off(draw, draw.num * draw.side)))
    if found.ends is None or found.ends[0] <= -1:
        return replace(found, ends=None)
    return replace(found, ends=(-math.log1p(found.ends[1]), -math.log1p(found.ends[0])))


def _pooled(draw: Draw, num: FloatArray) -> FloatArray:
    """Return how far each row is from the rate of all."""
    return np.asarray(num - draw.den * (num.sum() / draw.den.sum()))


def _least_squares(draw: Draw, num: FloatArray) -> FloatArray:
    """Return how far each row is from what its covariates lead to expect, whatever its side."""
    root = np.sqrt(draw.den)
    design = np.column_stack([np.ones(len(num)), telling(draw.covariates)]) * root[:, None]
    beta = np.linalg.lstsq(design, num / root, rcond=None)[0]
    return np.asarray(num - root * (design @ beta))


def _poisson_usual(draw: Draw) -> FloatArray | None:
    """Return the events that the covariates lead to expect of each row, whatever its side."""
    design = np.column_stack([np.ones(len(draw.num)), telling(draw.covariates)])
    fitted = _poisson(draw, design)
    return None if fitted is None else fitted.usual


def balance(draw: Draw, names: list[str]) -> dict[str, object] | None:
    """Return how far the sides differed beforehand, and the chance of as much (F test)."""
    if not names:
        return None
    one, other = draw.covariates[draw.side == 1], draw.covariates[draw.side == 0]
    if min(len(one), len(other)) < 2:
        return None
    spread = np.sqrt((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / 2)
    gap = one.mean(axis=0) - other.mean(axis=0)
    scaled = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    told = {name: float(value) for name, value in zip(names, scaled, strict=True)}
    return {"standardised": told, "p": _joint_p(draw)}


def _joint_p(draw: Draw) -> float | None:
    design = np.column_stack([np.ones(len(draw.side)), draw.covariates])
    rank = int(np.linalg.matrix_rank(design))
    free = len(draw.side) - rank
    if rank < 2 or free < 1 or draw.clustered:
        return None
    side = draw.side.astype(np.float64)
    left = side - design @ np.linalg.lstsq(design, side, rcond=None)[0]
    whole = float(((side - side.mean()) ** 2).sum())
    rest = float(left @ left)
    if rest <= 0:
        return 0.0
    return float(special.fdtrc(rank - 1, free, (whole - rest) / (rank - 1) / (rest / free)))
