"""Time to leave, time to autonomy: rows are spells from one day to another, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.checks import grading, unmeasured
from analytics.designs import lots
from analytics.designs.spec import Spec
from analytics.designs.spells import is_a_time, spells_of, status
from analytics.estimators import hazard
from analytics.estimators.counting import how_many
from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.hazard import Hazard, Spells
from analytics.record import record_of
from lrs.errors import BadInput

_REFUSED = "treatment"
KEYS = frozenset(
    {"unit", "entry", "exit", "event", "covariates", "ties", "landmark", "cluster", _REFUSED}
)
_FEWEST_EVENTS = 10


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    if spec.kpi["kind"] != "time_to_event":
        raise BadInput('this design is for the kind "time_to_event"', where="kpi.kind")
    _check_exposure(spec)
    question = spec.question()
    spells, dropped, _ = spells_of(spec, "exposure", status(spec))
    changes = _changes(spells)
    flags = [*spec.flags, "selected_comparison", *_flags(spells, changes=changes)]
    if dropped > 0.05:
        flags.append("missing_outcomes")
    silent = any(grading.RULES[flag].silences for flag in flags)
    ties = spec.choice("ties", ("efron", "breslow"), "efron")
    found = None if silent else hazard.cox(spells, ties)
    later = _landmark(spec, spells)
    landmark = None if silent or later is None else hazard.cox(later, ties)
    if found is None and not silent:
        flags.append("small_sample")
    effect = None if found is None else _effect(spells, found.estimate, changes=changes)
    return record_of(
        question,
        design="duration",
        effect=effect,
        flags=grading.in_order(flags),
        p=None if effect is None else effect.estimate.p,
        best="B",
        counts=_counts(spells),
        provenance=provenance,
        parts={
            "estimates": {
                name: told.estimate.as_json("coef")
                for name, told in (("cox", found), ("landmark", landmark))
                if told is not None
            },
            "event_study": {},
            "naive": _naive(spells),
            "checks": _checks(found),
            "inference": {
                "p": None if found is None else found.estimate.p,
                "clusters": how_many(_cluster(spells)),
                "method": "z" if spells.cluster is None else "t, clustered",
            },
        },
    )


def _check_exposure(spec: Spec) -> None:
    """Who is trained is read from ``exposure``, for it may change on the way; a draw is another design."""
    if spec.given.get("outcome") is not None:
        raise BadInput(
            "rows with an exit have no 'outcome'",
            where="outcome",
            hint="'event' says what happened, 'entry' and 'exit' over what time",
        )
    if spec.given.get(_REFUSED) is not None:
        raise BadInput(
            "the design \"duration\" has no key 'treatment'",
            where=_REFUSED,
            hint="name the column 'exposure' (1 while trained); or, where lots were drawn, "
            'ask for the design "randomised"',
        )
    if spec.given.get("exposure") is None:
        raise BadInput(
            "the spec lacks 'exposure'",
            where="exposure",
            hint="it names the column that is 1 while trained, 0 before",
        )


def _landmark(spec: Spec, spells: Spells) -> Spells | None:
    """Return those still there at the landmark, by what they were by then; None without one.

    For newcomers: who was trained in the first weeks, among all who were there after them.
    """
    at = spec.given.get("landmark")
    if at is None:
        return None
    if not is_a_time(at) or at < spells.entry.min():
        raise BadInput("the landmark is a number, on the scale of entry and exit", where="landmark")
    if not (spells.exit > at).any():
        raise BadInput(f"nobody is there after {at:g}", where="landmark")
    return spells.from_landmark(float(at))


def _changes(spells: Spells) -> bool:
    """Return whether some unit's exposure changes on the way."""
    return bool((spells.exposure < _most(spells)[spells.unit]).any())


def _most(spells: Spells) -> FloatArray:
    """Return the most that each unit's exposure comes to."""
    most = np.zeros(int(spells.unit.max()) + 1)
    np.maximum.at(most, spells.unit, spells.exposure)
    return most


def _cluster(spells: Spells) -> IntArray:
    return spells.unit if spells.cluster is None else spells.cluster


def _people(spells: Spells) -> tuple[int, int]:
    """Return how many were ever trained, and how many never."""
    ever = _most(spells) > 0
    return int(ever.sum()), int((~ever).sum())


def _flags(spells: Spells, *, changes: bool) -> list[str]:
    found = ["immortal_time_handled"] if changes else []
    trained, never = _people(spells)
    untrained_time = how_many(spells.unit[spells.exposure == 0])
    if not trained:
        found.append("nobody_trained")
    elif not untrained_time:
        found.append("no_before_period")
    elif min(trained, max(never, untrained_time)) < grading.SMALL_SAMPLE:
        found.append("small_sample")
    if spells.between is not None and untrained_time and trained:
        found += lots.few_between(spells.between)
    if spells.event.sum() == 0:
        found.append("no_variation")
    elif not spells.has_events_on_both_sides:
        found.append("no_event_on_a_side")
    elif spells.event.sum() < _FEWEST_EVENTS:
        found.append("small_sample")
    return found


def _effect(spells: Spells, ratio: Estimate, *, changes: bool) -> Effect:
    method = "hazard ratio by Cox regression"
    if changes:
        method = f"{method}; trained from the day it happened"
    difference = as_difference(ratio, spells.untrained_rate)
    events = float(spells.event[spells.exposure > 0].sum())
    return Effect(ratio, ratio=True, difference=difference, method=method, events=events)


def _naive(spells: Spells) -> dict[str, Any]:
    """Return the ratio everybody gets who counts people as trained from their first day."""
    ever = _most(spells)[spells.unit] > 0
    time = spells.exit - spells.entry
    rates = [spells.event[own].sum() / time[own].sum() for own in (ever, ~ever) if own.any()]
    if len(rates) < 2 or rates[1] <= 0:
        return {}
    return {"cross_section": {"ratio": float(rates[0] / rates[1])}}


def _checks(found: Hazard | None) -> dict[str, Any]:
    if found is None:
        return {}
    effect = Effect(found.estimate, ratio=True, method="")
    return {
        "proportional_hazards": {"p": found.proportional_p},
        "e_value": unmeasured.of_effect(effect, share=None, spread=0.0),
    }


def _counts(spells: Spells) -> dict[str, Any]:
    trained, never = _people(spells)
    units = how_many(spells.unit)
    return {
        "units": units,
        "treated": trained,
        "comparison": never,
        "clusters": how_many(_cluster(spells)),
        "events": int(spells.event.sum()),
        "spells": len(spells.unit),
        "periods": len(np.unique(spells.exit)),
    }
