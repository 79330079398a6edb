"""Time to an event, with a status that changes on the way: Cox's model on start/stop rows.

A person counts as untrained until the day of training, so that nobody looks long-lived for having
lived long enough to be trained. Where whole teams were sent, errors are those of teams. Ties as Efron
has them (or Breslow). The top of the likelihood is found by Newton's steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analytics.estimators.between import Between
from analytics.estimators.columns import telling
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.partial_likelihood import AtRisk, Curved, likelihood, weighed

_STILL = 1e-12
"""Gain in the likelihood from a step, below which the top has been reached."""
_NEARLY = 1e-6
"""The same where steps gain ever less and never arrive: the event never befell those of a covariate."""
_SLOWLY = 0.1
"""Share of the last step's gain; near a top that is one, each gains far less than the one before."""
_STEPS, _HALVINGS = 50, 20


@dataclass(frozen=True)
class Spells:
    """Rows of people at risk from ``entry`` (excluded) to ``exit``; ``event`` 1 where it ended so."""

    unit: IntArray
    entry: FloatArray
    exit: FloatArray
    event: FloatArray
    exposure: FloatArray
    covariates: FloatArray
    cluster: IntArray | None = None
    """What was sent on the path as one, when that is more than a person."""

    @property
    def has_events_on_both_sides(self) -> bool:
        """Return whether it happened to the trained and to the untrained."""
        return len(np.unique(self.exposure[self.event == 1] > 0)) == 2

    @property
    def between(self) -> Between | None:
        """Return the clusters, where they are more than people."""
        return None if self.cluster is None else Between(self.cluster, self.exposure > 0)

    @property
    def untrained_rate(self) -> float:
        """Return the events in a unit of the time without training."""
        own = self.exposure == 0
        time = float((self.exit - self.entry)[own].sum())
        return float(self.event[own].sum()) / time if time > 0 else 0.0

    def from_landmark(self, at: float) -> Spells:
        """Return the time after ``at`` of those still there, by the most they had been before it."""
        there = self.exit > at
        begun = np.where(self.entry < at, self.exposure, 0.0)
        by_then = np.zeros(int(self.unit.max()) + 1)
        np.maximum.at(by_then, self.unit, begun)
        return Spells(
            unit=self.unit[there],
            entry=np.maximum(self.entry[there], at),
            exit=self.exit[there],
            event=self.event[there],
            exposure=by_then[self.unit[there]],
            covariates=telling(self.covariates[there]),
            cluster=None if self.cluster is None else self.cluster[there],
        )


@dataclass(frozen=True)
class Hazard:
    """The logarithm of the hazard ratio of exposure, and whether it stays the same over time."""

    estimate: Estimate
    proportional_p: float | None


def cox(spells: Spells, ties: str = "efron") -> Hazard | None:
    """Fit the model; None when the hazard ratio cannot be told: no events on one side, nobody to
    compare, or a cluster that is alone with its side. The error between clusters is the sandwich of their
    scores (Lin and Wei 1989).
    """
    if not spells.event.any() or not np.ptp(spells.exposure) > 0:
        return None
    design = np.column_stack([spells.exposure, spells.covariates])
    design = design - design.mean(axis=0)
    rows = AtRisk(spells.entry, spells.exit, spells.event == 1)
    shares = rows.shares(ties)
    found = _top(rows, design, shares)
    if found is None:
        return None
    params, cov = found
    value, se = float(params[0]), math.sqrt(max(float(cov[0, 0]), 0.0))
    if not 0 < se < 10:
        return None
    weights = weighed(design, params)
    estimate: Estimate | None = Estimate(value, se, math.inf)
    if spells.between is not None:
        part = _scores(rows, design, weights, shares) @ cov[:, 0]
        estimate = spells.between.estimate(value, part)
    if estimate is None:
        return None
    moved = design[rows.ended, 0] - _mean(rows, weights)[rows.nth, 0]
    return Hazard(estimate, _proportional(spells.exit[rows.ended], moved))


def _top(
    rows: AtRisk, design: FloatArray, shares: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return where the likelihood is highest and the covariance there; None where it has no top.

    Where sides part, the likelihood rises for ever, and the error with it.
    """
    params, last = np.zeros(design.shape[1]), math.inf
    at = likelihood(rows, design, shares, params)
    for _ in range(_STEPS):
        step = _step(at)
        higher = None if step is None else _climbed(rows, design, shares, params, step, at)
        if step is None or higher is None:
            return None
        gain = float(at.slope @ step) / 2
        params, at = higher
        if gain < _STILL or _SLOWLY * last < gain < _NEARLY:
            if _step(at) is None:
                return None
            return params, np.asarray(np.linalg.inv(at.curve), np.float64)
        last = gain
    return None


def _step(at: Curved) -> FloatArray | None:
    """Return Newton's step; None where the likelihood does not bend down every way."""
    if not at.known:
        return None
    try:
        np.linalg.cholesky(at.curve)
        return np.asarray(np.linalg.solve(at.curve, at.slope))
    except np.linalg.LinAlgError:
        return None


def _climbed(
    rows: AtRisk,
    design: FloatArray,
    shares: FloatArray,
    params: FloatArray,
    step: FloatArray,
    at: Curved,
) -> tuple[FloatArray, Curved] | None:
    """Take the step, or as much of it as leads higher; None where nothing does."""
    for halved in range(_HALVINGS):
        moved = params + step * 0.5**halved
        found = likelihood(rows, design, shares, moved)
        if found.known and found.value >= at.value - 1e-9 * abs(at.value):
            return moved, found
    return None


def _mean(rows: AtRisk, weights: FloatArray) -> FloatArray:
    """Return the mean of each column over those at risk, by their hazards: times × columns."""
    summed = rows.sums(weights)
    return np.asarray(summed[:, 1:] / summed[:, :1])


def _scores(
    rows: AtRisk, design: FloatArray, weights: FloatArray, shares: FloatArray
) -> FloatArray:
    """Return each row's part in the score: what happened less what its time at risk leads to expect.

    Of rows that end at once, each is the first to end, the second and so on for an equal part: its
    event is held against the mean of all these turns, and it is at risk until its own turn only.
    """
    turns = rows.turns(weights, shares)
    mean, hazard = turns[:, 1:] / turns[:, :1], 1 / turns[:, :1]
    felt = np.column_stack([hazard, hazard * mean])
    passed = rows.gathered(rows.summed(felt))
    passed[rows.ended] -= rows.summed(shares[:, None] * felt)[rows.nth]
    expected = weights[:, 1:] * passed[:, :1] - weights[:, :1] * passed[:, 1:]
    happened = np.zeros_like(design)
    usual = rows.summed(mean) / rows.events[:, None]
    happened[rows.ended] = design[rows.ended] - usual[rows.nth]
    return np.asarray(happened - expected)


def _proportional(times: FloatArray, moved: FloatArray) -> float | None:
    """Return the chance of Schoenfeld residuals that move with the order of time as much as these."""
    told = np.isfinite(moved)
    times, moved = times[told], moved[told]
    if len(moved) < 5 or not np.ptp(moved) > 0 or not np.ptp(times) > 0:
        return None
    from scipy import stats  # half a second, which others do without

    return float(stats.pearsonr(stats.rankdata(times), moved)[1])
