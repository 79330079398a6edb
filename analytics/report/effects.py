"""An estimate as a reader sees it: a rate's effect in per cent, a share's in points, else in the unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.estimators.question import is_percent
from analytics.telling.numbers import as_language, counted, decimals_for, number
from lrs.web.figures import Figures, figures, with_sign
from lrs.web.i18n import Words, words

SHARES = {"binary"}
_VALUES = ("att", "coef")


@dataclass(frozen=True, slots=True)
class Told:
    """An effect in text; an interval only where there is one."""

    value: str
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """How effects on one outcome are written."""

    kind: str
    unit: str
    lang: str
    relative: bool = False
    """Differences are shares of a level, and written in per cent."""
    one: str = ""
    """The unit after a 1, where it is another word."""

    @property
    def _figures(self) -> Figures:
        return figures(self.lang)

    @property
    def _words(self) -> Words:
        return words(self.lang)

    def tell(self, estimate: Mapping[str, Any] | None) -> Told | None:
        """Return the effect and its interval, or None where there is no figure to tell.

        A rate, and a value that counts from zero, is told in per cent of what it would have been.
        """
        if not estimate:
            return None
        if self.in_percent(estimate):
            ends = [_number(estimate, name) for name in ("percent", "percent_low", "percent_high")]
            value, low, high = (None if end is None else end / 100 for end in ends)
            return None if value is None else self._told(value, low, high, relative=True)
        return self.tell_difference(estimate)

    def in_percent(self, estimate: Mapping[str, Any]) -> bool:
        """Tell whether an estimate comes with its size in per cent, on a scale where that tells."""
        points = self.kind in SHARES or is_percent(self.unit)
        return not points and _number(estimate, "percent") is not None

    def tell_difference(self, estimate: Mapping[str, Any]) -> Told | None:
        """Return the effect as a difference on the outcome's own scale, or as a bare ratio."""
        ratio = _number(estimate, "ratio")
        ends = [_number(estimate, name) for name in ("low", "high")]
        if ratio is not None:
            low, high = (None if end is None else end - 1 for end in ends)
            return self._told(ratio - 1, low, high, relative=True)
        value = next((v for name in _VALUES if (v := _number(estimate, name)) is not None), None)
        return None if value is None else self._told(value, *ends, relative=self.relative)

    def smallest(self, mde: float, estimate: Mapping[str, Any]) -> str:
        """Return the smallest effect that could have been seen, on the scale of the effect."""
        percent, value = _number(estimate, "percent"), _number(estimate, "att")
        if "ratio" in estimate:
            return self._figures.percent(mde, int(mde < 0.02))
        if self.in_percent(estimate) and percent and value:
            share = abs(mde * percent / value / 100)
            return self._figures.percent(share, int(share < 0.02))
        return self._with_unit(self._plain(mde, mde, signed=False))

    def difference(self, value: float, width: float | None = None) -> str:
        """Return a difference on the outcome's own scale, with its unit."""
        width = width or abs(value)
        if self.relative:
            return self._figures.percent(value, int(width < 0.02), signed=True)
        return self._with_unit(self._plain(value, width, signed=True))

    def level(self, value: float, width: float) -> str:
        """Return a level of the outcome itself, with the decimals that a spread of such ``width`` asks for."""
        if self.kind in SHARES:
            return self._figures.percent(value, int(width < 0.02))
        return self._plain(value, width, signed=False)

    def level_tick(self) -> Callable[[float, float], str]:
        """Return how a level at the picture's axis is written, given the distance between ticks."""

        def write(value: float, step: float) -> str:
            if self.kind in SHARES:
                return self._figures.percent(value, _tick_decimals(step * 100))
            return self._number(value, _tick_decimals(step), signed=False)

        return write

    def unit_in_words(self) -> str:
        """Return what a difference on the outcome's own scale is measured in."""
        in_points = self.kind in SHARES or is_percent(self.unit)
        return self._words.say("percentage points") if in_points else self.unit

    def _told(self, value: float, low: float | None, high: float | None, *, relative: bool) -> Told:
        width = (high - low) / 2 if low is not None and high is not None else abs(value)

        def write(x: float) -> str:
            if relative:
                return figures(self.lang).percent(x, int(width < 0.02), signed=True)
            return self._plain(x, width, signed=True)

        said = write(value)
        return Told(
            said if relative else self._with_unit(said),
            write(low) if low is not None else None,
            write(high) if high is not None else None,
        )

    def _plain(self, value: float, width: float, *, signed: bool) -> str:
        scaled, width = (value * 100, width * 100) if self.kind in SHARES else (value, width)
        return self._number(scaled, decimals(width), signed=signed)

    def _number(self, value: float, digits: int, *, signed: bool) -> str:
        """Return a number; one that is far too small for its decimals to be read, with a power of ten."""
        return with_sign(number(value, as_language(self.lang), digits), value, signed=signed)

    def _with_unit(self, said: str) -> str:
        if self.kind in SHARES or is_percent(self.unit):
            return self._words.say("%(n)s percentage points", n=said)
        return counted(said, self.unit, self.one or self.unit)

    def tick(self) -> Callable[[float, float], str]:
        """Return how a value at the picture's axis is written, given the distance between ticks."""

        def write(value: float, step: float) -> str:
            if self.relative:
                digits = _tick_decimals(step * 100)
                return self._figures.percent(value, digits, signed=True)
            scale = 100 if self.kind in SHARES else 1
            return self._number(value * scale, _tick_decimals(step * scale), signed=True)

        return write


def decimals(width: float) -> int:
    """Return how many decimals keep two figures of an uncertainty of that width."""
    return decimals_for(width) if math.isfinite(width) and width > 0 else 1


def _tick_decimals(step: float) -> int:
    """Return how many decimals tell the ticks at the axis from each other."""
    fewest = max(0, -math.floor(math.log10(step))) if step > 0 else 0
    return next((n for n in (fewest, fewest + 1) if _is_whole(step * 10**n)), fewest + 2)


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


def _number(estimate: Mapping[str, Any], name: str) -> float | None:
    value = estimate.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
