"""Plans and draws as they are kept. A version is never changed, and none is taken away."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from analytics.plans.model import Plan
from analytics.plans.standing import Version
from analytics.store.schema import plan_version, start_draw

if TYPE_CHECKING:
    from analytics.plans.drawing import Draw


class KeptDraw(NamedTuple):
    """A draw, its number among those of its path, and when it was made."""

    number: int
    made_at: int
    draw: Draw
    reason: str | None


def paths_with_plans(conn: sa.Connection, tenant_id: int) -> list[str]:
    """Return the paths that have a plan, in order."""
    p = plan_version.c
    query = sa.select(p.path).where(p.tenant_id == tenant_id).distinct().order_by(p.path)
    return list(conn.execute(query).scalars())


def versions_of(conn: sa.Connection, tenant_id: int, path: str) -> list[Version]:
    """Return every state of a path's plan, the oldest first."""
    p = plan_version.c
    rows = conn.execute(
        sa.select(plan_version).where(p.tenant_id == tenant_id, p.path == path).order_by(p.number)
    )
    return [
        Version(
            row.number,
            Plan.from_json(json.loads(row.body)),
            row.made_at,
            locked=bool(row.locked),
            reason=row.reason,
        )
        for row in rows
    ]


def keep_version(
    conn: sa.Connection,
    tenant_id: int,
    plan: Plan,
    *,
    number: int,
    locked: bool,
    reason: str | None,
    at: int | None = None,
) -> None:
    """Keep one more state of a plan."""
    conn.execute(
        sa.insert(plan_version).values(
            tenant_id=tenant_id,
            path=plan.path,
            number=number,
            made_at=now() if at is None else at,
            locked=int(locked),
            reason=reason,
            body=json.dumps(plan.as_json(), ensure_ascii=False),
        )
    )


def draws_of(conn: sa.Connection, tenant_id: int, path: str) -> list[KeptDraw]:
    """Return every draw of a path, the oldest first."""
    # Brings numpy and pandas, which what is only kept is shown without.
    from analytics.plans.drawing import Draw

    d = start_draw.c
    rows = conn.execute(
        sa.select(start_draw).where(d.tenant_id == tenant_id, d.path == path).order_by(d.number)
    )
    return [
        KeptDraw(
            row.number, row.made_at, Draw.from_json(row.seed, json.loads(row.body)), row.reason
        )
        for row in rows
    ]


def keep_draw(
    conn: sa.Connection,
    tenant_id: int,
    path: str,
    draw: Draw,
    *,
    number: int,
    reason: str | None,
    at: int | None = None,
) -> None:
    """Keep one more draw of a path."""
    conn.execute(
        sa.insert(start_draw).values(
            tenant_id=tenant_id,
            path=path,
            number=number,
            made_at=now() if at is None else at,
            seed=draw.seed,
            reason=reason,
            body=json.dumps(draw.as_json(), ensure_ascii=False),
        )
    )


def state_of(conn: sa.Connection, tenant_id: int, path: str) -> str:
    """Return what a report takes from the plan and the draw, as text; without the times."""
    p, d = plan_version.c, start_draw.c
    plans = sa.select(p.number, p.locked, p.body).where(p.tenant_id == tenant_id, p.path == path)
    draws = sa.select(d.number, d.seed, d.body).where(d.tenant_id == tenant_id, d.path == path)
    found = [
        [list(row) for row in conn.execute(query)]
        for query in (plans.order_by(p.number), draws.order_by(d.number))
    ]
    return json.dumps(found) if any(found) else ""


def now() -> int:
    """Return this moment in microseconds."""
    return time.time_ns() // 1000
