"""A plan with its history and its draw, as one record: for `show`, the API and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from analytics.plans.keeping import no_plan
from analytics.plans.standing import Version, standing
from analytics.plans.store import draws_of, paths_with_plans, versions_of
from lrs.store.database import Database
from lrs.xapi.times import instant

Record = dict[str, Any]


def overviews(database: Database, tenant_id: int) -> list[Record]:
    """Return every plan, by path."""
    with database.read() as conn:
        return [_one(conn, tenant_id, path) for path in paths_with_plans(conn, tenant_id)]


def overview(database: Database, tenant_id: int, path: str) -> Record:
    """Return the plan of a path; raises `NotFound`."""
    with database.read() as conn:
        return _one(conn, tenant_id, path)


def _one(conn: sa.Connection, tenant_id: int, path: str) -> Record:
    versions = versions_of(conn, tenant_id, path)
    # Whether the lock came in time is the report's to say: it knows who started when.
    found = standing(versions, None)
    if found is None:
        raise no_plan(path)
    return {
        "path": path,
        "status": found.status,
        "locked_at": None if found.locked_at is None else instant(found.locked_at),
        "missing": found.plan.gaps(),
        "plan": found.plan.as_json(),
        "history": _history(versions),
        "draw": _draw(conn, tenant_id, path),
    }


def _history(versions: Sequence[Version]) -> list[Record]:
    return [
        {
            "version": version.number,
            "at": instant(version.made_at),
            "locked": version.locked,
            "what": version.reason or "drafted",
        }
        for version in versions
    ]


def _draw(conn: sa.Connection, tenant_id: int, path: str) -> Record | None:
    kept = draws_of(conn, tenant_id, path)
    if not kept:
        return None
    newest = kept[-1]
    return {
        "made_at": instant(newest.made_at),
        "times": len(kept),
        "seed": newest.draw.seed,
        "balanced_over": list(newest.draw.balanced_over),
        "waves": newest.draw.as_json()["waves"],
        "teams": len(newest.draw.teams),
    }
