"""What may be done with a plan: make it, lock it, change it, approve a value, ask for an opinion.

A draft may be made anew as often as one likes. Once locked, a plan is changed only with a reason,
and every state stays. Doing the same twice leaves one state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import sqlalchemy as sa

from analytics.plans.model import Opinion, Plan
from analytics.plans.standing import Version
from analytics.plans.store import keep_version, versions_of
from connectors.metrics import metric
from connectors.store.transactions import in_turn
from lrs.errors import BadInput, Conflict, NotFound
from lrs.store.database import Database

APPROVED = " approved by "
"""Stands in the reason of a version between the outcome and who approved its value."""


class Done(NamedTuple):
    """What came of it: new, changed, unchanged, locked."""

    path: str
    state: str
    plan: Plan


def make_plan(database: Database, tenant_id: int, plan: Plan, *, at: int | None = None) -> Done:
    """Keep a draft; raises `Conflict` when the plan of that path is locked and says otherwise."""
    with _versions(database, tenant_id, plan.path) as (conn, versions):
        _check_outcomes(conn, tenant_id, plan)
        if versions and versions[-1].plan == plan:
            return Done(plan.path, "unchanged", plan)
        if versions and versions[-1].locked:
            raise Conflict(
                f"the plan of {plan.path!r} is locked",
                where="plan",
                hint="`verkan plans change FILE --reason TEXT` changes it, and keeps what it was",
            )
        _keep(conn, tenant_id, plan, versions, locked=False, at=at)
    return Done(plan.path, "changed" if versions else "new", plan)


def lock_plan(database: Database, tenant_id: int, path: str, *, at: int | None = None) -> Done:
    """Lock a plan; raises `BadInput` that names what is missing."""
    with _versions(database, tenant_id, path) as (conn, versions):
        newest = _newest(versions, path)
        if newest.locked:
            return Done(path, "unchanged", newest.plan)
        gaps = newest.plan.gaps()
        if gaps:
            raise BadInput(
                f"the plan cannot be locked, this is not decided yet: {', '.join(gaps)}",
                where=path,
                hint="`verkan plans show PATH --toml` writes it; complete it and make it again",
            )
        _keep(conn, tenant_id, newest.plan, versions, locked=True, at=at, reason="locked")
    return Done(path, "locked", newest.plan)


def change_plan(
    database: Database, tenant_id: int, plan: Plan, reason: str, *, at: int | None = None
) -> Done:
    """Change a locked plan and say why; what it was before stays."""
    with _versions(database, tenant_id, plan.path) as (conn, versions):
        newest = _newest(versions, plan.path)
        if not newest.locked:
            raise Conflict(
                f"the plan of {plan.path!r} is not locked yet",
                where="plan",
                hint="`verkan plans make FILE` makes a draft anew",
            )
        if plan.gaps():
            raise BadInput(f"a locked plan cannot lose: {', '.join(plan.gaps())}", where=plan.path)
        _check_outcomes(conn, tenant_id, plan)
        if newest.plan == plan:
            return Done(plan.path, "unchanged", plan)
        _keep(conn, tenant_id, plan, versions, locked=True, at=at, reason=reason)
    return Done(plan.path, "changed", plan)


def approve_value(
    database: Database, tenant_id: int, path: str, key: str, by: str, *, at: int | None = None
) -> Done:
    """Keep who of the business stands behind the outcome and what a unit of it is worth."""
    with _versions(database, tenant_id, path) as (conn, versions):
        newest = _newest(versions, path)
        if newest.plan.primary(key) is None:
            raise NotFound(f"{key!r} is no primary outcome of {path!r}", where="outcome")
        outcomes = tuple(
            replace(one, approved_by=by) if one.metric == key else one
            for one in newest.plan.outcomes
        )
        plan = replace(newest.plan, outcomes=outcomes)
        if plan == newest.plan:
            return Done(path, "unchanged", plan)
        reason = f"{key}{APPROVED}{by}"
        _keep(conn, tenant_id, plan, versions, locked=newest.locked, at=at, reason=reason)
    return Done(path, "changed", plan)


def give_opinion(
    database: Database, tenant_id: int, path: str, opinion: Opinion, *, at: int | None = None
) -> Done:
    """Keep what those who know the work believe; it binds nothing, and may come afterwards."""
    with _versions(database, tenant_id, path) as (conn, versions):
        newest = _newest(versions, path)
        plan = replace(newest.plan, opinion=opinion)
        if plan == newest.plan:
            return Done(path, "unchanged", plan)
        _keep(conn, tenant_id, plan, versions, locked=newest.locked, at=at, reason="opinion")
    return Done(path, "changed", plan)


def no_plan(path: str) -> NotFound:
    """Return the error for a path without a plan."""
    return NotFound(
        f"there is no plan of {path!r}",
        where="path",
        hint="`verkan plans make FILE` makes one; `verkan plans list` shows those there are",
    )


@contextmanager
def _versions(
    database: Database, tenant_id: int, path: str
) -> Iterator[tuple[sa.Connection, list[Version]]]:
    """Yield the states of a plan in a transaction in which nobody else writes them."""
    with in_turn(database, tenant_id) as conn:
        yield conn, versions_of(conn, tenant_id, path)


def _newest(versions: Sequence[Version], path: str) -> Version:
    if not versions:
        raise no_plan(path)
    return versions[-1]


def _keep(
    conn: sa.Connection,
    tenant_id: int,
    plan: Plan,
    versions: Sequence[Version],
    *,
    locked: bool,
    at: int | None,
    reason: str | None = None,
) -> None:
    number = len(versions) + 1
    keep_version(conn, tenant_id, plan, number=number, locked=locked, reason=reason, at=at)


def _check_outcomes(conn: sa.Connection, tenant_id: int, plan: Plan) -> None:
    """Refuse a metric that is not there, or whose good way is another."""
    for one in plan.outcomes:
        known = metric(conn, tenant_id, one.metric)
        if known.better != one.better:
            raise BadInput(
                f"{one.metric!r} is better {known.better}, the plan says {one.better}",
                where=f"{plan.path}, {one.metric}",
                hint="metrics.toml declares which way is good",
            )
