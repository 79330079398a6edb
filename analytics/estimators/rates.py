"""Poisson's regression of events over exposure, by Newton's steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.estimators.grid import FloatArray

_ROUNDS = 60
_STILL = 1e-10
_LONGEST = 3.0
"""The longest step of a coefficient: further from the top the curve says little."""


class Regression(NamedTuple):
    """Coefficients, the events each row is expected to have, and the inverse information."""

    beta: FloatArray
    usual: FloatArray
    inverse: FloatArray


def regression(
    num: FloatArray, den: FloatArray, design: FloatArray, begin: FloatArray, told: int
) -> Regression | None:
    """Fit it from ``begin`` on; None when the likelihood has no top.

    ``told`` is the column whose coefficient must have come to rest: that of a column which no event
    speaks of need not.
    """
    beta = begin
    for _ in range(_ROUNDS):
        usual = den * np.exp(design @ beta)
        inverse = np.linalg.pinv(design.T @ (design * usual[:, None]), hermitian=True)
        score = design.T @ (num - usual)
        step = inverse @ score
        if abs(float(step[told])) < _STILL and float(score @ step) < _STILL:
            return Regression(beta, np.asarray(usual), np.asarray(inverse, np.float64))
        beta = beta + step / max(1.0, float(np.abs(step).max()) / _LONGEST)
    return None
