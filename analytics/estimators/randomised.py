"""Drawn by lot: the difference between the two sides, and what chance alone would make of it.

The error is Neyman's, side by side (Welch; HC2 of the regression), summed over clusters when whole
clusters were drawn. With covariates the difference is adjusted by regression (ANCOVA). Events per
exposure are told as a ratio of rates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.permutation import Permuted, deal_test


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
        return len(np.unique(self.cluster)) < len(self.cluster)


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
    return _by_side(trained - without, off, draw)


def log_ratio(draw: Draw) -> Estimate | None:
    """Return the logarithm of the ratio of rates; None when a side has no event."""
    without, trained = rates(draw)
    if without <= 0 or trained <= 0:
        return None
    mean, num = np.array([without, trained]), np.bincount(draw.side, weights=draw.num, minlength=2)
    off = (draw.num - mean[draw.side] * draw.den) / num[draw.side]
    return _by_side(float(np.log(trained / without)), off, draw)


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
    if draw.clustered:
        return _by_side(float(beta[1]), part, draw)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, weighted)
    part = part / np.sqrt(np.clip(1 - leverage, 1e-12, None))
    se = float(np.sqrt(part @ part))
    return Estimate(float(beta[1]), se, float(len(outcome) - design.shape[1]))


def _by_side(value: float, part: FloatArray, draw: Draw) -> Estimate:
    """Return the estimate with Neyman's error: the spread of the clusters' parts, side by side."""
    total, below = 0.0, 0.0
    for side in (0, 1):
        own = draw.side == side
        parts = pd.Series(part[own]).groupby(draw.cluster[own]).sum().to_numpy()
        n = len(parts)
        if n < 2:
            return Estimate(value, 0.0, 1.0)
        variance = n / (n - 1) * float(((parts - parts.mean()) ** 2).sum())
        total += variance
        below += variance**2 / (n - 1)
    return Estimate(value, total**0.5, total**2 / below if below > 0 else 1.0)


def permuted(draw: Draw) -> Permuted:
    """Return the permutation test of no effect on anyone, whole clusters dealt together."""
    own = draw.num - draw.den * (draw.num.sum() / draw.den.sum())
    if draw.covariates.shape[1]:
        design = np.column_stack([np.ones(len(own)), draw.covariates])
        own = own - design @ np.linalg.lstsq(design, own, rcond=None)[0]
    codes, row = np.unique(draw.cluster, return_inverse=True)
    total = np.bincount(row, weights=own, minlength=len(codes))
    side = np.zeros(len(codes), np.int64)
    side[row] = draw.side
    den = np.bincount(draw.side, weights=draw.den, minlength=2)
    return deal_test(np.column_stack([-total / den[0], total / den[1]]), side)


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
    return float(stats.f.sf((whole - rest) / (rank - 1) / (rest / free), rank - 1, free))
