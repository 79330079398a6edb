"""Results and scores.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#245-result
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lrs.xapi.faults import At, Rule, a_boolean, a_number, a_string, fault, properties
from lrs.xapi.iris import extensions
from lrs.xapi.times import a_duration


class Result(NamedTuple):
    """What the facts take from a result; None where it says nothing."""

    completion: bool | None = None
    success: bool | None = None
    score_scaled: float | None = None
    duration_s: float | None = None


NO_RESULT = Result()


# Data 2.4.5.1, row 1.
def check_scaled(value: Any, at: At) -> None:
    """Hold a scaled score to its bounds."""
    if not -1 <= a_number(value, at) <= 1:
        raise fault(at, "a scaled score lies between -1 and 1", "raw, min and max have no bounds")


_SCORE: dict[str, Rule] = {
    "scaled": check_scaled,
    "raw": a_number,
    "min": a_number,
    "max": a_number,
}


def check_score(value: Any, at: At) -> None:
    """Hold a score to its rules."""
    score = properties(value, at, _SCORE)
    check_bounds(score.get("raw"), score.get("min"), score.get("max"), at)


# Data 2.4.5.1, rows 2 to 4: min below max, raw from min to max.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2451-score
def check_bounds(raw: float | None, low: float | None, high: float | None, at: At) -> None:
    """Hold a raw score to its bounds, and these to each other."""
    if low is not None and high is not None and low >= high:
        raise fault((at, "min"), "min must be less than max")
    if raw is None:
        return
    if low is not None and raw < low:
        raise fault((at, "raw"), "raw must not be less than min")
    if high is not None and raw > high:
        raise fault((at, "raw"), "raw must not be greater than max")


_RESULT: dict[str, Rule] = {
    "score": check_score,
    "success": a_boolean,
    "completion": a_boolean,
    "response": a_string,
    "duration": a_duration,
    "extensions": extensions,
}


def check_result(value: Any, at: At) -> Result:
    """Hold a result to its rules; return what the facts take from it."""
    found = properties(value, at, _RESULT)
    score = found.get("score")
    duration = found.get("duration")
    return Result(
        found.get("completion"),
        found.get("success"),
        None if score is None or "scaled" not in score else float(score["scaled"]),
        None if duration is None else a_duration(duration, at),
    )
