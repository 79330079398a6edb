"""The record an answer is: graded, told, and the same bytes for the same input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from analytics.checks import grading
from analytics.estimators.effect import Effect
from analytics.estimators.permutation import SEED
from analytics.estimators.question import Question
from analytics.telling.sentence import sentences
from analytics.telling.told import Told
from lrs import __version__

Json = dict[str, Any]
_DIGITS = 10
"""Significant digits kept: the last bits of a double hang on the machine's linear algebra."""


def record_of(
    question: Question,
    *,
    design: str,
    effect: Effect | None,
    flags: list[str],
    p: float | None,
    best: grading.Grade,
    counts: Json,
    provenance: Mapping[str, Any] | None,
    parts: Json,
) -> Json:
    """Return the whole record of one answer; ``parts`` are the estimates, checks and so on."""
    if _never_seen(parts):
        flags = grading.in_order([*flags, "too_few_to_tell"])
    effect = None if effect is None else effect.towards(question.better)
    if effect is not None and p is not None and p >= grading.SIGNIFICANT and effect.mde is None:
        flags = grading.in_order([*flags, "too_few_to_tell"])
    good = effect is not None and question.good(effect.estimate.value)
    grade = grading.grade_of(flags, best)
    verdict = grading.verdict_of(flags, grade=grade, p=p, good=good)
    by_lot = design == "randomised" or question.randomised_timing
    told = Told(question, verdict, grade, tuple(flags), effect, design)
    record = {
        "design": design,
        "verdict": verdict,
        "grade": grade,
        "flags": flags,
        "estimate": None if effect is None else effect.as_json(p, question.unit),
        **parts,
        "mde": _mde(effect, design, flags),
        "n": counts,
        "kpi": {"kind": question.kind, "better": question.better, "unit": question.unit},
        "sentence": sentences(told),
        "raise_the_grade": grading.raise_the_grade(
            flags, by_lot=by_lot, own_draw=question.own_draw
        ),
        "provenance": {"version": __version__, "seed": SEED, **(provenance or {})},
    }
    cleaned: Json = rounded(record)
    return cleaned


def _never_seen(parts: Json) -> bool:
    """Return whether no effect, however large, could have come out of the test that was made."""
    least = parts["inference"].get("least_p")
    return least is not None and least >= grading.SIGNIFICANT


def _mde(effect: Effect | None, design: str, flags: list[str]) -> float | None:
    """Return the smallest effect that would have been seen; without an error nothing can be said."""
    if effect is None or design == "before_after" or "too_few_to_tell" in flags:
        return None
    return effect.mde or None


def rounded(value: Any) -> Any:
    """Return plain JSON values: numbers to ten digits, nothing that is not a number."""
    if isinstance(value, Mapping):
        return {str(key): rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(part) for part in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return float(f"{number:.{_DIGITS}g}")
