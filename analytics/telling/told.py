"""What a sentence is made of, the same in every language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analytics.checks.grading import Grade, Verdict
from analytics.estimators.effect import Effect
from analytics.estimators.question import Question
from analytics.telling.numbers import Lang, decimals_for, number

Measure = Literal["percent", "points", "scale", "unit", "bare"]


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, its grade and reasons, and the effect."""

    question: Question
    verdict: Verdict
    grade: Grade
    flags: tuple[str, ...]
    effect: Effect | None
    design: str

    @property
    def rose(self) -> bool:
        """Return whether the outcome went up."""
        return self.effect is not None and self.effect.estimate.value > 0

    @property
    def weak(self) -> bool:
        """Return whether the claim is a suggestion only."""
        return self.grade in ("C", "D")

    def amounts(self) -> Amounts:
        """Return the numbers of the sentence, on the scale they are told in."""
        if self.effect is None:
            raise ValueError("there is no effect to tell")
        measure, value, low, high = self._scaled(self.effect)
        sign = 1 if value >= 0 else -1
        ends = sorted((sign * low, sign * high))
        mde = self.effect.mde * self._scale(self.effect)
        return Amounts(measure, abs(value), ends[0], ends[1], mde, self.question.unit or "")

    def _scaled(self, effect: Effect) -> tuple[Measure, float, float, float]:
        ends = (effect.estimate.value, effect.estimate.low, effect.estimate.high)
        measure = self._measure(effect)
        if measure == "percent" and effect.percent is not None:
            return (measure, *effect.percent)
        scale = self._scale(effect)
        return (measure, ends[0] * scale, ends[1] * scale, ends[2] * scale)

    def _measure(self, effect: Effect) -> Measure:
        if effect.ratio:
            return "percent"
        if self.question.kind == "binary":
            return "points"
        if self.question.kind == "ordinal":
            return "unit" if self.question.unit else "scale"
        if self.question.unit:
            return "unit"
        return "bare"

    def _scale(self, effect: Effect) -> float:
        return 100.0 if self._measure(effect) in ("percent", "points") else 1.0


@dataclass(frozen=True, slots=True)
class Amounts:
    """The size of the effect in its own direction, its interval, and the smallest that is seen."""

    measure: Measure
    value: float
    low: float
    high: float
    mde: float
    unit: str

    def words(self, lang: Lang) -> tuple[str, str, str, str]:
        """Return value, low, high and smallest effect as digits, all as precise as the value."""
        digits = decimals_for(max(self.value, (self.high - self.low) / 10))
        told = [number(part, lang, digits) for part in (self.value, self.low, self.high)]
        return told[0], told[1], told[2], number(self.mde, lang, decimals_for(self.mde))
