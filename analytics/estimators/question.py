"""What is asked of a panel, beside its numbers: the kind of outcome, which way is good, who was sent.

The names a reader sees (`path_name`, `outcome_name` and these by language) ride along for the sentence
only; nothing is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from connectors.model.wording import Wording

Kind = Literal["continuous", "count", "rate", "binary", "ordinal", "time_to_event", "absence"]
Better = Literal["up", "down"]
Level = Literal["team", "person", "unit"]
Comparison = Literal["never", "not_yet", "both"]

KINDS: tuple[Kind, ...] = get_args(Kind)
PER_EXPOSURE: frozenset[str] = frozenset({"count", "rate", "time_to_event", "absence"})
"""Kinds that are events per exposure: told as a ratio."""


_PERCENT = frozenset({"%", "percent", "per cent", "procent", "pct"})


def is_percent(unit: str | None) -> bool:
    """Return whether a unit is percent."""
    return (unit or "").strip().casefold() in _PERCENT


@dataclass(frozen=True, slots=True)
class Question:
    """One path and one outcome.

    ``level``      what was sent on the path as one: a whole ``team``, a ``person``, or a ``unit``
                   of a table whose nature is not known.
    ``comparison`` ``never``: only units never trained; ``not_yet`` and ``both``: these and the ones
                   that were trained later, until they were (the R package's ``notyettreated``).
    ``randomised_timing``  the start was drawn by lot; ``own_draw``: by the product's own draw, which
                   alone can give grade A.
    """

    kind: str = "continuous"
    better: Better = "up"
    unit: str | None = None
    level: Level = "unit"
    comparison: Comparison = "both"
    randomised_timing: bool = False
    period_name: str = "period"
    outcome_name: str = ""
    path_name: str = ""
    own_draw: bool = False
    of_people: bool = True
    """Whether the panel's units are people, or stand for people that are counted."""
    rows_are_people: bool = True
    """Whether a cell has a row for each of them, so that who is no longer there does not count."""
    path_names: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What each language calls the path, where that is known."""
    wordings: Mapping[str, Wording] = field(default_factory=dict, hash=False)
    """What each language calls the outcome and its unit, where that is known; else they are as given."""

    @property
    def per_exposure(self) -> bool:
        """Return whether the outcome is events per exposure, and its effect a ratio."""
        return self.kind in PER_EXPOSURE

    @property
    def in_percent(self) -> bool:
        """Return whether the outcome itself is measured in percent, so that differences are points."""
        return is_percent(self.unit)

    def tells_percent(self, without: float, spread: float) -> bool:
        """Return whether a change in percent of that says something: what is counted begins at zero."""
        return without > (0 if self.per_exposure else spread)

    def good(self, effect: float) -> bool:
        """Return whether an effect of this sign is the wished one."""
        return effect > 0 if self.better == "up" else effect < 0
