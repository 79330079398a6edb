"""Outcomes that the training cannot have moved: when one of them did, something else is at work.

The spec names them under `placebo`, a list of {outcome, exposure, kpi}. Each is asked the same way as
the outcome itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from analytics.checks import family, grading
from analytics.designs.spec import Spec, kpi_of
from lrs.errors import BadInput

Json = dict[str, Any]
_OWN = frozenset({"outcome", "exposure", "kpi"})
_ITS_OWN = ("outcome", "exposure", "kpi", "event")
"""Where a fault stands that is the placebo outcome's, and not the table's."""


def outcomes(spec: Spec, answer: Callable[[Spec, Mapping[str, Any]], Json]) -> Json:
    """Return each placebo outcome's effect by its name."""
    given = spec.given.get("placebo", [])
    if not isinstance(given, list) or not all(isinstance(part, Mapping) for part in given):
        raise BadInput("'placebo' must be a list of {outcome, kpi}", where="placebo")
    found: Json = {}
    for at, part in enumerate(given):
        where = f"placebo[{at}]"
        kpi_of(part.get("kpi"), f"{where}.kpi")
        if not isinstance(part.get("outcome"), str) or not set(part) <= _OWN:
            raise BadInput("a placebo outcome is {outcome, exposure, kpi}", where=where)
        try:
            told = answer(replace(spec, given=_asked(spec.given, part)), {})
        except BadInput as exc:
            if not (exc.where or "").startswith(_ITS_OWN):
                raise
            raise BadInput(exc.message, where=f"{where}.{exc.where}", hint=exc.hint) from exc
        found[part["outcome"]] = told["estimate"]
    return found


def _asked(given: Mapping[str, Any], part: Mapping[str, Any]) -> Json:
    """Return the spec of a placebo outcome; where rows are spells, it is another event."""
    left_out, own = {"placebo", "companions", "flags"}, dict(part)
    if "event" in given:
        own = {"event": own["outcome"], "kpi": own["kpi"]}
    else:
        left_out |= _OWN
    return {key: value for key, value in given.items() if key not in left_out} | own


def flags(found: Json) -> tuple[str, ...]:
    """Return the flag of something else that changed, when a placebo outcome moved.

    With several, one of twenty would move by chance: they are corrected for their number.
    """
    p = [told["p"] for told in found.values() if told is not None and told["p"] is not None]
    if not p:
        return ()
    moved = family.false_discovery(p, grading.SIGNIFICANT)["rejected"]
    return ("concurrent_change",) if moved else ()
