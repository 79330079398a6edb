"""What a sentence is made of, the same in every language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from analytics.checks.grading import Grade, Verdict
from analytics.estimators.effect import Effect
from analytics.estimators.question import Question
from analytics.telling.names import inside, opening
from analytics.telling.numbers import Lang, counted, decimals_for, number
from connectors.model.wording import Wording

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

    def path(self, lang: Lang, usual: str) -> str:
        """Return the name of the path; ``usual`` where it has none."""
        return self.question.path_names.get(lang) or self.question.path_name or usual

    def opening(self, lang: Lang, usual: str) -> str:
        """Return the outcome as a sentence opens with it; ``usual`` where it has no name."""
        return opening(self.phrase(lang) or self._name(lang) or usual)

    def inside(self, lang: Lang, usual: str) -> str:
        """Return the outcome as it stands inside a sentence."""
        return self.phrase(lang) or inside(self._name(lang) or usual)

    def phrase(self, lang: Lang) -> str:
        """Return the language's own phrase for the outcome; empty where the name serves as it is."""
        wording = self.question.wordings.get(lang)
        return "" if wording is None else wording.inside

    def _name(self, lang: Lang) -> str:
        wording = self.question.wordings.get(lang)
        return self.question.outcome_name if wording is None else wording.name

    def amounts(self) -> Amounts:
        """Return the numbers of the sentence, on the scale they are told in."""
        if self.effect is None:
            raise ValueError("there is no effect to tell")
        measure, value, low, high = self._scaled(self.effect)
        sign = 1 if value >= 0 else -1
        ends = sorted((sign * low, sign * high))
        smallest = self.effect.mde
        mde = None if smallest is None else smallest * self._scale(self.effect)
        counted = measure == "percent" and value < 0  # which cannot fall by more than all
        return Amounts(
            measure,
            abs(value),
            ends[0],
            min(ends[1], 100.0) if counted else ends[1],
            mde,
            self._unit,
            self.question.wordings,
            falls=self.effect.ratio and value < 0,
            smallest_falls=self.effect.ratio and self.question.better == "down",
        )

    def _scaled(self, effect: Effect) -> tuple[Measure, float, float, float]:
        ends = (effect.estimate.value, effect.estimate.low, effect.estimate.high)
        measure = self._measure(effect)
        if measure == "percent" and effect.percent is not None:
            return (measure, *effect.percent)
        scale = self._scale(effect)
        return (measure, ends[0] * scale, ends[1] * scale, ends[2] * scale)

    def _measure(self, effect: Effect) -> Measure:
        if effect.ratio or (self.question.per_exposure and effect.percent is not None):
            return "percent"
        if self.question.kind == "binary" or self.question.in_percent:
            return "points"
        if self._unit:
            return "unit"
        return "scale" if self.question.kind == "ordinal" and not self._given_unit else "bare"

    @property
    def _unit(self) -> str:
        """Return the unit, unless the outcome itself is named so: NPS rises by 5, not by 5 NPS."""
        unit = self._given_unit
        return "" if unit.casefold() == self.question.outcome_name.casefold() else unit

    @property
    def _given_unit(self) -> str:
        """Return the unit in English; that of a scale of named classes follows no number, and is none."""
        wording = self.question.wordings.get("en")
        return self.question.unit or "" if wording is None else wording.unit

    def _scale(self, effect: Effect) -> float:
        if effect.ratio or self.question.kind == "binary":
            return 100.0
        in_percent = self._measure(effect) == "percent" and effect.without is not None
        return 100.0 / effect.without if in_percent and effect.without else 1.0


@dataclass(frozen=True, slots=True)
class Amounts:
    """The size of the effect in its own direction, its interval, and the smallest that is seen."""

    measure: Measure
    value: float
    low: float
    high: float
    mde: float | None
    unit: str
    wordings: Mapping[str, Wording] = field(default_factory=dict, hash=False)
    falls: bool = False
    """Whether the effect is a fall that leaves something: less than 100 %."""
    smallest_falls: bool = False
    """Whether the smallest effect is one."""

    def counted(self, digits: str, lang: Lang) -> str:
        """Return digits with the unit they count, in the language's own word for it if there is one."""
        wording = self.wordings.get(lang)
        if wording is None:
            return counted(digits, self.unit, self.unit)
        return counted(digits, wording.unit, wording.one)

    def words(self, lang: Lang) -> tuple[str, str, str, str]:
        """Return value, low, high and smallest effect as digits; of the last none where there is none."""
        digits = decimals_for(max(self.value, (self.high - self.low) / 10))
        parts = (self.value, self.low, self.high)
        told = [_number(part, lang, digits, falls=self.falls) for part in parts]
        if self.mde is None:
            return told[0], told[1], told[2], ""
        smallest = decimals_for(self.mde)
        mde = _number(self.mde, lang, smallest, falls=self.smallest_falls)
        return told[0], told[1], told[2], mde


def _number(value: float, lang: Lang, decimals: int, *, falls: bool) -> str:
    """Return a number; a fall of nearly all is not rounded to all."""
    if falls and decimals == 0 and round(value) >= 100:
        return number(math.floor(min(value, 99.9) * 10) / 10, lang, 1)
    return number(value, lang, decimals)
