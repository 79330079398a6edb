"""A drift measured by the largest change before the start: the relative magnitudes of Rambachan and
Roth (2023).

The two sides may have come to differ after the start, from one period to the next, by at most so
many times (the *limit*) the largest such change before it. Which of the earlier changes is the
largest is not known: an effect is possible when it is for any of them, and either sign. For one of
them, what is possible is a few inequalities, tested after Andrews, Roth and Pakes (2023): the one
that is broken most, given that it is, with a first stage for the least favourable case.

That test runs a linear programme over all later effects. With a mean of them that has no negative
weight its solutions can be written down, and all of them are functions of two numbers, the mean effect
and the one earlier change; so no programme is run and nothing is simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from analytics.checks.drift import ALPHA, Course
from analytics.estimators.grid import BoolArray, FloatArray

MOST = 10.0
"""Beyond this limit a claim stands whatever one thinks; nothing larger is looked for."""
_FIRST = ALPHA / 10
"""Size of the first stage."""
_NODES = np.polynomial.legendre.leggauss(96)
_FAR = 8.0
"""Standard deviations beyond which nothing is expected."""
_SURELY = 3.1
"""Four inequalities are broken by more than this less often than the first stage's size."""
_LEAST_ERROR = 1e-9
"""Share of the largest error below which another one is rounding."""
_GRID = 101
_ROUNDS, _ROUNDS_TOLD = 16, 11
"""Halvings of what is left: a breakdown is told with two digits, so a two-thousandth will do."""


def interval(course: Course, limit: float) -> tuple[float, float]:
    """Return the least and the largest mean effect that the limit leaves possible."""
    cases = _cases(_changes(course), limit)
    changes = [
        abs(lead) + 4 * course.spread(course.lead(at)) for at, lead in enumerate(course.leads)
    ]
    reach = 8 * course.spread(course.mean) + limit * float(course.later.sum()) * max(changes)
    grid = course.effect + reach * np.linspace(-1, 1, _GRID)
    possible = np.flatnonzero(_possible(cases, grid))
    if not len(possible):
        return course.effect, course.effect
    first, last = int(possible[0]), int(possible[-1])
    return (
        _edge(cases, float(grid[max(first - 1, 0)]), float(grid[first])),
        _edge(cases, float(grid[min(last + 1, _GRID - 1)]), float(grid[last])),
    )


def _edge(cases: list[_Case], outside: float, inside: float) -> float:
    for _ in range(_ROUNDS):
        middle = (outside + inside) / 2
        if _possible(cases, np.array([middle]))[0]:
            inside = middle
        else:
            outside = middle
    return inside


def breakdown(course: Course) -> float | None:
    """Return the largest limit at which no effect at all is not possible; None when it always is."""
    changes = _changes(course)
    if _none_is_possible(changes, 0.0):
        return None
    if not _none_is_possible(changes, MOST):
        return MOST
    low, high = 0.0, MOST
    for _ in range(_ROUNDS_TOLD):
        middle = (low + high) / 2
        low, high = (low, middle) if _none_is_possible(changes, middle) else (middle, high)
    return low


def _none_is_possible(changes: list[_Change], limit: float) -> bool:
    return bool(_possible(_cases(changes, limit), np.zeros(1))[0])


def _cases(changes: list[_Change], limit: float) -> list[_Case]:
    return [change.at_most(limit) for change in changes]


def _possible(cases: list[_Case], effects: FloatArray) -> BoolArray:
    """Return which mean effects some case leaves possible."""
    found = np.zeros(len(effects), bool)
    for case in cases:
        if found.all():
            break
        found[~found] = case.possible(effects[~found])
    return found


