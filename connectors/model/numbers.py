"""Numbers as files write them. A semicolon file may write a decimal comma, as Excel does."""

from __future__ import annotations

import re

from lrs.errors import BadInput

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)


def number(text: str, *, decimal_comma: bool = False) -> float:
    """Return the number; raises `BadInput` for anything that is none, infinity and NaN included."""
    if decimal_comma and _COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    if _NUMBER.fullmatch(text) is None:
        raise BadInput(f"{text!r} is not a number", hint=_instead(text))
    value = float(text)
    if not abs(value) < 1e300:
        raise BadInput(f"{text!r} is larger than any measure")
    return value


def _instead(text: str) -> str | None:
    if _COMMA.fullmatch(text):
        return 'decimals take a point; or give the mapping decimal = ","'
    if re.search(r"\d[ \u00a0'.,]\d{3}\b", text):
        return "numbers take no separator between thousands"
    if text.endswith("%"):
        return "leave the percent sign out"
    return None
