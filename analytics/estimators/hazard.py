"""Time to an event, with a status that changes on the way: Cox's model on start/stop rows.

A person counts as untrained until the day of training, so that nobody looks long-lived for having
lived long enough to be trained. Where whole teams were sent, errors are those of teams. Ties as Efron has them (or Breslow). By statsmodels, whose interval
is closed at its start where R's is open: a hair is added to every entry.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analytics.estimators.columns import telling
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray

_HAIR = 1e-6
_STILL = 1e-6
"""Gain in the likelihood, were one more step taken, below which the top has been reached."""


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
    """Fit the model; None when the hazard ratio cannot be told (no events on one side, nobody to compare)."""
    from statsmodels.duration.hazard_regression import PHReg

    if not spells.event.any() or not np.ptp(spells.exposure) > 0:
        return None
    design = np.column_stack([spells.exposure, spells.covariates])
    step = np.diff(np.unique(np.concatenate([spells.entry, spells.exit])))
    hair = _HAIR * (float(step.min()) if len(step) else 1.0)
    first = min(float(spells.entry.min()), 0.0)  # only the order of times matters
    entry, left = spells.entry - first + hair, spells.exit - first
    model = PHReg(left, design, status=spells.event, entry=entry, ties=ties)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what does not converge is found out below
        try:
            fit = model.fit(disp=0)
        except np.linalg.LinAlgError:
            return None
        value, se, df = float(fit.params[0]), float(fit.bse[0]), math.inf
    found = math.isfinite(value) and math.isfinite(se) and 0 < se < 10
    if not found or _unfinished(model, fit.params):
        return None
    if spells.cluster is not None:
        if len(np.unique(spells.cluster)) < 2:
            return None  # one cluster has no error
        se, df = _clustered(model, spells, design, fit.params)
    return Hazard(Estimate(value, se, df), _proportional(spells, fit))


def _unfinished(model: Any, params: FloatArray) -> bool:
    """Return whether the likelihood still rises from here, as it does for ever where sides part."""
    slope = model.score(params)
    gain = -float(slope @ np.linalg.lstsq(model.hessian(params), slope, rcond=None)[0])
    return not gain < _STILL


def _clustered(
    model: Any, spells: Spells, design: FloatArray, params: FloatArray
) -> tuple[float, float]:
    """Return the sandwich error over clusters' scores (Lin and Wei 1989), and its degrees of freedom."""
    scores = _scores(spells, design, np.asarray(params))
    codes, row = np.unique(np.asarray(spells.cluster), return_inverse=True)
    summed = np.zeros((len(codes), scores.shape[1]))
    np.add.at(summed, row, scores)
    bread = np.linalg.inv(model.hessian(params))
    free = max(len(codes) - 1, 1)
    cov = len(codes) / free * bread @ summed.T @ summed @ bread
    return math.sqrt(max(float(cov[0, 0]), 0.0)), float(free)


def _scores(spells: Spells, design: FloatArray, params: FloatArray) -> FloatArray:
    """Return each row's part in the score: what happened less what its time at risk leads to expect.

    Sums over those at risk are sums over all who leave later, less all who enter later.
    """
    risk = np.exp((design - design.mean(axis=0)) @ params)
    weighted = np.column_stack([risk, risk[:, None] * design])
    ended = spells.event == 1
    times, events = np.unique(spells.exit[ended], return_counts=True)
    at_risk = _from_on(spells.exit, weighted, times) - _from_on(spells.entry, weighted, times)
    mean = at_risk[:, 1:] / at_risk[:, :1]
    hazard = events / at_risk[:, 0]
    summed = np.vstack(
        [np.zeros(1 + design.shape[1]), np.column_stack([hazard, hazard[:, None] * mean])]
    )
    summed = summed.cumsum(axis=0)
    until = summed[np.searchsorted(times, spells.exit, side="right")]
    passed = until - summed[np.searchsorted(times, spells.entry, side="right")]
    expected = risk[:, None] * (design * passed[:, :1] - passed[:, 1:])
    happened = np.zeros_like(design)
    happened[ended] = design[ended] - mean[np.searchsorted(times, spells.exit[ended])]
    return np.asarray(happened - expected)


def _from_on(at: FloatArray, values: FloatArray, times: FloatArray) -> FloatArray:
    """Return, for each time, the sum of the values that lie there or later."""
    order = np.argsort(at, kind="stable")
    later = np.vstack([values[order][::-1].cumsum(axis=0)[::-1], np.zeros(values.shape[1])])
    return np.asarray(later[np.searchsorted(at[order], times, side="left")])


def _proportional(spells: Spells, fit: Any) -> float | None:
    """Return the chance of Schoenfeld residuals that move with the order of time as much as these."""
    left = np.asarray(fit.schoenfeld_residuals)[:, 0]
    told = np.isfinite(left) & (spells.event == 1)
    times = spells.exit[told]
    if told.sum() < 5 or not np.ptp(left[told]) > 0 or not np.ptp(times) > 0:
        return None
    return float(stats.pearsonr(stats.rankdata(times), left[told])[1])
