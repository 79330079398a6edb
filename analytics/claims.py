"""When an effect may be put in money, and in which form: `evaluation.md`, "Money". Pure.

Grades A and B: benefit, cost and return, each with its interval. Grades C and D: at most an opinion
(Phillips), apart from what was measured. After an unusual period before the start: the range of what
was seen, and no return.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from analytics import money
from analytics.amounts import Span
from analytics.money import Cost, Gain
from analytics.plans.model import Opinion

Json = dict[str, Any]


def claimed(
    record: Mapping[str, Any],
    gain: Gain | None,
    value: Span,
    cost: Cost | str,
    opinion: Opinion | None,
) -> Json:
    """Return what may be said of money; ``cost`` may be the reason why it is not known."""
    flags = record["flags"]
    if record.get("suppressed") or "small_sample" in flags:
        return nothing("few_people")
    if "window_not_closed" in flags:
        return nothing("too_early")
    if gain is None:
        return nothing("weak_evidence")
    if "regression_to_the_mean" in flags:
        seen = money.worth(gain, value)
        return {"status": "range", "reason": "regression_to_the_mean", "seen": seen}
    if isinstance(cost, str):
        return nothing(cost)
    if record["grade"] in ("C", "D") or record["verdict"] == "cannot_tell":
        return nothing("weak_evidence") if opinion is None else _opinion(gain, value, cost, opinion)
    told = money.returns(gain, value, cost)
    return {"status": "measured", "reason": None, "cost": _cost(cost), **told}


def nothing(reason: str) -> Json:
    """Return that no sum is given, and why."""
    return {"status": "none", "reason": reason}


def _opinion(gain: Gain, value: Span, cost: Cost, opinion: Opinion) -> Json:
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


def gain_of(
    estimate: Mapping[str, Any] | None, units: float, better: str, base: float | None
) -> Gain | None:
    """Return the effect and the units it fell on; None when there is no error to go by.

    ``base`` are the events a unit would have had without the training, for an effect that is a ratio.
    """
    if not estimate or estimate.get("se") is None or not estimate.get("df") or units <= 0:
        return None
    ratio = "ratio" in estimate
    if ratio and base is None:
        return None
    return Gain(
        effect=float(estimate["coef"] if ratio else estimate["att"]),
        se=float(estimate["se"]),
        df=float(estimate["df"]),
        units=units,
        better="up" if better == "up" else "down",
        base=base if ratio else None,
        ends=_ends(estimate, ratio=ratio),
    )


def _ends(estimate: Mapping[str, Any], *, ratio: bool) -> tuple[float, float] | None:
    """Return the ends of the interval that is told, of a ratio their logarithms."""
    low, high = estimate.get("low"), estimate.get("high")
    if low is None or high is None or (ratio and low <= 0):
        return None
    return (math.log(low), math.log(high)) if ratio else (float(low), float(high))
