"""Reads what the address of a page asks for."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request

from lrs.errors import BadInput


def number_asked(name: str) -> int | None:
    """Return the whole number of that name; None when it was left out. Raises `BadInput`."""
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise BadInput(f"{name} must be a whole number", where=name)
    return int(given)


def text_asked(name: str) -> str:
    """Return the text of that name without spaces around it; nothing when it was left out."""
    return request.args.get(name, "").strip()


def day_asked(name: str) -> int | None:
    """Return where a day begins (UTC, microseconds); None when none was given. Raises `BadInput`."""
    given = text_asked(name)
    if not given:
        return None
    try:
        day = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as exc:
        raise BadInput(f"{name} must be a day", where=name, hint="such as 2026-01-31") from exc
    return int(day.timestamp()) * 1_000_000
