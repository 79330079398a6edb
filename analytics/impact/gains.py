"""What a report says of money, and when it says nothing: `evaluation.md`, "Money".

Grades A and B: benefit, cost and return, each with its interval. Grades C and D: at most an opinion
(Phillips), apart from what was measured. After an unusual period before the start: the range of what
was seen, and no return. Without a value for a unit: nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics import money
from analytics.amounts import Span
from analytics.estimators.panel import NEVER
from analytics.impact.asking import Asked
from analytics.impact.costs import cost_of
from analytics.impact.planned import Planned
from analytics.money import Cost, Gain
from analytics.record import rounded
from analytics.store import stage
from analytics.store.panel import SqlPanel

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
    panel: SqlPanel,
    minimum: int,
) -> Json | None:
    """Return the part of the record on money; None when no value is set."""
    value = value_of(asked, planned)
    if value is None:
        return None
    told = _told(conn, asked, planned, record, panel, minimum, value)
    base = {"currency": value.currency, "value_per_unit": value.as_json()}
    cleaned: Json = rounded(base | told)
    return cleaned


def value_of(asked: Asked, planned: Planned) -> Value | None:
    """Return the value of a unit: the plan's, else the metric's own."""
    one, metric = planned.primary, asked.metric
    if one is not None and one.value is not None and one.currency:
        return Value(one.value, one.currency, "plan", one.approved_by)
    if metric.value_per_unit is None or not metric.currency:
        return None
    worth = abs(metric.value_per_unit)
    return Value(Span(worth, worth, worth), metric.currency, "metric", None)


def _told(
    conn: sa.Connection,
    asked: Asked,
    planned: Planned,
    record: Mapping[str, Any],
    panel: SqlPanel,
    minimum: int,
    value: Value,
) -> Json:
    flags = record["flags"]
    if record.get("suppressed") or "small_sample" in flags:
        return _nothing("few_people")
    if not value.approved:
        return _nothing("not_approved")
    if "window_not_closed" in flags:
        return _nothing("too_early")
    better = record["outcome"]["better"]
    gain = gain_of(record["estimate"], *exposed(panel), better=better)
    if gain is None:
        return _nothing("weak_evidence")
    if "regression_to_the_mean" in flags:
        seen = money.worth(gain, value.amount)
        return {"status": "range", "reason": "regression_to_the_mean", "seen": seen}
    learners = _learners(conn, record, minimum)
    cost = cost_of(conn, asked, planned, learners, value.currency)
    if isinstance(cost, str):
        return _nothing(cost)
    if record["grade"] in ("C", "D") or record["verdict"] == "cannot_tell":
        return _opinion(planned, gain, value.amount, cost)
    return {
        "status": "measured",
        "reason": None,
        "cost": _cost(cost),
        **money.returns(gain, value.amount, cost),
    }


def _nothing(reason: str) -> Json:
    return {"status": "none", "reason": reason}


def _opinion(planned: Planned, gain: Gain, value: Span, cost: Cost) -> Json:
    opinion = None if planned.standing is None else planned.standing.plan.opinion
    if opinion is None:
        return _nothing("weak_evidence")
    seen = float(gain.won(gain.effect)) * value.likely
    believed = money.phillips(seen, opinion.isolation, opinion.confidence, cost.likely)
    told = {"gain": seen, **opinion.as_json(), **believed}
    return {"status": "opinion", "reason": "weak_evidence", "cost": _cost(cost), "opinion": told}


def _cost(cost: Cost) -> Json:
    return {
        "total": cost.likely,
        "fixed": cost.fixed.likely,
        "per_learner": cost.per_learner.likely,
        "learners": cost.learners,
        "hours_per_learner": cost.hours.likely,
        "hour": cost.hour,
        "learner_time": cost.learners * cost.hours.likely * cost.hour,
    }


def _learners(conn: sa.Connection, record: Mapping[str, Any], minimum: int) -> int:
    """Return how many began the path; to the nearest round number where that is not shown.

    The exact cost would give away what `completion` hides: how few began and did not finish.
    """
    shown = record["completion"]["started"]
    if shown is not None:
        return int(shown)
    began = conn.execute(sa.select(sa.func.count()).select_from(stage.learner)).scalar_one()
    return max(minimum, round(began / minimum) * minimum)


def exposed(panel: SqlPanel) -> tuple[float, float]:
    """Return the events, or the sum of the outcome, among the trained, and the units they had."""
    cells = panel.cells()
    trained = cells[
        (cells["cohort"] != NEVER)
        & (cells["cohort"] > panel.first)
        & (cells["period"] >= cells["cohort"])
    ]
    return float(trained["num"].sum()), float(trained["den"].sum())


def gain_of(
    estimate: Mapping[str, Any] | None, events: float, units: float, *, better: str
) -> Gain | None:
    """Return the effect and the units it fell on; None when there is no error to go by."""
    if not estimate or estimate.get("se") is None or not estimate.get("df") or units <= 0:
        return None
    ratio = "ratio" in estimate
    return Gain(
        effect=float(estimate["coef"] if ratio else estimate["att"]),
        se=float(estimate["se"]),
        df=float(estimate["df"]),
        units=units,
        better="up" if better == "up" else "down",
        base=events / units / float(estimate["ratio"]) if ratio else None,
    )
