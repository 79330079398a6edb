"""What a report says of its people beside the effect: how many, how they are known, how they learned."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from analytics.impact import suppression
from analytics.impact.window import Window
from analytics.store import stage
from analytics.store.panel import StorePanel
from connectors.store.schema import employment, membership

BASES = ("source", "observed", "assumed")


def completion(conn: sa.Connection, panel: StorePanel, minimum: int) -> dict[str, Any]:
    """Return how many of the people behind the figures began the path and completed it."""
    people = sa.select(panel.people.c.person_id).distinct().subquery()
    own = stage.learner.c
    joined = people.outerjoin(stage.learner, own.person_id == people.c.person_id)
    counts = sa.select(
        sa.func.count(), sa.func.count(own.person_id), sa.func.count(own.done_day)
    ).select_from(joined)
    return suppression.completion(*conn.execute(counts).one(), minimum=minimum)


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
