"""Drawn by lot: one row a unit, some trained and some not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from analytics.checks import grading
from analytics.designs import drawn_spells, lots
from analytics.designs.covariates import covariates_of
from analytics.designs.lots import People
from analytics.designs.measures import Measures, measures
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.estimators import randomised as by_lot
from analytics.estimators.columns import telling
from analytics.estimators.counting import how_many
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.estimate import Estimate
from analytics.estimators.few_events import counted
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.permutation import Permuted
from analytics.estimators.question import Question
from analytics.estimators.randomised import Draw
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = lots.KEYS | drawn_spells.KEYS
_LOPSIDED, _LOPSIDED_COUNTS = 2.0, 1.0
"""Skewness (an exponential's is 2) from which a second test is asked, of values and of events."""
_RARE = 15
"""Rows of a side that had any, or had none, below which a second test is asked."""
_UNEVEN = 0.5
"""Spread of clusters' sizes over their mean from which a second test is asked."""
_MANY = 2_000
"""What was drawn, from which the mean of odd figures, too, is near enough to normal."""


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    if spec.optional("exit"):
        return drawn_spells.answer(spec, provenance)
    for key in sorted(drawn_spells.KEYS & spec.given.keys()):
        raise BadInput(
            f"{key!r} is for the time until something happens, and the spec lacks 'exit'",
            where=key,
            hint="name the column 'exit', up to when each was seen; or leave this key out",
        )
    covariates, names = covariates_of(spec)
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    own = own.beside(covariates)
    draw, people = _draw(spec, own, covariates)
    question = spec.question()
    effect, estimates, told = _found(draw, question)
    permuted = lots.permuted_of(spec, told, ratio=effect.ratio)
    second = permuted
    if permuted is None and _is_doubtful(told, question):
        second = by_lot.permuted(told, ratio=effect.ratio)
    p, test = _tested(effect, permuted, second)
    balance = by_lot.balance(draw, names)
    flags = [
        *own.flags,
        *lots.flags_of(draw, people, balance, of_people=lots.of_people(spec)),
        *_flags(draw, question, effect.estimate, dealt=test is not None),
    ]
    return record_of(
        question,
        design="randomised",
        effect=effect if test is None else effect.tested(test, _errors(draw)),
        flags=grading.in_order(flags),
        p=p,
        best="B",  # A is for the product's own draw, which a table cannot show
        counts=lots.counts_of(draw, people),
        provenance=provenance,
        parts={
            "estimates": estimates | _ratios(draw, question),
            "event_study": {},
            "naive": {},
            "checks": {"balance": balance, "skew": _skew(told, permuted, second)},
            "inference": lots.inference_of(p, test, draw, "t", both=permuted is None),
        },
    )


def _draw(spec: Spec, own: Measures, covariates: FloatArray) -> tuple[Draw, People]:
    """Return the rows that have everything, and the people of each side."""
    side, keep = sides(spec.column("treatment"), needed=own.known), own.known
    lots.check_sides(side[keep])
    cluster = _clusters(spec, len(side))
    drawn = Draw(
        own.num[keep], own.den[keep], side[keep], cluster[keep], _centred(covariates[keep])
    )
    if spec.optional("unit") and not spec.optional("cluster"):
        lots.check_units(drawn)
    return drawn, _people(spec, side, keep)


def _clusters(spec: Spec, rows: int) -> IntArray:
    """Return what was drawn as one: the cluster, else the unit, else the row."""
    for key in ("cluster", "unit"):
        if spec.optional(key):
            return spec.names(key).code
    return np.arange(rows, dtype=np.int64)


def _people(spec: Spec, side: IntArray, keep: np.ndarray) -> People:
    who = spec.names("unit").code[keep] if spec.optional("unit") else np.flatnonzero(keep)
    without, trained = (how_many(who[side[keep] == on]) for on in (0, 1))
    return People(without, trained, how_many(who))


def _centred(covariates: FloatArray) -> FloatArray:
    return np.asarray(covariates - covariates.mean(axis=0)) if covariates.size else covariates


class Found(NamedTuple):
    """The headline, what stands beside it, and the draw with the covariates it is adjusted for."""

    effect: Effect
    estimates: dict[str, Any]
    draw: Draw


def _found(draw: Draw, question: Question) -> Found:
    told = replace(draw, covariates=telling(draw.covariates))
    ratio = by_lot.log_ratio(told) if question.per_exposure else None
    return _difference(told, question) if ratio is None else _ratio(told, ratio)


def _ratio(draw: Draw, plain: Estimate) -> Found:
    difference = by_lot.difference(draw)
    estimates: dict[str, Any] = {"difference": difference.as_json()}
    adjusted = by_lot.adjusted_ratio(draw) if draw.covariates.shape[1] else None
    if adjusted is None:
        method = "ratio of rates; " + _errors(draw)
        effect = Effect(
            plain, True, method, difference=difference, events=counted(draw.num[draw.side == 1])
        )
        return Found(effect, estimates, draw.bare)
    estimates["poisson"] = adjusted.as_ratio()
    method = "ratio of rates adjusted for covariates (Poisson); " + _errors(draw)
    difference = as_difference(adjusted, _untrained_rate(draw, adjusted))
    effect = Effect(
        adjusted, True, method, difference=difference, events=counted(draw.num[draw.side == 1])
    )
    return Found(effect, estimates, draw)


def _untrained_rate(draw: Draw, adjusted: Estimate) -> float:
    """Return the rate of all if nobody were trained: the events of the trained over the ratio."""
    by_side = np.where(draw.side == 1, np.exp(-adjusted.value), 1.0)
    return float(draw.num @ by_side / draw.den.sum())


def _difference(draw: Draw, question: Question) -> Found:
    difference = by_lot.difference(draw)
    estimates: dict[str, Any] = {"difference": difference.as_json()}
    adjusted = by_lot.ancova(draw) if draw.covariates.shape[1] else None
    if adjusted is not None:
        estimates["ancova"] = adjusted.as_json()
    what = "difference in means" if adjusted is None else "difference adjusted for covariates"
    without, spread = by_lot.rates(draw)[0], float(np.std(draw.num / draw.den))
    effect = Effect(
        adjusted or difference,
        ratio=False,
        without=without if question.tells_percent(without, spread) else None,
        method=f"{what}; {_errors(draw)}",
    )
    return Found(effect, estimates, draw.bare if adjusted is None else draw)


def _ratios(draw: Draw, question: Question) -> dict[str, Any]:
    """Return what is told as a ratio: of rates, of means where nothing is below zero, and of days
    among those who had any, beside the share who had.
    """
    found: dict[str, Any] = {}
    if question.per_exposure or (question.kind == "continuous" and (draw.num >= 0).all()):
        ratio = by_lot.log_ratio(draw)
        if ratio is not None and ratio.se > 0:
            name = "rate_ratio" if question.per_exposure else "ratio_of_means"
            found[name] = ratio.as_ratio()
    if question.kind == "absence":
        share, days = by_lot.two_parts(draw)
        found["any"] = share.as_json()
        found["days_given_any"] = days.as_ratio() if days is not None else None
    return found


def _is_doubtful(draw: Draw, question: Question) -> bool:
    """Return whether an interval from t may be too narrow, so that a second test is asked.

    A few huge figures make it so, a side where hardly anything has happened, and clusters of which some
    count many times as much as others. Dealing anew minds none of these.
    """
    if draw.crossed.any() or how_many(draw.cluster) >= _MANY:
        return False
    measured = question.kind in ("continuous", "ordinal")
    if draw.clustered and by_lot.unevenness(draw) >= _UNEVEN:
        return True
    if not measured and lots.fewest(draw.num, draw.den, draw.side == 1, question.kind) < _RARE:
        return True
    if measured and draw.clustered:
        return False
    return abs(by_lot.skewness(draw)) >= (_LOPSIDED if measured else _LOPSIDED_COUNTS)


def _skew(draw: Draw, asked: Permuted | None, second: Permuted | None) -> dict[str, float] | None:
    if second is None or asked is not None:
        return None
    return {"skewness": by_lot.skewness(draw), "permutation_p": second.p}


def _tested(
    effect: Effect, permuted: Permuted | None, second: Permuted | None
) -> tuple[float, Permuted | None]:
    """Return p, and the deals it comes of, if it does: asked for, or the larger one of two."""
    own, has_error = effect.estimate.p, effect.estimate.se > 0
    test = permuted
    if test is None and second is not None and (second.p > own or not has_error):
        test = second
    return (own, None) if test is None else (test.p, test)


def _errors(draw: Draw) -> str:
    if draw.crossed.any():
        return "clustered t interval, both sides of a cluster together"
    return "clustered t interval" if draw.clustered else "robust t interval (HC2)"


def _flags(draw: Draw, question: Question, estimate: Estimate, *, dealt: bool) -> list[str]:
    if not np.ptp(draw.num / draw.den) > 0:
        return ["no_variation"]
    # That all of one side said yes and none of the other can be held to dealing the lots anew.
    certain = estimate.without_noise(float(np.std(draw.num / draw.den)))
    told = dealt and question.kind == "binary"
    return ["without_noise"] if certain and not told else []