@dataclass(frozen=True)
class _Case:
    """One earlier change taken for the largest: inequalities ``rows @ (effect, change) <= 0``.

    ``scale`` is what each is measured in, ``cov`` the covariance of the two numbers.
    """

    values: FloatArray
    cov: FloatArray
    rows: FloatArray
    scale: FloatArray

    def possible(self, effects: FloatArray) -> BoolArray:
        """Return which effects are not rejected."""
        broken = (self.rows @ self.values)[:, None] - self.rows[:, :1] * effects
        broken = broken / self.scale[:, None]
        worst, most = broken.argmax(axis=0), broken.max(axis=0)
        found = most <= _SURELY
        if (found & (most > 0)).any():
            found &= most <= self.first_stage
        for row in np.unique(worst[found]).tolist():
            own = found & (worst == row)
            found[own] = self._not_rejected(row, broken[:, own])
        return np.asarray(found)

    def _not_rejected(self, row: int, broken: FloatArray) -> BoolArray:
        """Test the inequality broken most by how far it could be, given that it is the one."""
        if not (broken[row] > 0).any():
            return np.ones(broken.shape[1], bool)
        cov = (self.rows @ self.cov @ self.rows.T) / np.outer(self.scale, self.scale)
        sd = float(np.sqrt(max(cov[row, row], 0.0)))
        if not sd > 0:
            return np.asarray(broken[row] <= 0)
        along = cov[:, row] / cov[row, row]
        rest = broken - along[:, None] * broken[row]
        slack = 1 - along
        at = np.divide(rest, slack[:, None], out=np.zeros_like(rest), where=slack[:, None] != 0)
        low = np.where((slack > 1e-12)[:, None], at, -np.inf).max(axis=0)
        high = np.where((slack < -1e-12)[:, None], at, np.inf).min(axis=0)
        high = np.minimum(high, self.first_stage)
        p = _between(broken[row] / sd, high / sd) / _between(low / sd, high / sd)
        return np.asarray((broken[row] <= 0) | (p >= (ALPHA - _FIRST) / (1 - _FIRST)))

    @cached_property
    def first_stage(self) -> float:
        """Return what the worst inequality exceeds by chance in one of two hundred, at worst."""
        low, high = 0.0, _SURELY
        for _ in range(3):
            tops = np.linspace(low, high, 20)
            at = int(np.argmax(self._holds(tops) > 1 - _FIRST))
            low, high = float(tops[max(at - 1, 0)]), float(tops[at])
        return high

    def _holds(self, tops: FloatArray) -> FloatArray:
        """Return the chance that no inequality is broken by more when all of them just hold."""
        sd = math.sqrt(self.cov[1, 1])
        slope = self.cov[0, 1] / self.cov[1, 1]
        left = math.sqrt(max(self.cov[0, 0] - slope * self.cov[0, 1], 1e-300))
        least = np.full(len(tops), -_FAR)
        if len(self.rows) > 2:
            least = np.maximum(tops * self.scale[2] / self.rows[2, 1] / sd, -_FAR)
        wide = (_FAR - least)[:, None] / 2
        normal = least[:, None] + wide * (_NODES[0] + 1)
        weight = wide * _NODES[1] * np.exp(-(normal**2) / 2) / math.sqrt(2 * math.pi)
        change = normal * sd
        upper = tops[:, None] * self.scale[0] - self.rows[0, 1] * change
        lower = self.rows[1, 1] * change - tops[:, None] * self.scale[1]
        inside = special.ndtr((upper - slope * change) / left)
        inside -= special.ndtr((lower - slope * change) / left)
        return np.asarray((weight * np.clip(inside, 0.0, None)).sum(axis=1))


@dataclass(frozen=True)
class _Change:
    """One earlier change, and the mean effect: what of them does not hang on the limit.

    ``later`` is how far each later change counts in the mean effect, ``own`` its variance and
    ``beside`` its covariance with the earlier one.
    """

    values: FloatArray
    cov: FloatArray
    later: FloatArray
    own: FloatArray
    beside: FloatArray

    def at_most(self, limit: float) -> _Case:
        """Return what is asked when no later change is more than so many times this one."""
        total = float(self.later.sum())
        sides = self._sides(limit)
        rows = [[1.0, -limit * total], [-1.0, -limit * total]]
        scale = [float(self.later @ side) for side in sides]
        if limit > 0:  # the change itself, told by each period's two sides together
            both = sides.sum(axis=0)
            rows += [[0.0, -2 * limit]] * 2
            scale += [float(both.min()), float(both.max())]
        least = max(_LEAST_ERROR * max(scale), 1e-300)
        return _Case(self.values, self.cov, np.array(rows), np.maximum(scale, least))

    def _sides(self, limit: float) -> FloatArray:
        """Return the errors of each later change above and below its limit: 2 × periods."""
        apart = self.own + limit**2 * self.cov[1, 1]
        between = 2 * limit * self.beside
        return np.asarray(np.sqrt(np.clip([apart - between, apart + between], 0.0, None)))


def _changes(course: Course) -> list[_Change]:
    """Return each earlier change, to be taken for the largest, upwards and downwards."""
    size, earlier = len(course.after), len(course.leads)
    steps = np.zeros((size, len(course.cov)))
    steps[:, earlier:] = np.eye(size) - np.eye(size, k=-1)
    own = np.einsum("sp,pq,sq->s", steps, course.cov, steps)
    found = []
    for at in range(earlier):
        for sign in (1.0, -1.0):
            pair = np.array([course.mean, sign * course.lead(at)])
            values = np.array([course.effect, sign * course.leads[at]])
            beside = sign * (steps @ course.cov[:, at])
            found.append(_Change(values, pair @ course.cov @ pair.T, course.later, own, beside))
    return found


def _between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the chance of a standard normal between two bounds, exact in the upper tail."""
    return np.asarray(np.clip(special.ndtr(-low) - special.ndtr(-high), 1e-300, None))
