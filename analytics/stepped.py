"""One series of figures with a step in it, from its fit to its answer: everyone was trained at once.

A table of periods (`designs.interrupted_series`) and a roll-out that left nobody to compare with
(`answering`) end here alike. Never above grade C: what else changed at the step, changed with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.checks import grading, unmeasured
from analytics.estimators import few_events
from analytics.estimators import series as stepping
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.grid import FloatArray
from analytics.estimators.question import Question
from analytics.estimators.series import LEAST_AFTER, Series, Share, Stepped
from analytics.record import record_of

Json = dict[str, Any]

_LEAST_BEFORE = 8


def answer_series(
    series: Series,
    question: Question,
    *,
    counted: bool,
    flags: Sequence[str],
    provenance: Mapping[str, Any] | None,
    counts: Mapping[str, Any] | None = None,
    naive: Mapping[str, Any] | None = None,
) -> Json:
    """Return the answer to ``question`` about ``series``.

    ``counted``: of how many a share is, is known. ``flags``, ``counts`` and ``naive`` are what the
    caller knows of whom the series is made of.
    """
    ratio = question.per_exposure and series.has_events
    found = [*flags, "no_comparison_group"]
    effect = fitted = None
    estimates: Json = {}
    course: FloatArray | None = None
    if _is_short(series) or not series.can_be_fitted:
        found.append("short_series")
    elif not np.ptp(series.num / series.den) > 0:
        found.append("no_variation")
    else:
        fitted = stepping.stepped(series, ratio=ratio)
        estimates = _estimates(series, fitted) | _level_and_slope(series, ratio=ratio)
        effect, course = _effect(series, fitted), fitted.course
        if question.kind == "binary" and counted and 0 < series.num.sum() < series.den.sum():
            share = stepping.share_stepped(series)
            estimates |= {"quasi_binomial": share.difference.as_json()}
            estimates |= {"odds_ratio": share.odds.as_ratio()}
            effect, course = _share_effect(series, share), share.course
    if effect is not None and effect.estimate.without_noise(float(np.std(series.num / series.den))):
        found.append("without_noise")
    placebo = None if fitted is None else stepping.false_step(series, ratio=ratio)
    if placebo is not None and placebo.estimate.p < grading.SIGNIFICANT:
        found.append("not_robust_to_trend")
    p = None if effect is None else effect.estimate.p
    return record_of(
        question,
        design="interrupted_series",
        effect=effect,
        flags=grading.in_order(found),
        p=p,
        best="C",
        counts={"units": 1, "treated": 1, "comparison": 0, "clusters": 1}
        | dict(counts or {})
        | _periods(series),
        provenance=provenance,
        parts={
            "estimates": estimates,
            "event_study": {},
            "series": {} if course is None else _points(series, course),
            "naive": dict(naive or _naive(series)),
            "checks": _checks(fitted, placebo, effect, question),
            "inference": {"p": p, "clusters": 1, "method": _test(effect)},
        },
    )


def _is_short(series: Series) -> bool:
    before = int(series.before.sum())
    return before < _LEAST_BEFORE or len(series.num) - before < LEAST_AFTER


def _test(effect: Effect | None) -> str:
    return "t" if effect is not None and np.isfinite(effect.estimate.df) else "z"


def _points(series: Series, course: FloatArray) -> Json:
    """Return what was measured in each period, and what was to be expected untrained, by distance."""
    first = series.time[~series.before].min()
    return {
        str(int(at - first)): {"value": value, "expected": expected}
        for at, value, expected in zip(series.time, series.num / series.den, course, strict=True)
    }


def _estimates(series: Series, fitted: Stepped) -> Json:
    if not fitted.ratio:
        found = {"segmented": fitted.estimate.as_json()}
        if series.season.shape[1]:
            bare = stepping.stepped(series.without_season(), ratio=False)
            found["without_season"] = bare.estimate.as_json()
        return found
    bare = stepping.stepped(series.without_season(), ratio=True, plain=True)
    return {
        "quasi_poisson": fitted.estimate.as_ratio(),
        "poisson": bare.estimate.as_ratio(),
    }


def _level_and_slope(series: Series, *, ratio: bool) -> Json:
    """Return the change at the step and in the trend after it, a period; nothing when not told apart."""
    found = stepping.bent(series, ratio=ratio)
    if found is None:
        return {}
    both = {"level": found.level, "slope": found.slope}
    told = {name: one.as_ratio() if ratio else one.as_json() for name, one in both.items()}
    return {"level_and_slope": told}


def _effect(series: Series, fitted: Stepped) -> Effect:
    allowed = _allowed(series, robust=fitted.robust)
    if not fitted.ratio:
        method = f"segmented regression {allowed}"
        without = fitted.without if fitted.without > 0 else None
        return Effect(fitted.estimate, ratio=False, without=without, method=method)
    difference = as_difference(fitted.estimate, fitted.without)
    method = f"quasi-Poisson {allowed}"
    events = few_events.counted(series.num[~series.before])
    return Effect(fitted.estimate, True, method, difference=difference, events=events)


def _allowed(series: Series, *, robust: bool) -> str:
    """Return what is allowed for, in words."""
    errors = "errors that carry over" if robust else "no carry-over of errors"
    return f"with {'trend and season' if series.season.shape[1] else 'trend'}; {errors}"


def _share_effect(series: Series, share: Share) -> Effect:
    method = f"quasi-binomial {_allowed(series, robust=share.robust)}"
    return Effect(share.difference, ratio=False, without=share.without, method=method)


def _checks(
    fitted: Stepped | None, placebo: Stepped | None, effect: Effect | None, question: Question
) -> Json:
    if fitted is None:
        return {}
    share = fitted.without if question.kind == "binary" else None
    return {
        "autocorrelation": fitted.carried,
        "overdispersion": fitted.spread,
        "placebo": {"date": None if placebo is None else placebo.estimate.as_json("coef")},
        "e_value": unmeasured.of_effect(effect, share=share, spread=fitted.left),
    }


def _naive(series: Series) -> Json:
    before = series.before
    means = [float(series.num[own].sum() / series.den[own].sum()) for own in (~before, before)]
    return {"before_after": {"att": means[0] - means[1]}}


def _periods(series: Series) -> Json:
    before, periods = int(series.before.sum()), len(series.num)
    return {"periods": periods, "periods_before": before, "periods_after": periods - before}
