"""Chosen people, one row each and no time: trained ones beside untrained ones weighed to be alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.checks import grading, unmeasured
from analytics.designs import lots
from analytics.designs.covariates import covariates_of
from analytics.designs.measures import Measures, measures
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.estimators import balancing
from analytics.estimators import randomised as by_lot
from analytics.estimators.balancing import Chosen, Overlap
from analytics.estimators.columns import telling
from analytics.estimators.counting import how_many
from analytics.estimators.doubly_robust import doubly_robust
from analytics.estimators.effect import Effect
from analytics.estimators.estimate import Estimate
from analytics.estimators.few_events import counted
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.question import Question
from analytics.estimators.randomised import Draw
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = frozenset({"unit", "treatment", "covariates", "cluster"})
_FEWEST = 5
"""People of a side who had any, or had none, below which the error of the share is not known."""


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    question = spec.question()
    covariates, names = covariates_of(spec)
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    own = own.beside(covariates)
    chosen = _chosen(spec, own, covariates)
    weights = balancing.entropy_weights(chosen)
    alike = balancing.overlap(chosen, weights)
    flags = [
        *own.flags,
        "selected_comparison",
        *_flags(chosen, alike, question.kind, of_people=lots.of_people(spec)),
    ]
    effect, estimates = _effect(chosen, weights, alike, question)
    if effect is not None and effect.estimate.without_noise(float(np.std(chosen.num / chosen.den))):
        flags.append("without_noise")
    p = None if effect is None else effect.estimate.p
    return record_of(
        question,
        design="observational",
        effect=effect,
        flags=grading.in_order(flags),
        p=p,
        best="B",
        counts=_counts(chosen),
        provenance=provenance,
        parts={
            "estimates": estimates,
            "event_study": {},
            "naive": {"cross_section": by_lot.difference(_as_draw(chosen)).as_json()},
            "checks": _checks(chosen, weights, alike, names, effect, question.kind),
            "inference": {"p": p, "clusters": how_many(_cluster(chosen)), "method": "t"},
        },
    )


def _chosen(spec: Spec, own: Measures, covariates: FloatArray) -> Chosen:
    """Return the people who have everything."""
    side, keep = sides(spec.column("treatment"), needed=own.known), own.known
    trained = side[keep] == 1
    lots.check_sides(side[keep])
    if spec.optional("unit") and (np.bincount(spec.names("unit").code[keep]) > 1).any():
        raise BadInput(
            "somebody has two rows",
            where="unit",
            hint='one row a person; with rows over time, the design is "panel"',
        )
    cluster = spec.names("cluster").code[keep] if spec.optional("cluster") else None
    return Chosen(own.num[keep], own.den[keep], trained, covariates[keep], cluster)


def _rare(chosen: Chosen, kind: str) -> list[str]:
    """Return the flag of a side on which hardly anybody had any; of yes and no, the rarer of the two."""
    least = lots.fewest(chosen.num, chosen.den, chosen.trained, kind)
    if not least:
        return ["no_event_on_a_side"]
    return ["small_sample"] if least < _FEWEST else []


def _flags(chosen: Chosen, alike: Overlap, kind: str, *, of_people: bool) -> list[str]:
    found = []
    trained = int(chosen.trained.sum())
    rows = min(trained, len(chosen.num) - trained)
    if rows < (grading.SMALL_SAMPLE if of_people else grading.FEW_CLUSTERS):
        found.append("small_sample" if of_people else "few_clusters")
    if chosen.between is not None:
        found += lots.few_between(chosen.between)
    if not np.ptp(chosen.num / chosen.den) > 0:
        found.append("no_variation")
    elif kind not in ("continuous", "ordinal"):
        found += _rare(chosen, kind)
    if not alike.balanced:
        found.append("no_overlap")
    elif alike.poor:
        found.append("poor_overlap")
    return found


def _effect(
    chosen: Chosen, weights: FloatArray, alike: Overlap, question: Question
) -> tuple[Effect | None, dict[str, Any]]:
    if not chosen.covariates.shape[1]:
        return _unadjusted(chosen, question)
    regression = by_lot.ancova(_as_draw(chosen))
    estimates = {} if regression is None else {"regression": regression.as_json()}
    if not alike.balanced:
        return None, estimates
    estimates |= _both_ways(chosen, question)
    difference = balancing.balanced(chosen, weights, ratio=False)
    ratio = balancing.balanced(chosen, weights, ratio=True) if question.per_exposure else None
    method = "entropy balancing on the covariates; error doubly robust"
    if difference is not None:
        estimates["entropy_balancing"] = difference.as_json()
    if ratio is not None:
        estimates["entropy_balancing_ratio"] = ratio.as_ratio()
        return _ratio(chosen, ratio, difference, method), estimates
    if difference is None:
        return None, estimates
    outcome = chosen.num / chosen.den
    without = float(weights @ outcome[~chosen.trained])
    counted = without if without > float(np.std(outcome)) else None
    return Effect(difference, ratio=False, without=counted, method=method), estimates


def _unadjusted(chosen: Chosen, question: Question) -> tuple[Effect | None, dict[str, Any]]:
    """Return what the sides differ by, where nothing is known that they could be made alike in."""
    draw = _as_draw(chosen)
    difference = by_lot.difference(draw)
    ratio = by_lot.log_ratio(draw) if question.per_exposure else None
    estimates = {"difference": difference.as_json()}
    method = "difference of the sides; adjusted for nothing"
    if ratio is None:
        return Effect(difference, ratio=False, method=method), estimates
    estimates["rate_ratio"] = ratio.as_ratio()
    return _ratio(chosen, ratio, difference, method), estimates


def _ratio(chosen: Chosen, ratio: Estimate, difference: Estimate | None, method: str) -> Effect:
    events = counted(chosen.num[chosen.trained])
    return Effect(ratio, True, method, difference=difference, events=events)


def _both_ways(chosen: Chosen, question: Question) -> dict[str, Any]:
    """Return the effect by odds and regression together: a second opinion on the weights."""
    difference = doubly_robust(chosen, ratio=False)
    ratio = doubly_robust(chosen, ratio=True) if question.per_exposure else None
    found = {} if difference is None else {"doubly_robust": difference.as_json()}
    return found if ratio is None else found | {"doubly_robust_ratio": ratio.as_ratio()}


def _as_draw(chosen: Chosen) -> Draw:
    side = chosen.trained.astype(np.int64)
    return Draw(chosen.num, chosen.den, side, _cluster(chosen), telling(chosen.covariates))


def _cluster(chosen: Chosen) -> IntArray:
    """Return who was chosen together; else each for themselves."""
    rows = np.arange(len(chosen.num), dtype=np.int64)
    return rows if chosen.cluster is None else chosen.cluster


def _checks(
    chosen: Chosen,
    weights: FloatArray,
    alike: Overlap,
    names: list[str],
    effect: Effect | None,
    kind: str,
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "overlap": {"effective_sample": alike.effective, "heaviest_weight": alike.heaviest},
        "balance": _balance(chosen, weights, names),
    }
    outcome = chosen.num / chosen.den
    share = float(weights @ outcome[~chosen.trained]) if kind == "binary" else None
    found["e_value"] = unmeasured.of_effect(effect, share=share, spread=float(np.std(outcome)))
    return found


def _balance(chosen: Chosen, weights: FloatArray, names: list[str]) -> dict[str, Any]:
    """Return each covariate's difference before and after weighing, in standard deviations."""
    ours = chosen.covariates[chosen.trained]
    others = chosen.covariates[~chosen.trained]
    spread = chosen.covariates.std(axis=0)
    mean = np.average(ours, axis=0, weights=chosen.den[chosen.trained])
    before = mean - np.average(others, axis=0, weights=chosen.den[~chosen.trained])
    after = mean - weights @ others
    scaled = [
        np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0) for gap in (before, after)
    ]
    return {
        name: {"before": float(scaled[0][n]), "after": round(float(scaled[1][n]), 6)}
        for n, name in enumerate(names)
    }


def _counts(chosen: Chosen) -> dict[str, Any]:
    trained = int(chosen.trained.sum())
    units = len(chosen.num)
    return {
        "units": units,
        "treated": trained,
        "comparison": units - trained,
        "clusters": how_many(_cluster(chosen)),
        "periods": 1,
    }
