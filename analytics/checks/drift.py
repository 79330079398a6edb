"""How far might the two sides have drifted apart, had nobody been trained, before the effect falls?

Parallel trends cannot be shown; how much it takes to break them can (Rambachan and Roth 2023). The
effect after the start is set against the changes of the two sides before it, which nothing but a
drift can have made. Two measures of a drift: `relative` and `smooth`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators.errors import measure
from analytics.estimators.grid import FloatArray
from analytics.estimators.group_time import at_event
from analytics.estimators.study import Study

ALPHA = 0.05
_BROAD = 0.5
"""Share of the trained clusters that must stand behind a change before the start."""


@dataclass(frozen=True)
class Course:
    """Changes before the start, effects after it, and their joint error.

    ``leads``  how much more the trained changed from one period to the next, the last period first.
    ``after``  the effects by periods since the start; ``share`` their weights in the mean effect.
    ``cov``    the covariance of the leads followed by the effects.
    """

    leads: FloatArray
    after: FloatArray
    share: FloatArray
    cov: FloatArray

    @property
    def effect(self) -> float:
        """Return the mean effect."""
        return float(self.share @ self.after)

    @cached_property
    def mean(self) -> FloatArray:
        """Return the mean effect as weights on leads and effects."""
        return np.concatenate([np.zeros(len(self.leads)), self.share])

    def lead(self, at: int) -> FloatArray:
        """Return one lead as weights on leads and effects."""
        return np.asarray(np.eye(len(self.cov))[at])

    @property
    def later(self) -> FloatArray:
        """Return what a drift of one in each period adds up to in the mean effect."""
        return np.asarray(np.cumsum(self.share[::-1])[::-1])

    def spread(self, weights: FloatArray) -> float:
        """Return the standard error of a weighted sum."""
        return math.sqrt(max(float(weights @ self.cov @ weights), 0.0))

    @property
    def told(self) -> bool:
        """Return whether every part has an error to be measured by."""
        return bool((np.diag(self.cov) > 0).all()) and self.spread(self.mean) > 0


def course_of(study: Study) -> Course | None:
    """Return the course of a panel, or None when there is too little before the start."""
    behind = _behind(study)
    before = _unbroken(behind, -1)
    after = [event for event in range(max(behind, default=-1) + 1) if event in behind]
    if not before or not after:
        return None
    names = [str(event) for event in (*before, *after)]
    weights = {name: at_event(study.effects, int(name)) for name in names}
    values, cov = measure(study.deviations, weights, study.tilts).block(names)
    size = [study.effects.size[study.effects.event == event].sum() for event in after]
    share = np.array(size) / np.sum(size)
    course = Course(values[: len(before)], values[len(before) :], share, cov)
    return course if course.told else None


def _behind(study: Study) -> dict[int, int]:
    """Return how many trained clusters stand behind each period since the start."""
    found: dict[int, int] = {}
    for event, row in zip(study.effects.event.tolist(), study.effects.cohort, strict=True):
        found[event] = found.get(event, 0) + int(study.grid.clusters[row])
    return found


def _unbroken(behind: dict[int, int], event: int) -> list[int]:
    """Return the periods before the start, backwards, as long as most of the trained were seen."""
    least = _BROAD * behind.get(0, 0)
    found = []
    while behind.get(event, 0) > 0 and behind[event] >= least:
        found.append(event)
        event -= 1
    return found
