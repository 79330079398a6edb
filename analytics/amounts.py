"""An amount that is not known to the penny: at least, most likely, at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrs.errors import BadInput

_ENDS = ("low", "likely", "high")


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of which only this much is known."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, given: Any, where: str) -> Span:
        """Return the amount of a number or of low, likely and high; raises `BadInput`."""
        if isinstance(given, dict) and set(given) != set(_ENDS):
            raise BadInput("an amount is a number, or low, likely and high", where=where)
        parts = [given[end] for end in _ENDS] if isinstance(given, dict) else [given] * 3
        for part in parts:
            if isinstance(part, bool) or not isinstance(part, int | float) or not 0 <= part < 1e15:
                raise BadInput(f"this should be an amount from 0, not {part!r}", where=where)
        if not parts[0] <= parts[1] <= parts[2]:
            raise BadInput("low, likely and high do not stand in this order", where=where)
        return cls(*(float(part) for part in parts))

    @property
    def exact(self) -> bool:
        """Return whether there is no doubt about it."""
        return self.low == self.high

    def as_json(self) -> dict[str, float]:
        """Return the three amounts by name."""
        return {"low": self.low, "likely": self.likely, "high": self.high}


NOTHING = Span(0.0, 0.0, 0.0)
