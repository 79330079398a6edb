"""JSON as people read it: two spaces in, its parts told apart by colour."""

from __future__ import annotations

import json
import re
from typing import Any

from markupsafe import Markup, escape

_PART = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)"
)


def pretty(value: Any) -> str:
    """Return the JSON on several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def coloured(value: Any) -> Markup:
    """Return the JSON as HTML, each name, text, number and word in a `span` of its class."""
    text, done = pretty(value), 0
    parts: list[str] = []
    for found in _PART.finditer(text):
        parts.append(str(escape(text[done : found.start()])))
        parts.append(f'<span class="j-{found.lastgroup}">{escape(found[0])}</span>')
        done = found.end()
    parts.append(str(escape(text[done:])))
    return Markup("".join(parts))  # noqa: S704 - every part was escaped
