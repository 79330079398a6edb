"""Records of reports as `verkan impact` makes them, for tests of what is shown."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any


def _wave(when: int, drop: float) -> dict[str, float]:
    """One period of an event study: small wobbles before the start, the effect after it."""
    wobble = 0.006 * math.sin(2.3 * when) + 0.003 * math.cos(5.1 * when)
    reached = 0.0 if when < 0 else drop * min(1.0, 0.55 + 0.2 * when)
    se = 0.009 + 0.0005 * abs(when)
    value = reached + wobble
    return {"att": value, "se": se, "low": value - 1.99 * se, "high": value + 1.99 * se}


_SENTENCES = {
    "improved": {
        "en": "Complaints per case fell by 19% where teams took Customer conversations "
        "(95% sure between 12 and 26%).",
        "sv": "Klagomålen per ärende minskade med 19 % där grupper gick Kundsamtal "
        "(95 % säkert mellan 12 och 26 %).",
        "nl": "Het aantal klachten per zaak daalde met 19% waar teams Klantgesprekken volgden "
        "(95% zeker tussen 12 en 26%).",
    },
    "no_detectable_effect": {
        "en": "Security awareness had no detectable effect on phishing clicks; an effect of 9% or "
        "more would have been seen.",
        "sv": "Säkerhetsmedvetenhet hade ingen mätbar effekt på klick på nätfiske; en effekt på "
        "9 % eller mer skulle ha synts.",
        "nl": "Beveiligingsbewustzijn had geen meetbaar effect op phishing-kliks; een effect van "
        "9% of meer was te zien geweest.",
    },
    "cannot_tell": {
        "en": "It cannot be told whether Mentor programme changed productivity: only 6 people "
        "took it.",
        "sv": "Det går inte att avgöra om Mentorprogrammet ändrade produktiviteten: bara 6 "
        "personer gick det.",
        "nl": "Het is niet te zeggen of het Mentorprogramma de productiviteit veranderde: slechts "
        "6 mensen volgden het.",
    },
}


def record(**changes: Any) -> dict[str, Any]:
    """A report with a clear effect; ``changes`` replace whole parts of it."""
    made: dict[str, Any] = {
        "verdict": "improved",
        "grade": "B",
        "flags": ["immortal_time_handled"],
        "estimate": {
            "ratio": 0.81,
            "se": 0.044,
            "low": 0.742,
            "high": 0.884,
            "p": 0.00002,
            "scale_of_se": "log",
            "att": -0.031,
            "att_low": -0.044,
            "att_high": -0.018,
            "percent": -19.0,
            "percent_low": -25.8,
            "percent_high": -11.6,
            "method": "Poisson ratio on cells; clustered t interval",
            "unit": "complaints/case",
        },
        "estimates": {
            "simple": {"att": -0.031, "se": 0.0066, "low": -0.044, "high": -0.018},
            "dynamic": {"att": -0.034, "se": 0.0079, "low": -0.05, "high": -0.018},
        },
        "event_study": {str(when): _wave(when, -0.036) for when in range(-8, 13)},
        "naive": {
            "before_after": {"att": -0.061, "se": 0.011, "percent": -41.0},
            "cross_section": {"att": -0.052, "percent": -36.0},
            "twfe": {"att": -0.027},
        },
        "checks": {"dip": {"p": 0.61}, "slope": {"p": 0.44}},
        "inference": {"p": 0.00002, "clusters": 40},
        "mde": 0.11,
        "n": {
            "units": 612,
            "treated": 401,
            "comparison": 211,
            "clusters": 40,
            "clusters_treated": 28,
            "clusters_comparison": 12,
            "periods": 24,
        },
        "sentence": _SENTENCES["improved"],
        "raise_the_grade": ["draw_by_lot"],
        "design": "panel",
        "provenance": {
            "spec_sha256": "5c" * 32,
            "data_sha256": "e1" * 32,
            "version": "0.1.0",
            "seed": 1,
        },
        "path": {
            "id": "https://example.org/paths/customer-conversations",
            "name": "Customer conversations",
            "goal": "Fewer complaints",
        },
        "outcome": {
            "id": "complaints",
            "name": "Complaints per case",
            "kind": "count",
            "unit": "complaints/case",
            "better": "down",
        },
        "window": {"from": "2024-01", "to": "2025-12"},
        "completion": {"people": 612, "started": 401, "completed": 377, "share": 0.616},
        "exposure": {
            "level": "team",
            "starts": [
                {"period": "2024-07", "teams": 7, "people": 101},
                {"period": "2024-10", "teams": 7, "people": 98},
                {"period": "2025-01", "teams": 14, "people": 202},
            ],
        },
        "people": {
            "resolved_actors": 388,
            "unresolved_actors": 3,
            "basis": {"source": 380, "observed": 8, "assumed": 0},
        },
        "made_at": "2026-01-05T10:00:00Z",
        "money": None,
    }
    made.update(copy.deepcopy(changes))
    return made


def without_effect() -> dict[str, Any]:
    """94 % completed it, before and after looks wonderful, and nothing came of it."""
    return record(
        verdict="no_detectable_effect",
        estimate={
            "ratio": 1.012,
            "se": 0.033,
            "low": 0.948,
            "high": 1.08,
            "p": 0.71,
            "att": 0.0011,
            "att_low": -0.005,
            "att_high": 0.007,
            "percent": 1.2,
            "percent_low": -5.2,
            "percent_high": 8.0,
            "method": "Poisson ratio on cells; clustered t interval",
            "unit": "clicks/mail",
        },
        event_study={str(when): _wave(when, 0.0) for when in range(-10, 11)},
        naive={"before_after": {"att": -0.06, "percent": -54.0}},
        mde=0.09,
        sentence=_SENTENCES["no_detectable_effect"],
        path={"id": "https://example.org/paths/security", "name": "Security awareness"},
        outcome={
            "id": "phishing_clicks",
            "name": "Phishing clicks",
            "kind": "count",
            "unit": "clicks/mail",
            "better": "down",
        },
        completion={"people": 612, "started": 590, "completed": 575, "share": 0.94},
    )


def at_once() -> dict[str, Any]:
    """Everybody started together: the months of all, and what was to be expected of them."""
    seen = {
        when: {"value": 0.164 + 0.004 * math.sin(when) - (0.03 if when >= 0 else 0.0)}
        for when in range(-14, 10)
    }
    return record(
        grade="C",
        flags=["no_comparison_group"],
        design="interrupted_series",
        event_study={},
        estimates={
            "quasi_poisson": {"ratio": 0.81, "low": 0.742, "high": 0.884},
            "poisson": {"ratio": 0.8, "low": 0.76, "high": 0.85},
            "level_and_slope": {"level": {"ratio": 0.8}, "slope": {"ratio": 1.0}},
        },
        naive={"before_after": {"att": -0.031, "percent": -18.5}},
        series={str(when): cell | {"expected": 0.16} for when, cell in seen.items()},
        n={
            "units": 612,
            "treated": 612,
            "comparison": 0,
            "clusters": 40,
            "clusters_treated": 40,
            "clusters_comparison": 0,
            "periods": 24,
            "periods_before": 14,
            "periods_after": 10,
        },
    )


def too_small() -> dict[str, Any]:
    """Six people: nothing can be told, and nothing may be shown of so few."""
    return record(
        verdict="cannot_tell",
        grade="D",
        flags=["small_sample"],
        estimate={"att": 0.0123456, "se": 0.4, "low": -0.8, "high": 0.82, "method": "did"},
        naive={"before_after": {"att": 0.0765432}},
        n={"units": 300, "treated": 6, "comparison": 294, "clusters": 300, "periods": 24},
        sentence=_SENTENCES["cannot_tell"],
        raise_the_grade=["more_people"],
        path={"id": "https://example.org/paths/mentor", "name": "Mentor programme"},
        outcome={
            "id": "productivity",
            "name": "Productivity",
            "kind": "continuous",
            "unit": "units/month",
            "better": "up",
        },
        completion={"people": 300, "started": None, "completed": None, "share": None},
        exposure={"level": "person", "starts": []},
    )


ALL: Mapping[str, Any] = {
    "improved": record,
    "no_detectable_effect": without_effect,
    "cannot_tell": too_small,
    "at_once": at_once,
}
