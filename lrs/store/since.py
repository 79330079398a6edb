"""The instant that a command is given by --since."""

from __future__ import annotations

from lrs.errors import BadInput
from lrs.xapi.times import instant_of


def since_asked(text: str) -> int:
    """Return the instant, or the beginning of the day, in microseconds; raises `BadInput`."""
    found = instant_of(text) or instant_of(f"{text}T00:00:00Z")
    if found is None:
        raise BadInput(
            f"{text!r} is no instant",
            where="--since",
            hint="write it as 2026-01-31 or 2026-01-31T09:30:00Z",
        )
    return found
