"""Numbers as each language writes them, no more precise than they are."""

from __future__ import annotations

import math
from typing import Literal

from babel.numbers import format_decimal

Lang = Literal["en", "sv", "nl"]
_LONGEST, _HIGHEST = 9, 1e15
"""Decimals, and a size, beyond which a number is written with a power of ten."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LANGUAGES: tuple[Lang, ...] = ("en", "sv", "nl")


def as_language(lang: str) -> Lang:
    """Return the language asked for, English when it is not one of ours."""
    return next((ours for ours in LANGUAGES if ours == lang), "en")


def decimals_for(value: float) -> int:
    """Return how many decimals leave two digits that mean something."""
    if not math.isfinite(value) or value == 0:
        return 0
    return max(0, 1 - math.floor(math.log10(abs(value))))


def number(value: float, lang: Lang, decimals: int) -> str:
    """Return a number in the language's own way, never a negative zero."""
    rounded = round(value, decimals) + 0.0
    long = decimals > _LONGEST or abs(rounded) >= _HIGHEST
    if long and rounded and math.isfinite(rounded):
        return _with_power(rounded, lang, decimals)
    return _plain(rounded, lang, decimals if rounded or not long else 0)


def counted(digits: str, unit: str, one: str) -> str:
    """Return digits, with or without a sign, and what they count: ``one`` is the unit after a 1."""
    single = digits.lstrip("+-\N{MINUS SIGN}") == "1"
    return f"{digits} {one if single else unit}".rstrip()


def _with_power(value: float, lang: Lang, decimals: int) -> str:
    """Return a number as one from 1 to 10, times a power of ten."""
    digits = max(1, math.floor(math.log10(abs(value))) + decimals) if decimals else 1
    first, power = f"{value:.{digits}e}".split("e")
    return f"{_plain(float(first), lang, digits)} × 10{str(int(power)).translate(_RAISED)}"


def _plain(value: float, lang: Lang, decimals: int) -> str:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=lang)
