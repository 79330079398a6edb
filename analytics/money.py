"""What an effect is worth: return on investment with its interval, and the Phillips estimate.

Benefit is the effect times the units it fell on times what a unit is worth. Nothing is carried on
beyond the months that were measured. The interval comes from seeded draws over three doubts at once:
the error of the effect, the value of a unit and the cost. `evaluation.md`, "Money", rules it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analytics.amounts import NOTHING, Span
from analytics.estimators.student import quantile

Draws = npt.NDArray[np.float64]

SEED = 20_260_102
DRAWS = 20_000
INTERVALS = {"80": (0.10, 0.90), "95": (0.025, 0.975)}


def roi(benefit: float, cost: float) -> dict[str, float]:
    """Return ROI in percent, what each unit of money brought, and the net benefit.

    ``(benefit - cost) / cost * 100``; ``cost`` is above zero and fully loaded, learners' hours
    included.
    """
    net = benefit - cost
    return {"percent": net / cost * 100, "benefit_cost_ratio": benefit / cost, "net": net}


def phillips(gain: float, isolation: float, confidence: float, cost: float) -> dict[str, float]:
    """Return what those asked believe: the gain, times the share they ascribe to the training, times
    how sure they are of that. An opinion: never to be shown beside a measured effect.
    """
    benefit = gain * isolation * confidence
    return {"benefit": benefit, **roi(benefit, cost)}


@dataclass(frozen=True, slots=True)
class Gain:
    """An effect with its error, and the units it fell on.

    ``effect`` is a difference a unit; with ``base``, the events a unit would have had without the
    training, it is the logarithm of a ratio.
    """

    effect: float
    se: float
    df: float
    units: float
    better: Literal["up", "down"]
    base: float | None = None
    ends: tuple[float, float] | None = None
    """Of the interval that is told, where it does not follow from the error: as from dealing anew."""

    def won(self, effect: Draws | float) -> Draws:
        """Return the improvement in units of the outcome, for such an effect."""
        each = effect if self.base is None else self.base * np.expm1(effect)
        sign = 1.0 if self.better == "up" else -1.0
        return np.asarray(sign * self.units * each, np.float64)

    def at(self, share: Draws) -> Draws:
        """Return the improvements below which these shares of its error lie."""
        reach = quantile(share, self.df)
        if self.ends is None:
            return self.won(self.effect + self.se * reach)
        usual = quantile(0.975, self.df)
        below, above = ((end - self.effect) / usual for end in self.ends)
        return self.won(self.effect + np.where(reach < 0, -below, above) * reach)


@dataclass(frozen=True, slots=True)
class Cost:
    """All that a path costs: once, a learner, and the learners' hours at what an hour costs."""

    learners: float
    fixed: Span = NOTHING
    per_learner: Span = NOTHING
    hours: Span = NOTHING
    hour: float = 0.0

    @property
    def likely(self) -> float:
        """Return the most likely total."""
        each = self.per_learner.likely + self.hours.likely * self.hour
        return self.fixed.likely + self.learners * each

    def at(self, shares: Draws) -> Draws:
        """Return totals, each part drawn for itself from a row of shares."""
        each = drawn(self.per_learner, shares[1]) + drawn(self.hours, shares[2]) * self.hour
        return drawn(self.fixed, shares[0]) + self.learners * each


def returns(gain: Gain, value: Span, cost: Cost, *, seed: int = SEED) -> dict[str, Any]:
    """Return benefit, ROI and break-even, with 80 and 95 % intervals; the cost is above zero."""
    shares = _shares(5, seed)
    benefits = gain.at(shares[0]) * drawn(value, shares[1])
    costs = cost.at(shares[2:])
    percents = (benefits - costs) / costs * 100
    won = float(gain.won(gain.effect))
    return {
        "benefit": {"likely": won * value.likely, **_intervals(benefits)},
        "roi": {**roi(won * value.likely, cost.likely), **_intervals(percents)},
        "probability_above_zero": float((percents > 0).mean()),
        "units_won": won,
        "break_even": _break_even(gain, won, value.likely, cost.likely),
    }


def worth(gain: Gain, value: Span, *, seed: int = SEED) -> dict[str, Any]:
    """Return what was seen in money, without saying that the training made it."""
    shares = _shares(2, seed)
    return _intervals(gain.at(shares[0]) * drawn(value, shares[1]))


def _intervals(drawn: Draws) -> dict[str, list[float]]:
    return {
        name: [float(end) for end in np.quantile(drawn, ends)] for name, ends in INTERVALS.items()
    }


def _break_even(gain: Gain, won: float, value: float, cost: float) -> dict[str, float | None]:
    """Return the value of a unit, and the effect, at which the cost is just covered."""
    needed = cost / (value * gain.units) if value > 0 and gain.units > 0 else None
    sign = 1.0 if gain.better == "up" else -1.0
    percent = None if needed is None or not gain.base else sign * 100 * needed / gain.base
    return {
        "value_per_unit": cost / won if won > 0 else None,
        "effect": None if needed is None else sign * needed,
        "effect_percent": percent,
    }


def drawn(amount: Span, share: Draws) -> Draws:
    """Return the amounts below which these shares of a triangular distribution lie."""
    if amount.exact:
        return np.full(share.shape, amount.likely)
    width = amount.high - amount.low
    peak = (amount.likely - amount.low) / width
    rises, falls = np.sqrt(peak * share), 1 - np.sqrt((1 - peak) * (1 - share))
    return np.asarray(amount.low + width * np.where(share < peak, rises, falls))


def _shares(rows: int, seed: int) -> Draws:
    """Return rows of shares between 0 and 1, each spread evenly and in an order of its own.

    Even spreading (a Latin hypercube) leaves the quantiles nearly free of the draws' own luck.
    """
    random = np.random.default_rng(seed)
    steps = np.tile(np.arange(DRAWS, dtype=np.float64), (rows, 1))
    return np.asarray((random.permuted(steps, axis=1) + 0.5) / DRAWS)
