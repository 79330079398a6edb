"""What a report says of its people beside the effect: how many, how they are known, how they learned."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.impact.window import Window
from analytics.months import first_day
from analytics.store import stage
from analytics.store.panel import StorePanel
from connectors.store.schema import employment, membership

BASES = ("source", "observed", "assumed")


class Took(NamedTuple):
    """How many people stand behind the figures, and how many of them began the path and completed it."""

    people: int
    started: int
    completed: int


def took(conn: sa.Connection, panel: StorePanel, months: Window) -> Took:
    """Count who took the path in time for the last month read: by its 15th, as who is trained counts.

    Who began later can have changed none of these months, so is not counted here and not paid for.
    """
    people = sa.select(panel.people.c.person_id).distinct().subquery()
    own, until = stage.learner.c, first_day(months.last) + stage.HALF_MONTH - 1
    joined = people.outerjoin(stage.learner, own.person_id == people.c.person_id)
    began, done = (sa.case((day <= until, 1)) for day in (own.touched_day, own.done_day))
    counts = sa.select(sa.func.count(), sa.func.count(began), sa.func.count(done))
    return Took(*conn.execute(counts.select_from(joined)).one())


def learning(conn: sa.Connection, minimum: int) -> dict[str, float | None]:
    """Return the hours and the score of those who completed, on average."""
    own = stage.learner.c
    sums = sa.select(
        sa.func.count().label("people"),
        sa.func.count(sa.case((own.seconds > 0, 1))).label("timed"),
        sa.func.count(sa.case((own.scored > 0, 1))).label("marked"),
        sa.func.sum(own.seconds).label("seconds"),
        sa.func.sum(own.score_sum).label("score_sum"),
        sa.cast(sa.func.sum(own.scored), sa.BigInteger).label("scored"),
    ).where(own.done_day.is_not(None))
    found = conn.execute(sums).one()
    # An average of few is theirs, however many others there are without a time or a score.
    timed, marked = found.timed >= minimum, found.marked >= minimum
    return {
        "hours_per_person": round(found.seconds / 3600 / found.people, 3) if timed else None,
        "mean_score": round(found.score_sum / found.scored, 4) if marked else None,
    }


def basis(conn: sa.Connection, tenant_id: int, months: Window) -> dict[str, float]:
    """Return the share of the staff history whose dates are known from the source, and how else."""
    counts = dict.fromkeys(BASES, 0)
    for table in (employment, membership):
        rows = (
            sa.select(table.c.basis, sa.func.count())
            .where(
                table.c.tenant_id == tenant_id,
                table.c.superseded_run.is_(None),
                _within(stage.employed, months)
                .where(stage.employed.c.person_id == table.c.person_id)
                .exists(),
            )
            .group_by(table.c.basis)
        )
        for name, n in conn.execute(rows):
            counts[name] = counts.get(name, 0) + n
    total = sum(counts.values())
    return {name: round(n / total, 4) if total else 0.0 for name, n in counts.items()}


def without_team(conn: sa.Connection, months: Window) -> int:
    """Count who was at work in these months and in no team: a report by team leaves them out."""
    at_work = _within(stage.employed, months).except_(_within(stage.member, months)).subquery()
    return int(conn.execute(sa.select(sa.func.count()).select_from(at_work)).scalar_one())


def _within(spells: sa.Table, months: Window) -> sa.Select[Any]:
    return sa.select(spells.c.person_id).where(
        spells.c.from_ix <= months.last, spells.c.to_ix > months.first
    )
