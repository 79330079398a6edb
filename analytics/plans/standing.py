"""Whether a plan binds: locked before the start, and changed since or not. Pure.

Only what was locked before the first person completed the path binds. A plan locked later is told
and counts for nothing: it neither closes a window nor raises a grade. A binding plan that is changed
after the start raises `plan_changed_after_start`. Who approved a value and what is asked afterwards
may come later; they bind nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from analytics.months import MICROSECONDS_A_DAY
from analytics.plans.model import Plan

Status = Literal["draft", "locked", "late", "changed"]


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a plan: since when, locked or not, and why it was changed."""

    number: int
    plan: Plan
    made_at: int
    locked: bool
    reason: str | None = None

    @property
    def day(self) -> int:
        """Return the day it was made."""
        return self.made_at // MICROSECONDS_A_DAY


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan's newest state and what it is worth, given the day of the start."""

    status: Status
    plan: Plan
    locked_at: int | None
    changes: tuple[Version, ...] = ()
    """The changes after the start, of what the lock binds."""

    @property
    def binds(self) -> bool:
        """Return whether it was locked before the start."""
        return self.status in ("locked", "changed")

    @property
    def flags(self) -> list[str]:
        """Return the flags that follow."""
        return ["plan_changed_after_start"] if self.status == "changed" else []


def standing(versions: Sequence[Version], start_day: int | None) -> Standing | None:
    """Return what the plan is worth; without a start yet, every change is made in time."""
    if not versions:
        return None
    newest = versions[-1]
    first_lock = next((version for version in versions if version.locked), None)
    if first_lock is None:
        return Standing("draft", newest.plan, None)
    if start_day is not None and first_lock.day >= start_day:
        return Standing("late", newest.plan, first_lock.made_at)
    changes = _binding_changes(versions, first_lock.number)
    after = tuple(v for v in changes if start_day is not None and v.day >= start_day)
    return Standing("changed" if after else "locked", newest.plan, first_lock.made_at, after)


def _binding_changes(versions: Sequence[Version], locked: int) -> list[Version]:
    since = [version for version in versions if version.number >= locked]
    return [
        after for before, after in pairwise(since) if after.plan.binding() != before.plan.binding()
    ]
