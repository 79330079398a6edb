"""What an answer means for what was sent, and how long to wait before it is sent again.

Three things can be wrong. The target as a whole takes nothing now: it is away, overloaded, or the
secret is not its own; then all waits, however long that lasts. Or it refuses what was sent: then
the batch is halved until the faulty statement stands alone, and that one becomes a dead letter. Or
it breaks down (500), for either reason: then it is tried a number of times, and taken as refused.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

LONGEST_ASKED_S = 24 * 3600.0
"""Longest wait that a target may ask for by Retry-After."""


class Verdict(Enum):
    """What became of a delivery."""

    DONE = "done"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"
    LATER = "later"


class Outcome(NamedTuple):
    """A verdict, why, and the wait that the target asked for, in seconds."""

    verdict: Verdict
    told: str = ""
    asked_s: float = 0.0


# 207 is Verkan's own, of a key that takes the good ones of a batch: some were refused.
_REFUSED = frozenset({207, 400, 409, 413, 415, 422})
_LATER = frozenset({401, 402, 403, 404, 405, 407, 408, 410, 421, 425, 429, 502, 503, 504, 507})


def verdict_of(status: int) -> Verdict:
    """Return what the status of an answer means."""
    if status in _REFUSED:
        return Verdict.REFUSED
    if 200 <= status < 300:
        return Verdict.DONE
    return Verdict.LATER if status in _LATER or status < 400 else Verdict.DOUBTFUL


def asked_wait_s(headers: Mapping[str, str], now: float | None = None) -> float:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3); 0: none, or nonsense."""
    given = headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), LONGEST_ASKED_S)
    try:
        wait = parsedate_to_datetime(given).timestamp() - (time.time() if now is None else now)
    except (ValueError, OverflowError):
        return 0.0
    return min(max(wait, 0.0), LONGEST_ASKED_S)


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon something is tried again, and how often what breaks a target down."""

    first_s: float = 2.0
    longest_s: float = 900.0
    most_tries: int = 12

    def wait_s(self, tries: int, asked_s: float = 0.0) -> float:
        """Return the wait after so many tries: twice as long each time, never shorter than asked.

        A part of it is left to chance, so that what failed together does not come again together.
        """
        doubled = self.first_s * 2.0 ** min(max(tries - 1, 0), 30)
        share = random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing it
        return max(min(doubled, self.longest_s) * share, asked_s)
