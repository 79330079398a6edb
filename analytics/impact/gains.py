"""What a report says of money: the units its effect fell on, what one is worth, and the cost.

Without a value for a unit it says nothing; what else it may say is ruled by `analytics.claims`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics import claims
from analytics.amounts import Span
from analytics.estimators.panel import NEVER
from analytics.impact.asking import Asked
from analytics.impact.costs import cost_of
from analytics.impact.planned import Planned
from analytics.record import rounded
from analytics.store.panel import StorePanel

Json = dict[str, Any]


class Value(NamedTuple):
    """What a unit of the outcome is worth, who says so, and whether the business stands behind it."""

    amount: Span
    currency: str
    source: str
    approved_by: str | None

    @property
    def approved(self) -> bool:
        """Return whether it may be used: a plan's value only once it was approved."""
        return self.source == "metric" or self.approved_by is not None

    def as_json(self) -> Json:
        """Return it as it stands in the record."""
        return {
            **self.amount.as_json(),
            "source": self.source,
            "approved_by": self.approved_by,
        }


def money_of(
    conn: sa.Connection,
    asked: Asked,
    planned: Planned,
    record: Mapping[str, Any],
    panel: StorePanel,
    began: int,
    minimum: int,
) -> Json | None:
    """Return the part of the record on money; None when no value is set.

    ``began`` are those who began the path in the time the effect was read in: what others cost brings
    nothing in these months, and belongs to the next.
    """
    value = value_of(asked, planned)
    if value is None:
        return None
    told = _told(conn, asked, planned, record, panel, began, minimum, value)
    base = {"currency": value.currency, "value_per_unit": value.as_json()}
    cleaned: Json = rounded(base | told)
    return cleaned


def value_of(asked: Asked, planned: Planned) -> Value | None:
    """Return the value of a unit: the plan's, else the metric's own."""
    one, metric = planned.primary if planned.binds else None, asked.metric
    if one is not None and one.value is not None and one.currency:
        return Value(one.value, one.currency, "plan", one.approved_by)
    if metric.value_per_unit is None or not metric.currency:
        return None
    likely = abs(metric.value_per_unit)
    if metric.value_low is None or metric.value_high is None or metric.value_per_unit < 0:
        return Value(Span(likely, likely, likely), metric.currency, "metric", None)
    span = Span(metric.value_low, likely, metric.value_high)
    return Value(span, metric.currency, "metric", None)


def _told(
    conn: sa.Connection,
    asked: Asked,
    planned: Planned,
    record: Mapping[str, Any],
    panel: StorePanel,
    began: int,
    minimum: int,
    value: Value,
) -> Json:
    if not value.approved:
        return claims.nothing("not_approved")
    events, units = exposed(panel)
    ratio = (record["estimate"] or {}).get("ratio")
    base = events / units / float(ratio) if ratio and units > 0 else None
    gain = claims.gain_of(record["estimate"], units, record["outcome"]["better"], base)
    learners = _learners(record, began, minimum)
    cost = cost_of(conn, asked, planned, learners, value.currency, minimum)
    opinion = planned.standing.plan.opinion if planned.standing and planned.binds else None
    return claims.claimed(record, gain, value.amount, cost, opinion)


def _learners(record: Mapping[str, Any], began: int, minimum: int) -> int:
    """Return how many began the path; to the nearest round number where that is not shown.

    The exact cost would give away what `completion` hides: how few began and did not finish.
    """
    shown = record["completion"]["started"]
    if shown is not None:
        return int(shown)
    return max(minimum, round(began / minimum) * minimum)


def exposed(panel: StorePanel) -> tuple[float, float]:
    """Return the events, or the sum of the outcome, among the trained, and the units they had."""
    cells = panel.cells()
    trained = cells[
        (cells["cohort"] != NEVER)
        & (cells["cohort"] > panel.first)
        & (cells["period"] >= cells["cohort"])
    ]
    return float(trained["num"].sum()), float(trained["den"].sum())
