"""Reports that are kept, and made anew when what they were made from has changed.

Beside each stands the state of the data it was made from: the facts on its path, the imports that
changed anything, who is who, and the rules themselves. Statements on other paths leave it as it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from analytics.checks.family import beside_each_other
from analytics.facts import refresh_facts
from analytics.impact.asking import Asked, ask
from analytics.store.exposure import activities_of
from analytics.store.schema import activity_fact, report
from connectors.resolving import resolve_actors
from connectors.store.schema import actor_link, sync_run
from lrs import __version__
from lrs.errors import NotFound
from lrs.store.database import Database
from lrs.store.one_moment import one_moment
from lrs.xapi.times import instant

Record = dict[str, Any]


def impact(
    database: Database,
    tenant_id: int,
    path_key: str,
    metric_key: str,
    *,
    by: str | None = None,
    store: bool = True,
) -> Record:
    """Report what a path did to an outcome, from all that is stored now; keep the report.

    A report at a level that was asked for is another answer to another question, and is not kept.
    Raises `NotFound` when a link of the chain from statement to outcome is missing.
    """
    _bring_up_to_date(database, tenant_id)
    made, state = _make(database, tenant_id, path_key, metric_key, by)
    if store and by is None:
        _keep(database, tenant_id, path_key, metric_key, made, state)
    return made


def stored_report(
    database: Database, tenant_id: int, path_key: str, metric_key: str
) -> Record | None:
    """Return the report that is kept, made anew when its data have changed; None: never made."""
    kept = _kept(database, tenant_id, path_key, metric_key)
    if kept is None:
        return None
    _bring_up_to_date(database, tenant_id)
    with database.read() as conn:
        asked = ask(conn, tenant_id, path_key, metric_key, None)
        state = _state(conn, asked, database.settings.min_group)
    if state == kept.data_state:
        return dict(json.loads(kept.body))
    return impact(database, tenant_id, path_key, metric_key)


def report_list(database: Database, tenant_id: int) -> list[Record]:
    """Return every report that is kept and can still be made, by path and outcome.

    Each has its q value among them: of many reports, some find an effect by chance.
    """
    with database.read() as conn:
        keys = conn.execute(
            sa.select(report.c.path, report.c.outcome)
            .where(report.c.tenant_id == tenant_id)
            .order_by(report.c.path, report.c.outcome)
        ).all()
    found = (_still(database, tenant_id, path, outcome) for path, outcome in keys)
    return beside_each_other([record for record in found if record is not None])


def _still(database: Database, tenant_id: int, path: str, outcome: str) -> Record | None:
    """Return a kept report, or None when what it was about is gone (voided, erased, renamed)."""
    try:
        return stored_report(database, tenant_id, path, outcome)
    except NotFound:
        return None


def _bring_up_to_date(database: Database, tenant_id: int) -> None:
    refresh_facts(database, tenant_id)
    resolve_actors(database, tenant_id)


def _make(
    database: Database, tenant_id: int, path_key: str, metric_key: str, by: str | None
) -> tuple[Record, str]:
    # The engine brings pandas and scipy; what is only kept is shown without them.
    from analytics.cells import refresh_cells
    from analytics.impact.making import make_record

    refresh_cells(database, tenant_id)
    min_group = database.settings.min_group
    with one_moment(database, scratch=True) as conn:
        asked = ask(conn, tenant_id, path_key, metric_key, by)
        # Before the data: what comes in meanwhile makes the report stale, never falsely fresh.
        state = _state(conn, asked, min_group)
        made = make_record(conn, asked, min_group)
    return {**made, "made_at": instant(time.time_ns() // 1000)}, state


def _state(conn: sa.Connection, asked: Asked, min_group: int) -> str:
    """Return what a report rests on, in a few figures that change with it."""
    f, run, link = activity_fact.c, sync_run.c, actor_link.c
    activities = activities_of(asked.tenant_id, asked.path)
    facts = sa.select(sa.func.max(f.id), sa.func.count()).where(
        f.tenant_id == asked.tenant_id, f.activity_id.in_(activities)
    )
    imports = sa.select(sa.func.max(run.id), sa.func.max(run.ended_at)).where(
        run.tenant_id == asked.tenant_id, sa.or_(run.changed > 0, run.ended_at.is_(None))
    )
    links = sa.select(sa.func.max(link.id), sa.func.max(link.superseded_run)).where(
        link.tenant_id == asked.tenant_id
    )
    seen = [list(conn.execute(query).one()) for query in (facts, imports, links)]
    state = json.dumps([seen, asked.digest(), min_group, __version__])
    return hashlib.sha256(state.encode()).hexdigest()


class _Kept(NamedTuple):
    data_state: str
    body: str


def _kept(database: Database, tenant_id: int, path_key: str, metric_key: str) -> _Kept | None:
    query = sa.select(report.c.data_state, report.c.body).where(
        report.c.tenant_id == tenant_id,
        report.c.path == path_key,
        report.c.outcome == metric_key,
    )
    with database.read() as conn:
        found = conn.execute(query).one_or_none()
    return None if found is None else _Kept(*found)


def _keep(
    database: Database, tenant_id: int, path_key: str, metric_key: str, made: Record, state: str
) -> None:
    values = {
        "made_at": time.time_ns() // 1000,
        "data_state": state,
        "body": json.dumps(made, ensure_ascii=False, allow_nan=False),
    }
    key = {"tenant_id": tenant_id, "path": path_key, "outcome": metric_key}
    with database.write() as conn:
        insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[conn.dialect.name]
        conn.execute(
            insert(report)
            .values(**key, **values)
            .on_conflict_do_update(index_elements=list(key), set_=values)
        )
