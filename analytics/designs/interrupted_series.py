"""Everyone at once: one row a period, and a step from untrained to trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.checks import grading, unmeasured
from analytics.designs.measures import Measures, measures, without_noise
from analytics.designs.sides import in_words, sides
from analytics.designs.spec import Spec
from analytics.designs.time import counting, read_periods
from analytics.estimators import series as stepping
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.question import Question
from analytics.estimators.series import Series, Share, Stepped
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = frozenset({"time", "step", "season"})
_LEAST_BEFORE, _LEAST_AFTER = 8, 3


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    question = spec.question()
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    series, period = _series(spec, own)
    ratio = question.per_exposure and series.has_events
    flags = [*own.flags, "no_comparison_group", *_gaps(period)]
    short = _is_short(series)
    effect = fitted = None
    estimates: dict[str, Any] = {}
    if short or not series.can_be_fitted:
        flags.append("short_series")
    elif not np.ptp(series.num / series.den) > 0:
        flags.append("no_variation")
    else:
        fitted = stepping.stepped(series, ratio=ratio)
        estimates = _estimates(series, fitted) | _level_and_slope(series, ratio=ratio)
        effect = _effect(series, fitted)
        if question.kind == "binary" and own.counted and 0 < series.num.sum() < series.den.sum():
            share = stepping.share_stepped(series)
            estimates |= {"quasi_binomial": share.difference.as_json()}
            estimates |= {"odds_ratio": share.odds.as_ratio()}
            effect = _share_effect(series, share)
    if effect is not None and without_noise(effect.estimate, series.num / series.den):
        flags.append("without_noise")
    placebo = None if fitted is None else stepping.false_step(series, ratio=ratio)
    if placebo is not None and placebo.estimate.p < grading.SIGNIFICANT:
        flags.append("not_robust_to_trend")
    p = None if effect is None else effect.estimate.p
    return record_of(
        question,
        design="interrupted_series",
        effect=effect,
        flags=grading.in_order(flags),
        p=p,
        best="C",
        counts=_counts(series),
        provenance=provenance,
        parts={
            "estimates": estimates,
            "event_study": {},
            "naive": _naive(series),
            "checks": _checks(fitted, placebo, effect, question),
            "inference": {"p": p, "clusters": 1, "method": _test(effect)},
        },
    )


def _test(effect: Effect | None) -> str:
    return "t" if effect is not None and np.isfinite(effect.estimate.df) else "z"


def _series(spec: Spec, own: Measures) -> tuple[Series, IntArray]:
    """Return the series in the order of time, without periods that lack their outcome."""
    read, clock = read_periods(spec.column("time"), "time")
    clock = counting(clock, read)
    period = clock.counted(read)
    if len(np.unique(period)) < len(period):
        raise BadInput(
            "a period has two rows",
            where="time",
            hint="one row a period; for teams or sites side by side, the design is panel",
        )
    told = spec.column("step")
    step = sides(told, "step").astype(np.float64) if in_words(told) else spec.numbers("step")
    odd = np.flatnonzero(~((step >= 0) & (step <= 1)))
    if len(odd):
        raise BadInput("the step is 0 before and 1 after", where=f"step: data row {odd[0] + 1}")
    season = _season(spec, clock.uncounted(period))
    order = np.argsort(period)
    keep = order[own.known[order]]
    _check_step(step[keep])
    series = Series(
        own.num[keep], own.den[keep], step[keep], period[keep].astype(np.float64), season[keep]
    )
    return series, period[keep]


def _check_step(step: FloatArray) -> None:
    if (np.diff(step) < 0).any():
        raise BadInput(
            "the step goes back down", where="step", hint="one step: 0 until it, 1 from then on"
        )
    if not (step == 0).any() or not (step > 0).any():
        missing = "before" if not (step == 0).any() else "after"
        raise BadInput(f"no period lies {missing} the step", where="step")


def _season(spec: Spec, period: IntArray) -> FloatArray:
    """Return sines and cosines of the time of the year: ``{period, harmonics, month}``."""
    given = spec.given.get("season")
    if given is None:
        return np.empty((len(period), 0))
    if not isinstance(given, Mapping) or not set(given) <= {"period", "harmonics", "month"}:
        raise BadInput("'season' must be {period, harmonics, month}", where="season")
    length, waves = given.get("period", 12), given.get("harmonics", 2)
    for key, value in (("period", length), ("harmonics", waves)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadInput("this must be a whole number above 0", where=f"season.{key}")
    if 2 * waves > length:
        raise BadInput("more waves than the season has periods", where="season.harmonics")
    month = period.astype(np.float64)
    if "month" in given:
        month = spec.named(str(given["month"]), "season.month").numbers("season.month")
        if not np.isfinite(month).all():
            raise BadInput("a row has no place in the season", where="season.month")
    angle = 2 * np.pi * month / length
    both = [(np.sin(k * angle), np.cos(k * angle)) for k in range(1, waves + 1)]
    columns = [wave for pair in both for wave in pair]
    # The last sine of an even season is zero throughout.
    told = [wave for wave in columns if np.ptp(wave) > 1e-9]
    return np.column_stack(told) if told else np.empty((len(period), 0))


def _is_short(series: Series) -> bool:
    before = int(series.before.sum())
    return before < _LEAST_BEFORE or len(series.num) - before < _LEAST_AFTER


def _gaps(period: IntArray) -> list[str]:
    steps = np.diff(period)
    return ["missing_periods"] if len(steps) and steps.max() > steps.min() else []


def _estimates(series: Series, fitted: Stepped) -> dict[str, Any]:
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


def _level_and_slope(series: Series, *, ratio: bool) -> dict[str, Any]:
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
    return Effect(fitted.estimate, ratio=True, difference=difference, method=method)


def _allowed(series: Series, *, robust: bool) -> str:
    """Return what is allowed for, in words."""
    errors = "errors that carry over" if robust else "no carry-over of errors"
    return f"with {'trend and season' if series.season.shape[1] else 'trend'}; {errors}"


def _share_effect(series: Series, share: Share) -> Effect:
    method = f"quasi-binomial {_allowed(series, robust=share.robust)}"
    return Effect(share.difference, ratio=False, without=share.without, method=method)


def _checks(
    fitted: Stepped | None, placebo: Stepped | None, effect: Effect | None, question: Question
) -> dict[str, Any]:
    if fitted is None:
        return {}
    share = fitted.without if question.kind == "binary" else None
    return {
        "autocorrelation": fitted.carried,
        "overdispersion": fitted.spread,
        "placebo": {"date": None if placebo is None else placebo.estimate.as_json("coef")},
        "e_value": unmeasured.of_effect(effect, share=share, spread=fitted.left),
    }


def _naive(series: Series) -> dict[str, Any]:
    before = series.before
    means = [float(series.num[own].sum() / series.den[own].sum()) for own in (~before, before)]
    return {"before_after": {"att": means[0] - means[1]}}


def _counts(series: Series) -> dict[str, Any]:
    before = int(series.before.sum())
    periods = len(series.num)
    return {
        "units": 1,
        "treated": 1,
        "comparison": 0,
        "clusters": 1,
        "periods": periods,
        "periods_before": before,
        "periods_after": periods - before,
    }
