"""Numbers as each language writes them, no more precise than they are."""

from __future__ import annotations

import math
from typing import Literal

from babel.numbers import format_decimal

Lang = Literal["en", "sv", "nl"]
LANGUAGES: tuple[Lang, ...] = ("en", "sv", "nl")


def as_language(lang: str) -> Lang:
    """Return the language asked for, English when it is not one of ours."""
    return next((ours for ours in LANGUAGES if ours == lang), "en")


def decimals_for(value: float) -> int:
    """Return how many decimals leave two digits that mean something."""
    if not math.isfinite(value) or value == 0:
        return 0
    return min(max(0, 1 - math.floor(math.log10(abs(value)))), 6)


def number(value: float, lang: Lang, decimals: int) -> str:
    """Return a number in the language's own way, never a negative zero."""
    rounded = round(value, decimals) + 0.0
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(rounded, format=pattern, locale=lang)
