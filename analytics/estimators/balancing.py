"""Chosen people, one row each: the untrained weighed so that they are like the trained on average.

Entropy balancing after Hainmueller (2012): of all weights that make every covariate's mean equal,
those that are nearest to equal ones. A regression among the weighted untrained changes nothing in the
estimate then, and gives the error of one that leans on both (doubly robust).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from analytics.estimators.between import Between
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray, IntArray

_CLOSE = 1e-6
"""Largest difference of means, in standard deviations, that still counts as balanced."""
_FEW = 50
_HEAVY = 0.05


@dataclass(frozen=True)
class Chosen:
    """Outcome ``num / den``, who was trained, and covariates, people × columns.

    ``cluster``: who was chosen together, such as a team, when that is more than a person.
    """

    num: FloatArray
    den: FloatArray
    trained: BoolArray
    covariates: FloatArray
    cluster: IntArray | None = None

    @property
    def between(self) -> Between | None:
        """Return the clusters, where people were chosen together."""
        return None if self.cluster is None else Between(self.cluster, self.trained)


@dataclass(frozen=True)
class Overlap:
    """How many untrained people the weights leave in effect, and the share of the heaviest."""

    effective: float
    heaviest: float
    off: float
    """Largest difference of means that is left, in standard deviations."""

    @property
    def balanced(self) -> bool:
        """Return whether weights were found at all."""
        return self.off < _CLOSE

    @property
    def poor(self) -> bool:
        """Return whether the comparison rests on too few."""
        return self.effective < _FEW or self.heaviest > _HEAVY


def entropy_weights(chosen: Chosen) -> FloatArray:
    """Return the untrained people's weights; they sum to one.

    The dual is smooth and convex: one multiplier a covariate. Where the trained lie outside all that
    the untrained are, nothing balances, and `overlap` says so.
    """
    others = chosen.covariates[~chosen.trained]
    base = np.log(chosen.den[~chosen.trained] / chosen.den[~chosen.trained].sum())
    target = np.average(
        chosen.covariates[chosen.trained], axis=0, weights=chosen.den[chosen.trained]
    )
    off = _columns(others - target, others.std(axis=0))
    if not off.shape[1]:
        return np.asarray(np.exp(base))

    def dual(at: FloatArray) -> tuple[float, FloatArray]:
        raised = base + off @ at
        whole = float(logsumexp(raised))
        return whole, off.T @ np.exp(raised - whole)

    def curve(at: FloatArray) -> FloatArray:
        raised = base + off @ at
        weights = np.exp(raised - logsumexp(raised))
        mean = off.T @ weights
        return np.asarray((off * weights[:, None]).T @ off - np.outer(mean, mean))

    found = minimize(
        dual,
        np.zeros(off.shape[1]),
        jac=True,
        hess=curve,
        method="trust-exact",
        options={"gtol": 1e-10, "maxiter": 500},
    )
    raised = base + off @ found.x
    return np.asarray(np.exp(raised - logsumexp(raised)))


def _columns(off: FloatArray, spread: FloatArray) -> FloatArray:
    """Scale the columns; those in which nobody differs need no balancing."""
    told = (spread > 0) | (np.abs(off).max(axis=0) > 0)
    return np.asarray(off[:, told] / np.where(spread[told] > 0, spread[told], 1.0))


def overlap(chosen: Chosen, weights: FloatArray) -> Overlap:
    """Return what the weights leave."""
    others = chosen.covariates[~chosen.trained]
    target = np.average(
        chosen.covariates[chosen.trained], axis=0, weights=chosen.den[chosen.trained]
    )
    spread = chosen.covariates.std(axis=0)
    left = np.abs(weights @ others - target)
    off = np.divide(left, spread, out=np.zeros_like(left), where=spread > 0)
    worst = float(off.max()) if off.size else 0.0
    return Overlap(1 / float(weights @ weights), float(weights.max()), worst)


def balanced(chosen: Chosen, weights: FloatArray, *, ratio: bool) -> Estimate | None:
    """Return the effect on the trained; for events per exposure the logarithm of the ratio.

    None when a side of a ratio has no event, or a cluster is alone with its side.
    """
    outcome = chosen.num / chosen.den
    mine = np.where(chosen.trained, chosen.den, 0.0)
    mine = mine / mine.sum()
    theirs = np.zeros(len(outcome))
    theirs[~chosen.trained] = weights
    rates = float(mine @ outcome), float(theirs @ outcome)
    expected = _expected(chosen, outcome, theirs)
    base = float(mine @ expected)
    value, scale = rates[0] - rates[1], (1.0, 1.0)
    if ratio:
        if rates[0] <= 0 or rates[1] <= 0:
            return None
        value, scale = math.log(rates[0] / rates[1]), rates
    # The trained count twice: by their outcome, and as those whom the others are made alike to.
    part_mine = mine * ((outcome - rates[0]) / scale[0] - (expected - base) / scale[1])
    part_theirs = theirs * (outcome - expected) / scale[1]
    if chosen.between is not None:
        return chosen.between.estimate(value, part_mine - part_theirs)
    n, k = int(chosen.trained.sum()), chosen.covariates.shape[1]
    free = max(len(outcome) - n - k - 1, 1)
    variance = float(part_mine @ part_mine) * n / max(n - 1, 1)
    variance += float(part_theirs @ part_theirs) * (len(outcome) - n) / free
    return Estimate(value, math.sqrt(variance), float(max(min(n - 1, free), 1)))


def _expected(chosen: Chosen, outcome: FloatArray, theirs: FloatArray) -> FloatArray:
    """Return what a regression among the weighted untrained expects of everybody."""
    design = np.column_stack([np.ones(len(outcome)), chosen.covariates])
    root = np.sqrt(theirs)
    beta = np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)[0]
    return np.asarray(design @ beta)
