"""A number with its error, and what follows from the two."""

from __future__ import annotations

import math
from dataclasses import dataclass

from analytics.estimators.student import beyond, quantile

_HIGHEST = 700.0
"""Logarithm beyond which a ratio is no number any more."""

_ROUNDING = 1e-9
"""Share of the outcome's spread below which an error is rounding."""

LEVEL = 0.95
POWER = 0.80


def ratio_of(log: float) -> float:
    """Return the ratio of a logarithm, however unsure it is."""
    return math.exp(min(log, _HIGHEST))


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate, its standard error and its degrees of freedom; 95 % intervals from t."""

    value: float
    se: float
    df: float

    @property
    def reach(self) -> float:
        """Return half the width of the interval."""
        return quantile(0.5 + LEVEL / 2, self.df) * self.se

    @property
    def low(self) -> float:
        """Return the lower end of the interval."""
        return self.value - self.reach

    @property
    def high(self) -> float:
        """Return the upper end of the interval."""
        return self.value + self.reach

    @property
    def has_ends(self) -> bool:
        """Return whether there is an interval: none where no error is known and no test gave one."""
        return self.se > 0 or self.low < self.high

    @property
    def p(self) -> float:
        """Return the two-sided p value; 1 when the error is not known."""
        if not self.se > 0:
            return 1.0
        return 2 * beyond(abs(self.value) / self.se, self.df)

    @property
    def mde(self) -> float:
        """Return the smallest true effect that would be found four times in five."""
        return self.reach + quantile(POWER, self.df) * self.se

    def without_noise(self, spread: float) -> bool:
        """Return whether nothing of the outcome's ``spread`` is chance: no error is left to hold it against."""
        return not self.se > _ROUNDING * spread

    def as_json(self, name: str = "att") -> dict[str, float | None]:
        """Return the estimate under the name its kind has in the answer."""
        return {name: self.value, **self._told_error(self.low, self.high)}

    def _told_error(self, low: float, high: float) -> dict[str, float | None]:
        """Return what is told beside the value; nothing where no error is known, not one of 0."""
        known = self.se > 0
        return {
            "se": self.se if known else None,
            "low": low if self.has_ends else None,
            "high": high if self.has_ends else None,
            "p": self.p if known else None,
            "df": self.df,
        }

    def between(self, low: float, high: float) -> Bounded:
        """Return the estimate with an interval that was found another way."""
        return Bounded(self.value, self.se, self.df, (low, high))

    def as_ratio(self) -> dict[str, float | None]:
        """Return the estimate of a logarithm as a ratio; ``se`` stays that of the logarithm."""
        error = self._told_error(ratio_of(self.low), ratio_of(self.high))
        return {"ratio": ratio_of(self.value), **error}


@dataclass(frozen=True, slots=True)
class Bounded(Estimate):
    """An estimate whose interval does not come from t; its error still tells what could be seen."""

    ends: tuple[float, float]

    @property
    def low(self) -> float:
        """Return the lower end of the interval."""
        return self.ends[0]

    @property
    def high(self) -> float:
        """Return the upper end of the interval."""
        return self.ends[1]
