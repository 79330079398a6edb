"""What a report says of its people beside the effect: how many, how they are known, how they learned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.impact.window import Window
from analytics.months import first_day
from analytics.store import stage
from analytics.store.bases import bases_of
from analytics.store.distinct import are_among, distinct
from analytics.store.learned import Learning
from analytics.store.panel import StorePanel
from analytics.store.staff import Learners, People, Staff


class Took(NamedTuple):
    """How many people stand behind the figures, and how many of them began the path and completed it."""

    people: int
    started: int
    completed: int


def took(learners: Learners, panel: StorePanel, months: Window) -> Took:
    """Count who took the path in time for the last month read: by its 15th, as who is trained counts.

    Who began later can have changed none of these months, so is not counted here and not paid for.
    """
    people = distinct(panel.behind.person)
    return Took(len(people), *learners.among(people, first_day(months.last) + stage.HALF_MONTH - 1))


def learning(found: Learning, minimum: int) -> dict[str, float | None]:
    """Return the hours and the score of those who completed, on average."""
    # An average of few is theirs, however many others there are without a time or a score.
    timed, marked = found.timed >= minimum, found.marked >= minimum
    return {
        "hours_per_person": round(found.seconds / 3600 / found.completed, 3) if timed else None,
        "mean_score": round(found.score_sum / found.scored, 4) if marked else None,
    }


def basis(people: People, tenant_id: int, months: Window) -> dict[str, float]:
    """Return the share of the staff history whose dates are known from the source, and how else."""
    counts = bases_of(people, tenant_id, months.first, months.last)
    total = sum(counts.values())
    return {name: round(n / total, 4) if total else 0.0 for name, n in counts.items()}


def without_team(staff: Staff, months: Window) -> int:
    """Count who was at work in these months and in no team: a report by team leaves them out."""
    at_work, members = (
        distinct(spells.person[(spells.begins <= months.last) & (spells.ends > months.first)])
        for spells in (staff.employed, staff.member)
    )
    return int(np.count_nonzero(~are_among(at_work, members)))
