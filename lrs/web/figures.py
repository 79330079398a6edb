"""Numbers, months and days as the reader's language writes them, with a real minus sign.

Works without Flask, so that a report in a file and the same report on a page read alike.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache

from babel import Locale, dates, numbers

MINUS = "−"
# Our English is that of Europe: the sign stands apart from its number, as units do (ISO 31-0).
_SIGN = {"en": "\N{NO-BREAK SPACE}%"}


class Figures:
    """How one language writes figures."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._locale = Locale.parse(lang)

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """Return the number with so many decimals; ``signed`` puts a plus before a rise."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return with_sign(numbers.format_decimal(value, pattern, self._locale), value, signed=signed)

    def percent(self, share: float, digits: int = 0, *, signed: bool = False) -> str:
        """Return a share as per cent, with the space or none that the language asks for."""
        sign = _SIGN.get(self.lang) or self._locale.percent_formats[None].pattern.lstrip("#,0")
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + sign
        return with_sign(numbers.format_percent(share, pattern, self._locale), share, signed=signed)

    def month(self, period: str) -> str:
        """Return a month such as 2024-07 in words; anything else as it is."""
        try:
            first = date.fromisoformat(f"{period}-01")
        except ValueError:
            return period
        return str(dates.format_date(first, "MMMM y", self._locale))

    def short_month(self, period: str) -> str:
        """Return a month in a few letters."""
        try:
            first = date.fromisoformat(f"{period}-01")
        except ValueError:
            return period
        return str(dates.format_date(first, "MMM y", self._locale))

    def day(self, instant: str) -> str:
        """Return the day of an ISO instant in words; anything else as it is."""
        try:
            at = datetime.fromisoformat(instant)
        except ValueError:
            return instant
        return str(dates.format_date(at.date(), "d MMMM y", self._locale))


@cache
def figures(lang: str) -> Figures:
    """Return the figures of a language."""
    return Figures(lang)


def with_sign(text: str, value: float, *, signed: bool) -> str:
    """Return a written number with a real minus sign, none for nothing, and a plus if it is asked for."""
    text = text.replace("-", MINUS)
    bare = text.lstrip(MINUS)
    if not any(digit in bare for digit in "123456789"):
        return bare  # minus nothing is nothing
    return f"+{text}" if signed and value > 0 else text
