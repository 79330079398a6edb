"""Everyone at once: one row a period, and a step from untrained to trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analytics.designs.measures import Measures, measures
from analytics.designs.sides import in_words, sides
from analytics.designs.spec import Spec
from analytics.designs.time import counting, read_periods
from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.series import Series, waves
from analytics.stepped import answer_series
from lrs.errors import BadInput

KEYS = frozenset({"time", "step", "season"})


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer."""
    own = measures(spec, spec.kpi, spec.text("outcome"), spec.optional("exposure"))
    series, period = _series(spec, own)
    return answer_series(
        series,
        spec.question(),
        counted=own.counted,
        flags=[*own.flags, *_gaps(period)],
        provenance=provenance,
    )


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
    length, count = given.get("period", 12), given.get("harmonics", 2)
    for key, value in (("period", length), ("harmonics", count)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadInput("this must be a whole number above 0", where=f"season.{key}")
    if 2 * count > length:
        raise BadInput("more waves than the season has periods", where="season.harmonics")
    month = period.astype(np.float64)
    if "month" in given:
        month = spec.named(str(given["month"]), "season.month").numbers("season.month")
        if not np.isfinite(month).all():
            raise BadInput("a row has no place in the season", where="season.month")
    return waves(month, length, count)


def _gaps(period: IntArray) -> list[str]:
    steps = np.diff(period)
    return ["missing_periods"] if len(steps) and steps.max() > steps.min() else []
