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
from analytics.designs.measures import Measures, measures, without_noise
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.estimators import randomised as by_lot
from analytics.estimators.columns import telling
from analytics.estimators.counting import how_many
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.permutation import Permuted
from analytics.estimators.question import Question
from analytics.estimators.randomised import Draw
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = lots.KEYS | drawn_spells.KEYS
_LOPSIDED = 2.0
"""Skewness (an exponential's is 2) from which a second test is asked."""
_MANY = 2_000
"""Rows from which the mean of lopsided figures, too, is near enough to normal."""


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
    certain = question.kind == "binary" and without_noise(effect.estimate, draw.num / draw.den)
    permuted = lots.permuted_of(spec, told, ratio=effect.ratio, needed=certain)
    skewness = _lopsided(told, question)
    skewed = None if skewness is None else permuted or by_lot.permuted(told)
    p, test = _tested(effect, permuted, skewed)
    balance = by_lot.balance(draw, names)
    flags = [
        *own.flags,
        *lots.flags_of(draw, people, balance, of_people=lots.of_people(spec)),
        *_flags(draw, effect.estimate, dealt=certain and permuted is not None),
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
            "checks": {"balance": balance, "skew": _skew(skewness, skewed)},
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
        return Found(Effect(plain, True, method, difference=difference), estimates, draw.bare)
    estimates["poisson"] = adjusted.as_ratio()
    method = "ratio of rates adjusted for covariates (Poisson); " + _errors(draw)
    difference = as_difference(adjusted, _untrained_rate(draw, adjusted))
    return Found(Effect(adjusted, True, method, difference=difference), estimates, draw)


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


def _lopsided(draw: Draw, question: Question) -> float | None:
    """Return how lopsided the figures are, where they are so very much that a second test is asked.

    A few huge figures make an interval from t too narrow; dealing anew does not mind them.
    """
    if question.kind != "continuous" or draw.clustered or len(draw.num) >= _MANY:
        return None
    skewness = by_lot.skewness(draw)
    return skewness if abs(skewness) >= _LOPSIDED else None


def _skew(skewness: float | None, skewed: Permuted | None) -> dict[str, float] | None:
    if skewness is None or skewed is None:
        return None
    return {"skewness": skewness, "permutation_p": skewed.p}


def _tested(
    effect: Effect, permuted: Permuted | None, skewed: Permuted | None
) -> tuple[float, Permuted | None]:
    """Return p, and the deals it comes of, if it does: asked for, or the larger one of two."""
    own = effect.estimate.p
    test = permuted or (skewed if skewed is not None and skewed.p > own else None)
    return (own, None) if test is None else (test.p, test)


def _errors(draw: Draw) -> str:
    if draw.crossed.any():
        return "clustered t interval, both sides of a cluster together"
    return "clustered t interval" if draw.clustered else "robust t interval (HC2)"


def _flags(draw: Draw, estimate: Estimate, *, dealt: bool) -> list[str]:
    if not np.ptp(draw.num / draw.den) > 0:
        return ["no_variation"]
    # That all of one side said yes and none of the other can be held to dealing the lots anew.
    certain = without_noise(estimate, draw.num / draw.den) and not dealt
    return ["without_noise"] if certain else []
