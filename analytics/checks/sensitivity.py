"""What an effect withstands: how much drift, and how strong something that was not measured.

Nothing here changes a grade. The flags say what speaks against an effect; this says what it would
take, in numbers a reader can hold against what he knows of his teams.
"""

from __future__ import annotations

from typing import Any

from analytics.checks import relative, smooth
from analytics.checks.drift import course_of
from analytics.checks.few import FEW
from analytics.estimators.study import Study

_AS_BEFORE = 1.0
"""The limit told beside the breakdown: as much from one period to the next as ever before."""


def drift(study: Study) -> dict[str, Any] | None:
    """Return how much the two sides may drift apart before the mean effect falls.

    None where there is no change before the start, or too few clusters to know its error.
    """
    if study.clusters_in(~study.grid.always) < FEW:
        return None
    course = course_of(study)
    if course is None:
        return None
    return {
        "att": course.effect,
        "periods_before": len(course.leads),
        "relative": {
            "breakdown": relative.breakdown(course),
            "most": relative.MOST,
            "as_before": _ends(relative.interval(course, _AS_BEFORE)),
        },
        "smooth": {
            "breakdown": smooth.breakdown(course),
            "straight_on": _ends(smooth.interval(course, 0.0)),
        },
    }


def _ends(found: tuple[float, float]) -> dict[str, float]:
    return {"low": found[0], "high": found[1]}
