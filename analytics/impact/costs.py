"""What a path cost, fully loaded: once, a learner, and the hours that learners were not at work.

An hour costs what the month costs, over the hours of a month: those of the contract where the staff
records have them, else forty a week. Only the average of all learners leaves the database, also of
those who began after the months measured: two reports up to different months would else give away what
the few between them earn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.amounts import NOTHING, Span
from analytics.impact.asking import Asked
from analytics.impact.planned import Planned
from analytics.money import Cost
from analytics.store import stage
from connectors.store.schema import compensation, employment

FULL_WEEK = 40.0
WEEKS_A_MONTH = 52 / 12


class Paid(NamedTuple):
    """What an hour of a learner costs on average, and in which currencies it is known."""

    hour: float
    currencies: frozenset[str]


def cost_of(
    conn: sa.Connection,
    asked: Asked,
    planned: Planned,
    learners: int,
    currency: str,
    minimum: int,
) -> Cost | str:
    """Return the cost, or the reason why it is not known whole: `no_cost`, `cost_incomplete`, or
    `other_currency`. What fewer than the ``minimum`` earn is theirs, and not known.
    """
    fixed, each, hours = _amounts(asked, planned)
    if hours == NOTHING:
        found = Cost(learners, fixed, each)
        return found if found.likely > 0 else "no_cost"
    paid = _paid(conn, asked.tenant_id, minimum)
    if paid is None:
        return "cost_incomplete"
    if not paid.currencies <= {currency}:
        return "other_currency"
    found = Cost(learners, fixed, each, hours, paid.hour)
    return found if found.likely > 0 else "no_cost"


def _amounts(asked: Asked, planned: Planned) -> tuple[Span, Span, Span]:
    """Return the plan's costs, and the path's own where the plan leaves them open."""
    path = asked.path
    own = (path.cost_fixed, path.cost_per_learner, path.hours_per_learner)
    plan = planned.standing.plan.cost if planned.standing and planned.binds else None
    said = (None,) * 3 if plan is None else (plan.fixed, plan.per_learner, plan.hours_per_learner)
    first, second, third = (
        given if given is not None else NOTHING if known is None else Span(known, known, known)
        for given, known in zip(said, own, strict=True)
    )
    return first, second, third


def _paid(conn: sa.Connection, tenant_id: int, minimum: int) -> Paid | None:
    """Return what an hour costs where it is known of half the learners, and of enough, else None."""
    own, pay, work = stage.learner.c, compensation.c, employment.c
    hours = sa.func.coalesce(work.hours_week, FULL_WEEK * sa.func.coalesce(work.fte, 1.0))
    paid = stage.learner.join(
        compensation,
        sa.and_(pay.person_id == own.person_id, *_holds(compensation, tenant_id, own.touched_day)),
    ).join(
        employment,
        sa.and_(work.person_id == own.person_id, *_holds(employment, tenant_id, own.touched_day)),
    )
    sums = sa.select(
        sa.func.count(sa.distinct(own.person_id)).label("people"),
        sa.func.sum(pay.monthly_cost).label("cost"),
        sa.func.sum(hours).label("hours"),
    ).select_from(paid)
    found = conn.execute(sums).one()
    learners = conn.execute(sa.select(sa.func.count()).select_from(stage.learner)).scalar_one()
    if not found.hours or 2 * found.people < learners or found.people < minimum:
        return None
    known = sa.select(pay.currency).select_from(paid).where(pay.currency.is_not(None)).distinct()
    currencies = frozenset(conn.execute(known).scalars())
    # To nine digits: the databases add up in another order.
    return Paid(float(f"{found.cost / (found.hours * WEEKS_A_MONTH):.9g}"), currencies)


def _holds(
    table: sa.Table, tenant_id: int, day: sa.ColumnElement[Any]
) -> tuple[sa.ColumnElement[bool], ...]:
    c = table.c
    return (
        c.tenant_id == tenant_id,
        c.superseded_run.is_(None),
        c.valid_from <= day,
        sa.or_(c.valid_to.is_(None), c.valid_to > day),
    )
