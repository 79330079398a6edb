"""Events per exposure: the ratio of what happened to what would have happened.

Log-linear cohort and period effects are fitted to the untrained cells with the exposure as offset,
and carried over to the trained ones. The ratio is observed over expected. Its error is that of the
logarithm, linear in the cells' counts to first order, so the clusters give it as they give the
others'; nothing is assumed about the spread of the counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.estimators.fits import additive
from analytics.estimators.grid import BoolArray, FloatArray, Grid

_ROUNDS = 50
_TINY = 1e-10


@dataclass(frozen=True)
class RateRatio:
    """The logarithm of the ratio, and its weights on the cells' rates."""

    log: float
    weights: FloatArray
    observed: float
    expected: float


def rate_ratio(grid: Grid) -> RateRatio | None:
    """Return the ratio over the trained cells, or None where there is nothing to compare with."""
    use = _with_events(grid, grid.untreated)
    design = additive(grid)
    fitted = _fit(grid, design, use)
    if fitted is None:
        return None
    expected, inverse, known = fitted
    target = grid.treated & known
    observed, without = float(grid.num[target].sum()), float(expected[target].sum())
    if observed <= 0 or without <= 0:
        return None
    moved = np.einsum("gtp,gt->p", design, np.where(target, expected, 0.0)) / without
    weights = np.where(use, -(design @ (inverse @ moved)) * grid.den, 0.0)
    weights += np.where(target, grid.den / observed, 0.0)
    return RateRatio(float(np.log(observed / without)), weights, observed, without)


def _with_events(grid: Grid, cells: BoolArray) -> BoolArray:
    """Leave out cohorts and periods without a single event: their logarithm has no bottom."""
    use = cells.copy()
    while True:
        events = np.where(use, grid.num, 0.0)
        keep = (events.sum(axis=1) > 0)[:, None] & (events.sum(axis=0) > 0)[None, :]
        if (use & keep == use).all():
            return np.asarray(use)
        use &= keep


def _fit(
    grid: Grid, design: FloatArray, use: BoolArray
) -> tuple[FloatArray, FloatArray, BoolArray] | None:
    """Return the expected count of each cell, the inverse information, and the cells it can tell."""
    if not use.any():
        return None
    x, num, den = design[use], grid.num[use], grid.den[use]
    beta = np.linalg.pinv(x) @ np.full(len(x), np.log(num.sum() / den.sum()))
    for _ in range(_ROUNDS):
        mu = den * np.exp(x @ beta)
        information = x.T @ (x * mu[:, None])
        inverse = np.linalg.pinv(information, rcond=1e-11, hermitian=True)
        step = inverse @ (x.T @ (num - mu))
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 3)
        if float(np.abs(step).max()) < _TINY:
            break
    off = np.abs(design @ (inverse @ information) - design).max(axis=2)
    expected = np.where(off < 1e-6, grid.den * np.exp(np.clip(design @ beta, -700, 700)), 0.0)
    return expected, inverse, np.asarray(off < 1e-6)
