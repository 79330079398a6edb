"""The panel of the record store, by team or by person, with levels taken off where people come and go.

At team level the cohort of an observation is the start of the team the person is in that month, so
a move changes sides, and the cluster is the team; at person level both are the person's own.
"""

from __future__ import annotations

from typing import Literal

from analytics.store.observed import Observed
from analytics.store.person_panel import PersonPanel
from analytics.store.team_levels import take_levels_off
from analytics.store.team_panel import TeamPanel
from analytics.store.unread import Unread

Level = Literal["team", "person"]
StorePanel = TeamPanel | PersonPanel


def panel_of(
    observed: Observed,
    level: Level,
    first: int,
    last: int,
    *,
    levels: bool,
    unread: Unread | None = None,
) -> StorePanel:
    """Return the panel of an outcome between two months; what is known of teams alone is by team.

    With ``levels`` people who come and go are no effect; ``left_out`` of the panel is how many were
    never seen before their start, and left out for that, None where all are compared as they are.
    What is ``unread`` is not in it, as if nobody had been seen then.
    """
    if level == "person" and observed.measure.grain == "person":
        return PersonPanel(observed, first, last, levels=levels, unread=unread)
    panel = TeamPanel(observed, first, last)
    if levels:
        panel.left_out = take_levels_off(panel, observed)
    if unread is not None:
        panel.leave_out(unread)
    return panel
