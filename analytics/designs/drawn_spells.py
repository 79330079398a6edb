"""Drawn by lot, and the time until something happens: rows are spells, from an entry to an exit."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from analytics.checks import grading
from analytics.designs import lots
from analytics.designs.lots import People
from analytics.designs.measures import MANY_MISSING
from analytics.designs.sides import sides
from analytics.designs.spec import Spec
from analytics.designs.spells import is_a_time, spells_of
from analytics.estimators import hazard, piecewise
from analytics.estimators import randomised as by_lot
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.grid import FloatArray
from analytics.estimators.hazard import Spells
from analytics.estimators.inverting import agreeing
from analytics.estimators.permutation import Permuted
from analytics.estimators.piecewise import Piecewise
from analytics.estimators.randomised import Draw
from analytics.record import record_of
from lrs.errors import BadInput

KEYS = frozenset({"entry", "exit", "event", "pieces"})
_FEWEST_EVENTS = 10
_FEW_EVENTS = 50
"""Events below which there are so few pieces that a hazard that is not level within them makes the
model's error too small; dealing anew does not mind."""
_MANY = 2_000
"""People from which so few events are rare ones: the time everybody was there is nearly the same."""


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    _check_kind(spec)
    side = sides(spec.column("treatment")).astype(np.float64)
    spells, dropped, names = spells_of(spec, "treatment", side)
    cuts = _cuts(spec, spells)
    draw = _draw(spells, cuts)
    balance = by_lot.balance(draw, names)
    trained = int(draw.side.sum())
    people = People(len(draw.side) - trained, trained, len(draw.side))
    found = piecewise.piecewise(spells, cuts) if spells.event.any() else None
    few_events = 0 < spells.event.sum() < _FEW_EVENTS and len(draw.side) < _MANY
    permuted = lots.permuted_of(spec, draw, ratio=True, needed=few_events)
    both = few_events and permuted is not None and not lots.is_dealt(spec, draw)
    p = _p(found, permuted, both=both)
    effect = None if found is None else _effect(spells, found, p, both=both)
    flags = [*spec.flags, *lots.flags_of(draw, people, balance), *_flags(spells, found)]
    if dropped > MANY_MISSING:
        flags.append("missing_outcomes")
    plain = "z" if spells.cluster is None else "t, clustered"
    return record_of(
        spec.question(),
        design="randomised",
        effect=effect,
        flags=grading.in_order(flags),
        p=None if effect is None else p,
        best="B",  # A is for the product's own draw, which a table cannot show
        counts=lots.counts_of(draw, people) | _events(spells),
        provenance=provenance,
        parts={
            "estimates": _estimates(spells, found),
            "event_study": {},
            "naive": {},
            "checks": _checks(found, balance),
            "inference": lots.inference_of(p, permuted, draw, plain, both=both),
        },
    )


def _check_kind(spec: Spec) -> None:
    if spec.kpi["kind"] != "time_to_event":
        raise BadInput('rows with an exit are of the kind "time_to_event"', where="kpi.kind")
    for key in ("outcome", "exposure"):
        if spec.optional(key):
            raise BadInput(
                f"rows with an exit have no {key!r}",
                where=key,
                hint="'event' says what happened, 'entry' and 'exit' over what time",
            )


def _cuts(spec: Spec, spells: Spells) -> FloatArray:
    """Return where the pieces of time meet: as asked, else as the events suggest."""
    given = spec.given.get("pieces")
    if given is None:
        return piecewise.usual_cuts(spells)
    right = isinstance(given, list) and all(is_a_time(cut) for cut in given)
    if not right or any(later <= cut for cut, later in pairwise(given)):
        raise BadInput(
            "'pieces' are the times at which the pieces meet, one after the other", where="pieces"
        )
    return np.array(given, np.float64)


def _draw(spells: Spells, cuts: FloatArray) -> Draw:
    """Return a row a unit: its events, beside those it would have had if nobody's side mattered."""
    _, first, row = np.unique(spells.unit, return_index=True, return_inverse=True)
    if not (spells.exposure == spells.exposure[first][row]).all():
        raise BadInput(
            "somebody is on both sides of the draw",
            where="treatment",
            hint='a side stays as it was drawn; a status that changes needs the design "duration"',
        )
    lots.check_sides(spells.exposure[first].astype(np.int64))
    usual = piecewise.expected(spells, cuts) if spells.event.any() else spells.exit - spells.entry
    cluster = spells.unit if spells.cluster is None else spells.cluster
    return Draw(
        np.bincount(row, weights=spells.event).astype(np.float64),
        np.bincount(row, weights=usual).astype(np.float64),
        spells.exposure[first].astype(np.int64),
        np.asarray(cluster[first], np.int64),
        spells.covariates[first],
    )


def _flags(spells: Spells, found: Piecewise | None) -> list[str]:
    if not spells.event.any():
        return ["no_variation"]
    if not spells.has_events_on_both_sides:
        return ["no_event_on_a_side"]
    few = found is None or spells.event.sum() < _FEWEST_EVENTS
    return ["small_sample"] if few else []


def _estimates(spells: Spells, found: Piecewise | None) -> dict[str, Any]:
    if found is None:
        return {}
    cox = hazard.cox(spells)
    beside = {} if cox is None else {"cox": cox.estimate.as_ratio()}
    return {"piecewise_exponential": found.estimate.as_ratio()} | beside


def _p(found: Piecewise | None, permuted: Permuted | None, *, both: bool) -> float | None:
    """Return the permutation's p, else the model's, and the larger one of ``both``."""
    own = None if found is None else found.estimate.p
    if permuted is None or own is None:
        return own if permuted is None else permuted.p
    return max(own, permuted.p) if both else permuted.p


def _effect(spells: Spells, found: Piecewise, p: float | None, *, both: bool) -> Effect:
    """Return the headline, as sure as its p is."""
    estimate = found.estimate if p is None else agreeing(found.estimate, p)
    method = f"hazard ratio, piecewise exponential in {found.pieces} pieces"
    if both:
        method += f"; fewer than {_FEW_EVENTS} events: the larger p of the model and of permutation"
    difference = as_difference(estimate, spells.untrained_rate)
    events = float(spells.event[spells.exposure > 0].sum())
    return Effect(estimate, ratio=True, difference=difference, method=method, events=events)


def _checks(found: Piecewise | None, balance: dict[str, Any] | None) -> dict[str, Any]:
    proportional = None if found is None else {"p": found.proportional_p}
    return {"balance": balance, "proportional_hazards": proportional}


def _events(spells: Spells) -> dict[str, int]:
    return {"events": int(spells.event.sum()), "spells": len(spells.unit)}
