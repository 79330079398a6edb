"""Cox's partial likelihood of start/stop rows, its slope and its curve, in the time of a sort.

A row is at risk from its entry (excluded) to its exit. What is summed over those at risk at a time is
the sum over all who leave then or later, less that over all who enter then or later; what a row
gathers while it is at risk is a running total at its exit less that at its entry. So nothing has a
place for every row and time: memory goes with rows × covariates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Curved:
    """The logarithm of the likelihood at a point, its slope, and its curve (less its second derivative)."""

    value: float
    slope: FloatArray
    curve: FloatArray

    @property
    def known(self) -> bool:
        """Return whether everything is a number."""
        parts = (self.slope, self.curve)
        return bool(np.isfinite(self.value)) and all(np.isfinite(part).all() for part in parts)


@dataclass(frozen=True)
class AtRisk:
    """Who is at risk when: rows of ``entry`` (excluded), ``exit`` and whether it ``ended`` in the event."""

    entry: FloatArray
    exit: FloatArray
    ended: BoolArray

    @cached_property
    def times(self) -> FloatArray:
        """Return the times at which the event happened."""
        return np.unique(self.exit[self.ended])

    @cached_property
    def nth(self) -> IntArray:
        """Return, for each row that ended in the event, the place of its time among `times`."""
        return np.searchsorted(self.times, self.exit[self.ended]).astype(np.int64)

    @cached_property
    def events(self) -> IntArray:
        """Return how often the event happened at each time."""
        return np.bincount(self.nth, minlength=len(self.times)).astype(np.int64)

    @cached_property
    def _orders(self) -> tuple[tuple[IntArray, IntArray], ...]:
        """Return, for exits and entries, their order and the place in it of each time."""
        found = []
        for at in (self.exit, self.entry):
            order = np.argsort(at, kind="stable")
            found.append((order, np.searchsorted(at[order], self.times, side="left")))
        return tuple(found)

    @cached_property
    def _ends(self) -> tuple[IntArray, IntArray]:
        """Return how many times have come by each row's exit, and by its entry."""
        exits, entries = (
            np.searchsorted(self.times, at, side="right") for at in (self.exit, self.entry)
        )
        return exits.astype(np.int64), entries.astype(np.int64)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sums over those at risk: rows × columns in, times × columns out."""
        leave, enter = (_from_on(values[order], place) for order, place in self._orders)
        return np.asarray(leave - enter)

    def sums_of_ended(self, values: FloatArray) -> FloatArray:
        """Return the sums over those to whom it happens at each time."""
        return self.summed(values[self.ended])

    def summed(self, values: FloatArray) -> FloatArray:
        """Return the sums at each time: events × columns in, times × columns out."""
        summed = [np.bincount(self.nth, column, len(self.times)) for column in values.T]
        return np.column_stack(summed)

    def turns(self, weights: FloatArray, shares: FloatArray) -> FloatArray:
        """Return, for each event, the sums over those at risk less its share of who it happens to."""
        tied = self.sums_of_ended(weights)[self.nth]
        return np.asarray(self.sums(weights)[self.nth] - shares[:, None] * tied)

    def gathered(self, values: FloatArray) -> FloatArray:
        """Return what each row gathers while at risk: times × columns in, rows × columns out."""
        total = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
        exits, entries = self._ends
        return np.asarray(total[exits] - total[entries])

    def shares(self, ties: str) -> FloatArray:
        """Return, for each event, the share of those it happens to at once that is at risk no more.

        By Efron's rule they go one after the other, each an equal part of all; by Breslow's at once.
        """
        if ties == "breslow":
            return np.zeros(len(self.nth))
        order = np.argsort(self.nth, kind="stable")
        first = np.cumsum(self.events) - self.events
        place = np.empty(len(self.nth))
        place[order] = np.arange(len(order)) - first[self.nth[order]]
        return np.asarray(place / self.events[self.nth])


def _from_on(values: FloatArray, place: IntArray) -> FloatArray:
    """Return the sums of the values from each place on."""
    later = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values[::-1], axis=0, out=later[-2::-1])
    return np.asarray(later[place])


def weighed(design: FloatArray, params: FloatArray) -> FloatArray:
    """Return each row's hazard beside others', the highest being 1, and that times its columns."""
    told = design @ params
    risk = np.exp(told - told.max())
    return np.column_stack([risk, risk[:, None] * design])


def likelihood(rows: AtRisk, design: FloatArray, shares: FloatArray, params: FloatArray) -> Curved:
    """Return the likelihood of ``params``, with ties as ``shares`` has them.

    Every event is a term: the share of who it happened to in all hazards at risk.
    """
    weights = weighed(design, params)
    over = rows.turns(weights, shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = 1 / over[:, 0]
        mean = over[:, 1:] * each[:, None]
        value = float(np.log(weights[rows.ended, 0]).sum() - np.log(over[:, 0]).sum())
    hazard = np.bincount(rows.nth, each, len(rows.times)).astype(np.float64)
    passed = rows.gathered(hazard[:, None])[:, 0]
    passed[rows.ended] -= np.bincount(rows.nth, shares * each, len(rows.times))[rows.nth]
    curve = (weights[:, 1:] * passed[:, None]).T @ design - mean.T @ mean
    return Curved(value, design[rows.ended].sum(axis=0) - mean.sum(axis=0), np.asarray(curve))
