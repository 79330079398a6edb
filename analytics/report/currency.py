"""Sums of money as the reader's language writes them, no more precise than they are."""

from __future__ import annotations

import math

from babel import Locale, numbers

from lrs.web.figures import MINUS


def sum_of_money(value: float, currency: str, lang: str, *, digits: int = 3) -> str:
    """Return a sum to so many digits that mean something, in whole units from a hundred on."""
    rounded = _rounded(value, digits)
    whole = abs(rounded) >= 100 or rounded == int(rounded)
    pattern = Locale.parse(lang).currency_formats["standard"].pattern.split(";")[0]
    if whole:
        pattern = pattern.replace(".00", "")
    said = numbers.format_currency(
        rounded + 0.0, currency, format=pattern, locale=lang, currency_digits=False
    )
    return said.replace("-", MINUS)


def _rounded(value: float, digits: int) -> float:
    if value == 0 or not math.isfinite(value):
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))
