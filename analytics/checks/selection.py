"""Were people sent because of a bad month? The dip test, on this outcome and on its companions.

Whatever picked the people moves every outcome of theirs, so a dip in any outcome of the same units
speaks against all of them. The outcome itself is tested at .05; the companions at .005 over all of
them (Holm), so that looking at many does not flag the innocent.
"""

from __future__ import annotations

from collections.abc import Mapping

from analytics.checks.leads import dip
from analytics.estimators.errors import deviations_of, measure
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import grid_of
from analytics.estimators.panel import Panel
from analytics.estimators.question import Question

OWN_LEVEL = 0.05
COMPANION_LEVEL = 0.005

Dips = dict[str, tuple[Estimate, bool]]
"""By outcome: the dip, and whether it is to the bad side."""


def companion_dips(companions: Mapping[str, tuple[Panel, Question]]) -> Dips:
    """Return the dip of each companion outcome that has one."""
    found: Dips = {}
    for name in sorted(companions):
        panel, question = companions[name]
        estimate = _dip_of(panel)
        if estimate is not None:
            found[name] = (estimate, question.good(-estimate.value))
    return found


def _dip_of(panel: Panel) -> Estimate | None:
    grid = grid_of(panel)
    return measure(deviations_of(panel, grid), {"dip": dip(grid)}).get("dip")


def own_dip_tells(own: Estimate | None, question: Question, effect: float) -> bool:
    """Return whether this outcome's own last period before the start could have made the effect.

    A bad one lets any outcome look better afterwards; a good one matters when a loss is found.
    """
    if own is None or own.p >= OWN_LEVEL:
        return False
    return question.good(-own.value) or not question.good(effect)


def dipping_companions(dips: Dips) -> list[str]:
    """Return the companions whose dip stands after Holm's correction."""
    ranked = sorted((estimate.p, name) for name, (estimate, bad) in dips.items() if bad)
    standing: list[str] = []
    for at, (p, name) in enumerate(ranked):
        if p * (len(dips) - at) >= COMPANION_LEVEL:
            break
        standing.append(name)
    return sorted(standing)
