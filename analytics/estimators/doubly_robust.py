"""Chosen people once more: weighed by their odds of being sent, and a regression beside the weights.

The effect on the trained is right when either is: the logistic regression that says who was sent, or
the linear one that says what becomes of the untrained (Robins, Rotnitzky and Zhao 1994). The second is
fitted with the odds as weights, so that what augments the regression sums to nothing. The error is
that of the influence function, with both regressions' own errors in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from analytics.estimators.balancing import Chosen
from analytics.estimators.columns import telling
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray

_ROUNDS = 60
_STILL = 1e-10
_SURE = 15.0
"""Log odds from which somebody is all but sure to be sent, or not to be: the sides part."""


@dataclass(frozen=True)
class Propensity:
    """Everybody's odds of being sent, and each person's influence on the coefficients."""

    design: FloatArray
    odds: FloatArray
    influence: FloatArray


def doubly_robust(chosen: Chosen, *, ratio: bool) -> Estimate | None:
    """Return the effect on the trained; for events per exposure the logarithm of the ratio.

    None when the sides part, so that nobody's odds can be told, or a side of a ratio has no event.
    """
    sent = propensity(chosen)
    if sent is None:
        return None
    outcome, mine = chosen.num / chosen.den, np.where(chosen.trained, chosen.den, 0.0)
    theirs = np.where(chosen.trained, 0.0, chosen.den * sent.odds)
    information = sent.design.T @ (sent.design * theirs[:, None])
    inverse = np.linalg.pinv(information, hermitian=True)
    expected = sent.design @ (inverse @ (sent.design.T @ (theirs * outcome)))
    mine = mine / mine.sum()
    on, off = float(mine @ outcome), float(mine @ expected)
    # A person moves the regression by their own residual, and by moving everybody's odds.
    residual = theirs * (outcome - expected)
    moved = sent.design.T @ (sent.design * residual[:, None])
    at = inverse @ (mine @ sent.design)
    on_part = mine * (outcome - on)
    off_part = mine * (expected - off) + residual * (sent.design @ at)
    off_part = off_part + sent.influence @ (moved @ at)
    return _told(on, off, on_part, off_part, chosen, ratio=ratio)


def _told(
    on: float,
    off: float,
    on_part: FloatArray,
    off_part: FloatArray,
    chosen: Chosen,
    *,
    ratio: bool,
) -> Estimate | None:
    value, part = on - off, on_part - off_part
    if ratio:
        if on <= 0 or off <= 0:
            return None
        value, part = math.log(on / off), on_part / on - off_part / off
    if chosen.between is not None:
        return chosen.between.estimate(value, part)
    n, k = int(chosen.trained.sum()), chosen.covariates.shape[1]
    free = min(n - 1, len(part) - n - k - 1)
    return Estimate(value, math.sqrt(float(part @ part)), float(max(free, 1)))


def propensity(chosen: Chosen) -> Propensity | None:
    """Return the odds of being sent, by logistic regression; None when the sides part."""
    design = np.column_stack([np.ones(len(chosen.num)), telling(chosen.covariates)])
    sent, beta = chosen.trained.astype(np.float64), np.zeros(design.shape[1])
    for _ in range(_ROUNDS):
        share = expit(design @ beta)
        spread = chosen.den * share * (1 - share)
        inverse = np.linalg.pinv(design.T @ (design * spread[:, None]), hermitian=True)
        score = design * (chosen.den * (sent - share))[:, None]
        step = inverse @ score.sum(axis=0)
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 3)
        if float(np.abs(step).max()) < _STILL:
            break
    told = design @ beta
    if float(np.abs(step).max()) > 1e-6 or float(told[~chosen.trained].max()) > _SURE:
        return None
    return Propensity(design, np.asarray(np.exp(told)), np.asarray(score @ inverse))
