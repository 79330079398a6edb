"""Whether a roll-out followed its draw. Pure.

Where it did, by and large, the answer rests on the draw: a team counts as trained from the month it
was drawn for, whether or not it started then (intention to treat). Whoever starts earlier or later
than the lot said does so for a reason, and that reason must not choose the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.estimators.panel import NEVER

TOLERANCE = 1
"""Months by which a start may miss the drawn one: half a team trained late is late by as much."""

FOLLOWED = 0.8
"""The share of teams that must follow; below it the draw no longer tells who was trained."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How many teams started when they were drawn to, and how the others did not."""

    teams: int
    followed: int
    early: int
    late: int
    not_started: int
    not_drawn: int
    """Started although they were drawn to stand beside."""

    @property
    def share(self) -> float:
        """Return the share that followed."""
        return self.followed / self.teams if self.teams else 0.0

    @property
    def enough(self) -> bool:
        """Return whether the answer may rest on the draw."""
        return self.share >= FOLLOWED

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in the record."""
        return {
            "teams": self.teams,
            "followed": self.followed,
            "early": self.early,
            "late": self.late,
            "not_started": self.not_started,
            "not_drawn": self.not_drawn,
        }


def follow(drawn: Mapping[int, int], actual: Mapping[int, int], last: int) -> Followed:
    """Compare the drawn months with the actual ones, up to the last month that is looked at."""
    kinds = [_kind(start, actual.get(unit, NEVER), last) for unit, start in drawn.items()]
    return Followed(
        len(kinds),
        *(kinds.count(k) for k in ("followed", "early", "late", "not_started", "not_drawn")),
    )


def _kind(drawn: int, actual: int, last: int) -> str:
    drawn, actual = (NEVER if month > last else month for month in (drawn, actual))
    if drawn == actual or abs(drawn - actual) <= TOLERANCE:
        return "followed"
    if drawn == NEVER:
        return "not_drawn"
    if actual == NEVER:
        # One drawn for the last months may be on its way.
        return "followed" if drawn + TOLERANCE > last else "not_started"
    return "early" if actual < drawn else "late"
