"""Group-time difference in differences (Callaway & Sant'Anna 2021) as weights on cell means.

The effect on cohort g in period t is the change of its mean since the last period before its start,
less the same change among those not trained by then. Before the start the base is the period
before (the R package's ``varying`` base), so that each lead is a placebo effect of its own.
Each estimate is ``sum(weights * grid.mean)``; nothing else about it need be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analytics.estimators.grid import BoolArray, FloatArray, Grid, IntArray


@dataclass(frozen=True)
class GroupTime:
    """Every group-time effect: its cohort's row, its period's column, and its weights."""

    grid: Grid
    cohort: IntArray
    period: IntArray
    weights: FloatArray

    @cached_property
    def event(self) -> IntArray:
        """Return the periods since the start, negative before it."""
        return self.grid.periods[self.period] - self.grid.cohorts[self.cohort]

    @cached_property
    def size(self) -> FloatArray:
        """Return the exposure of the cell each effect is about."""
        return self.grid.den[self.cohort, self.period]

    @cached_property
    def value(self) -> FloatArray:
        """Return the effects themselves."""
        return np.asarray((self.weights * self.grid.mean).sum(axis=(1, 2)))

    def average(self, share: FloatArray) -> FloatArray:
        """Return the weights of a weighted average of the effects."""
        return np.asarray(np.tensordot(share / share.sum(), self.weights, axes=1))


def group_time(grid: Grid, comparison: str, *, back: int = 1) -> GroupTime:
    """Return every effect that can be estimated.

    ``back`` is how many seen periods before the start the base lies: 1 as published, more to ask
    whether the answer hangs on the last one.
    """
    cohort, period, weights = [], [], []
    for g in grid.starts.tolist():
        for t in np.flatnonzero(grid.there[g]).tolist():
            base = _base(grid, g, t, back)
            if base is None:
                continue
            change = difference(grid, g, t, base, comparison)
            if change is not None:
                cohort.append(g)
                period.append(t)
                weights.append(change)
    shape = (len(weights), *grid.den.shape)
    stacked = np.array(weights).reshape(shape)
    return GroupTime(grid, np.array(cohort, np.int64), np.array(period, np.int64), stacked)


def _base(grid: Grid, g: int, t: int, back: int) -> int | None:
    """Return the column of the period to compare with, or None when there is none."""
    if grid.treated[g, t]:
        before = np.flatnonzero(grid.untreated[g])
        return int(before[-back]) if len(before) >= back else None
    before = np.flatnonzero(grid.there[g, :t])
    return int(before[-1]) if len(before) else None


def difference(grid: Grid, g: int, t: int, base: int, comparison: str) -> FloatArray | None:
    """Return the weights of cohort g's change from ``base`` to t less the comparison's change."""
    others = comparison_rows(grid, g, max(t, base), comparison)
    others &= grid.there[:, t] & grid.there[:, base]
    if not others.any():
        return None
    weights = np.zeros(grid.den.shape)
    weights[g, t] += 1.0
    weights[g, base] -= 1.0
    share = steady_share(grid, others, np.array([base, t]))
    weights[others, t] -= share
    weights[others, base] += share
    return weights


def steady_share(grid: Grid, others: BoolArray, columns: IntArray) -> FloatArray:
    """Return the weight of each comparison cohort, the same in all these periods.

    Were it each period's own exposure, a comparison group that changes its make-up would show as
    an effect. The harmonic mean of the exposures weighs by precision.
    """
    size = 1.0 / (1.0 / grid.den[np.ix_(others, columns)]).sum(axis=1)
    return np.asarray(size / size.sum())


def comparison_rows(grid: Grid, g: int, until: int, comparison: str) -> BoolArray:
    """Return the cohorts that may stand for g: not trained by the period in column ``until``."""
    others = grid.never if comparison == "never" else grid.cohorts > grid.periods[until]
    others = others & ~grid.always
    others[g] = False
    return np.asarray(others)


def simple(effects: GroupTime) -> FloatArray | None:
    """Return the weights of the mean effect over all trained units and periods."""
    return _weights(effects, _of_all(effects))


def of_cohort(effects: GroupTime, g: int) -> FloatArray | None:
    """Return the weights of one cohort's effect, its periods counted alike."""
    return _weights(effects, ((effects.event >= 0) & (effects.cohort == g)).astype(float))


def group(effects: GroupTime) -> FloatArray | None:
    """Return the weights of the mean over cohorts of each cohort's mean effect."""
    return _weights(effects, _of_cohorts(effects))


def at_event(effects: GroupTime, event: int) -> FloatArray | None:
    """Return the weights of the mean effect so many periods after the start."""
    return _weights(effects, _of_event(effects, event))


def dynamic(effects: GroupTime) -> FloatArray | None:
    """Return the weights of the mean over periods since the start, each counted alike."""
    return _weights(effects, _of_events(effects))


def tilts(effects: GroupTime) -> dict[str, FloatArray]:
    """Return, by the name of an average, how its cohorts' shares in it move it.

    That is each cohort's share times how far its effects lie from what they are averaged to: a
    cohort of other effects than the rest, were it larger, would make another average. A number for
    each cohort; periods since the start go by their number as text.
    """
    alike = np.zeros(len(effects.event), np.int64)
    events = np.unique(effects.event).tolist()
    return {
        "simple": _tilt(effects, _of_all(effects), alike),
        "group": _tilt(effects, _of_cohorts(effects), alike),
        "dynamic": _tilt(effects, _of_events(effects), effects.event),
        **{str(e): _tilt(effects, _of_event(effects, e), alike) for e in events},
    }


def _of_all(effects: GroupTime) -> FloatArray:
    return np.where(effects.event >= 0, effects.size, 0.0)


def _of_cohorts(effects: GroupTime) -> FloatArray:
    share = np.zeros(len(effects.event))
    for g in np.unique(effects.cohort):
        own = (effects.event >= 0) & (effects.cohort == g)
        if own.any():
            share[own] = effects.size[own].mean() / own.sum()
    return share


def _of_event(effects: GroupTime, event: int) -> FloatArray:
    return np.where(effects.event == event, effects.size, 0.0)


def _of_events(effects: GroupTime) -> FloatArray:
    share = np.zeros(len(effects.event))
    for event in np.unique(effects.event[effects.event >= 0]):
        own = effects.event == event
        share[own] = effects.size[own] / effects.size[own].sum()
    return share


def _weights(effects: GroupTime, share: FloatArray) -> FloatArray | None:
    return effects.average(share) if share.sum() > 0 else None


def _tilt(effects: GroupTime, share: FloatArray, pool: IntArray) -> FloatArray:
    """Return the tilt of a mean over pools, each of which is a mean weighted by cohorts' sizes."""
    codes, of = np.unique(pool, return_inverse=True)
    summed, middle = _summed(of, share, len(codes)), _summed(of, share * effects.value, len(codes))
    middle = np.divide(middle, summed, out=middle, where=summed > 0)
    part = share * (effects.value - middle[of]) / (share.sum() or 1.0)
    return _summed(effects.cohort, part, len(effects.grid.cohorts))


def _summed(at: IntArray, values: FloatArray, places: int) -> FloatArray:
    return np.bincount(at, values, places).astype(np.float64)  # of none it makes whole numbers
