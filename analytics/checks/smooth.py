"""A drift measured by how sharply it turns: the smoothness restriction of Rambachan and Roth (2023).

Untrained, the two sides would have drifted apart along a line whose slope changes, from one period
to the next, by no more than a *bend*. A bend of zero is a straight line, carried on. The interval is
the shortest of fixed length: the mean effect less some weights on the changes before the start, which
take off any straight line, weighed between how far a bent one can still mislead and chance.

What a bend can do at most is a sum of absolute values, and chance is a square, so the best weights
for every bend lie on the path of one lasso, which has corners and is straight in between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from analytics.checks.drift import ALPHA, Course
from analytics.estimators.grid import FloatArray

_BETWEEN = np.linspace(0, 1, 8, endpoint=False)
_ROUNDS = 32
_ONE_SIDED, _TWO_SIDED = special.ndtri(1 - ALPHA), special.ndtri(1 - ALPHA / 2)
_STEPS = 4
_FAR = 40.0
"""Standard deviations beyond which there is nothing."""


@dataclass(frozen=True)
class _Choice:
    """Ways to weigh the earlier changes, one a column: in order, and straight from each to the next.

    ``bias`` is how far each can mislead for a bend of one.
    """

    course: Course
    weights: FloatArray
    bias: FloatArray

    def best(self, bend: float) -> tuple[float, float]:
        """Return estimate and reach of the shortest interval."""
        weights, bias = self.weights, self.bias
        for _ in range(3):
            reach = self._reach(weights, bias, bend)
            at = int(reach.argmin())
            near = slice(max(at - 1, 0), at + 2)
            weights, bias = _finer(weights[:, near]), _finer(bias[None, near])[0]
        reach = self._reach(weights, bias, bend)
        at = int(reach.argmin())
        values = np.concatenate([self.course.leads, self.course.after])
        return float(values @ weights[:, at]), float(reach[at])

    def _reach(self, weights: FloatArray, bias: FloatArray, bend: float) -> FloatArray:
        square = np.einsum("ip,ij,jp->p", weights, self.course.cov, weights)
        sd = np.sqrt(np.clip(square, 1e-300, None))
        return np.asarray(folded_quantile(bend * bias / sd) * sd)


def _finer(columns: FloatArray) -> FloatArray:
    """Return points on the straight ways between neighbouring columns."""
    if columns.shape[1] < 2:
        return columns
    steps = np.diff(columns, axis=1)[:, :, None] * _BETWEEN
    found = (columns[:, :-1, None] + steps).reshape(len(columns), -1)
    return np.column_stack([found, columns[:, -1]])


def folded_quantile(bias: FloatArray) -> FloatArray:
    """Return what the size of a normal with this mean and variance one stays under, 95 % of times."""
    size = np.maximum(bias + _ONE_SIDED, _TWO_SIDED)
    for _ in range(_STEPS):  # Newton's, from below: the chance rises ever more slowly
        above, below = size - bias, np.maximum(-size - bias, -_FAR)
        missing = 1 - ALPHA - (special.ndtr(above) - special.ndtr(below))
        density = (np.exp(-(above**2) / 2) + np.exp(-(below**2) / 2)) / math.sqrt(2 * math.pi)
        size = size + missing / density
    return np.asarray(size)


def interval(course: Course, bend: float) -> tuple[float, float]:
    """Return the least and the largest mean effect that the bend leaves possible."""
    value, reach = _choices(course).best(bend)
    return value - reach, value + reach


def breakdown(course: Course) -> float | None:
    """Return the largest bend at which no effect is not possible; None when it always is."""
    choices = _choices(course)

    def stands(bend: float) -> bool:
        value, reach = choices.best(bend)
        return abs(value) > reach

    if not stands(0.0):
        return None
    low, high = 0.0, max(abs(course.effect), course.spread(course.mean))
    for _ in range(_ROUNDS):
        if not stands(high):
            break
        low, high = high, 2 * high
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if stands(middle) else (low, middle)
    return low


def _choices(course: Course) -> _Choice:
    """Return the ways on the lasso's path; the free numbers are the bends' parts in the estimate."""
    size = len(course.leads)
    steps = np.arange(1, len(course.after) + 1)
    line = float(course.share @ steps)
    later = np.clip(steps[None, :] - np.arange(len(steps))[:, None], 0, None) @ course.share
    fixed, free = _earlier(size)
    base = course.mean + np.concatenate([fixed * line, np.zeros(len(steps))])
    moves = np.vstack([free, np.zeros((len(steps), size - 1))])
    paths = _path(moves.T @ course.cov @ moves, moves.T @ course.cov @ base)
    weights = base[:, None] + moves @ paths
    return _Choice(course, weights, np.abs(later).sum() + np.abs(paths).sum(axis=0))


def _earlier(size: int) -> tuple[FloatArray, FloatArray]:
    """Return the leads' weights that take off a line of slope one, and how each bend moves them.

    The bend between lead m and m + 1 counts once in every lead before it.
    """
    first = np.zeros(size)
    first[0] = -1.0
    moves = np.zeros((size, max(size - 1, 0)))
    for at in range(size - 1):
        moves[at, at], moves[at + 1, at] = 1.0, -1.0
    return first, moves


def _path(curve: FloatArray, slope: FloatArray) -> FloatArray:
    """Return minimisers of ``x·curve·x / 2 + slope·x + price·|x|`` for prices from high to none."""
    size = len(slope)
    at, price = np.zeros(size), float(np.abs(slope).max(initial=0.0))
    found = [at]
    active = np.zeros(size, bool)
    if size:
        active[int(np.abs(slope).argmax())] = True
    for _ in range(8 * size):
        if price <= 0 or not active.any():
            break
        sign = np.where(active, -np.sign(slope + curve @ at), 0.0)
        pace = np.zeros(size)
        inner = curve[np.ix_(active, active)]
        pace[active] = np.linalg.lstsq(inner, sign[active], rcond=None)[0]
        fall, change = _next_corner(curve, slope, at, pace, active, price)
        found += [at + pace * fall * share for share in _BETWEEN[1:]]
        at, price = at + pace * fall, price - fall
        if change is not None:
            active[change] = not active[change]
            if not active[change]:
                at[change] = 0.0
        found.append(at)
    return np.array(found).T.reshape(size, len(found))


def _next_corner(
    curve: FloatArray,
    slope: FloatArray,
    at: FloatArray,
    pace: FloatArray,
    active: FloatArray,
    price: float,
) -> tuple[float, int | None]:
    """Return how far the price can fall until one number joins or leaves, and which."""
    fall, change = price, None
    left, drift = slope + curve @ at, curve @ pace
    tiny = 1e-12 * max(price, 1e-300)
    for n in range(len(at)):
        if active[n]:
            ends = [-at[n] / pace[n]] if pace[n] else []
        else:
            ends = [
                (price - side * left[n]) / (1 + side * drift[n])
                for side in (1.0, -1.0)
                if 1 + side * drift[n] > 0
            ]
        for end in ends:
            if tiny < end < fall:
                fall, change = end, n
    return fall, change
