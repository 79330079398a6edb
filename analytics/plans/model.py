"""What a plan says, and what is still missing from it. Pure; `needs.md` 6, 7 and 34 rule it.

A plan has at most two primary outcomes: with more, one of them will please by chance. What binds is
set apart from what may come later: who approved a value, and the opinion that is asked for
afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from analytics.amounts import Span
from analytics.months import month_ix, month_name

MOST_OUTCOMES = 2
COMPARISONS = ("never", "not_yet", "both")
ASSIGNMENTS = ("lot", "staggered", "chosen", "volunteers", "everyone")
"""How it is decided who starts when: by lot here, in waves without a lot, and so on."""

Months = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary outcome: which way is good, and what a unit of it is worth."""

    metric: str
    better: str
    value: Span | None = None
    currency: str | None = None
    approved_by: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "metric": self.metric,
            "better": self.better,
            "value": None if self.value is None else self.value.as_json(),
            "currency": self.currency,
            "approved_by": self.approved_by,
        }


@dataclass(frozen=True, slots=True)
class PlannedCost:
    """What the path costs; a part left open is the path's own (paths.toml)."""

    fixed: Span | None = None
    per_learner: Span | None = None
    hours_per_learner: Span | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        parts = {name: getattr(self, name) for name in COSTS}
        return {name: part.as_json() for name, part in parts.items() if part is not None}


COSTS = ("fixed", "per_learner", "hours_per_learner")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What those who know the work believe: the share of a gain that is the training's, how sure."""

    isolation: float
    confidence: float
    by: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {"isolation": self.isolation, "confidence": self.confidence, "by": self.by}


@dataclass(frozen=True, slots=True)
class Plan:
    """One path's plan. ``window`` is the first and the last month in which the effect is read."""

    path: str
    need: str | None = None
    outcomes: tuple[Primary, ...] = ()
    window: Months | None = None
    comparison: str | None = None
    assignment: str | None = None
    cost: PlannedCost = PlannedCost()
    opinion: Opinion | None = None

    def primary(self, metric: str) -> Primary | None:
        """Return the primary outcome of that metric."""
        return next((one for one in self.outcomes if one.metric == metric), None)

    def gaps(self) -> list[str]:
        """Return the names of what must be decided before the plan can be locked."""
        decided = {
            "need": self.need,
            "outcome": self.outcomes,
            "window": self.window,
            "comparison": self.comparison,
            "assignment": self.assignment,
        }
        return [name for name, value in decided.items() if not value]

    def binding(self) -> Plan:
        """Return what a lock binds: all but who approved it and what is asked afterwards."""
        bare = tuple(replace(one, approved_by=None) for one in self.outcomes)
        return replace(self, outcomes=bare, opinion=None)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it is kept."""
        return {
            "path": self.path,
            "need": self.need,
            "outcomes": [one.as_json() for one in self.outcomes],
            "window": None if self.window is None else [month_name(m) for m in self.window],
            "comparison": self.comparison,
            "assignment": self.assignment,
            "cost": self.cost.as_json(),
            "opinion": None if self.opinion is None else self.opinion.as_json(),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Plan:
        """Return the plan that was kept."""
        window, opinion = kept["window"], kept["opinion"]
        return cls(
            path=kept["path"],
            need=kept["need"],
            outcomes=tuple(_primary(one) for one in kept["outcomes"]),
            window=None if window is None else (month_ix(window[0]), month_ix(window[1])),
            comparison=kept["comparison"],
            assignment=kept["assignment"],
            cost=PlannedCost(**{name: Span(**part) for name, part in kept["cost"].items()}),
            opinion=None if opinion is None else Opinion(**opinion),
        )


def _primary(kept: Mapping[str, Any]) -> Primary:
    value = kept["value"]
    return Primary(**{**kept, "value": None if value is None else Span(**value)})
