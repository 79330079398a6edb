"""Reports that are kept, and made anew when what they were made from has changed.

Beside each stands the state of the data it was made from: the facts on its path, the imports that
changed anything, who is who, and the rules themselves. Statements on other paths leave it as it is.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import suppress
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.checks.family import beside_each_other
from analytics.facts import refresh_facts
from analytics.impact.asking import Asked, ask
from analytics.store.exposure import activities_of
from analytics.store.schema import activity_fact, report
from connectors.resolving import resolve_actors
from connectors.store.schema import actor_link, sync_run
from lrs import __version__
from lrs.errors import NotFound
from lrs.store.bulk import upsert
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


def _made_anew(database: Database, tenant_id: int, kept: _Kept) -> Record:
    """Make a report that is kept, of what is up to date, and keep it."""
    made, state = _make(database, tenant_id, kept.path, kept.outcome, None)
    _keep(database, tenant_id, kept.path, kept.outcome, made, state)
    return made


def stored_report(
    database: Database, tenant_id: int, path_key: str, metric_key: str
) -> Record | None:
    """Return the report that is kept, made anew when its data have changed; None: never made."""
    kept = _kept(database, tenant_id, path_key, metric_key)
    if kept is None:
        return None
    _bring_up_to_date(database, tenant_id)
    if _is_current(database, tenant_id, kept):
        return kept.record()
    return _made_anew(database, tenant_id, kept)


def report_list(
    database: Database, tenant_id: int, *, patience_s: float | None = None
) -> list[Record]:
    """Return every report that is kept and can still be made, by path and outcome.

    Each has its q value among them: of many reports, some find an effect by chance. Those whose data
    have changed are made anew; given ``patience_s``, the oldest first, for so long and one at least.
    The others are as they are kept, with ``newer_data`` true.
    """
    kept = _all_kept(database, tenant_id)
    if kept:
        _bring_up_to_date(database, tenant_id)
    until = math.inf if patience_s is None else time.monotonic() + patience_s
    found: dict[tuple[str, str], Record] = {}
    made = 0
    for one in kept:
        with suppress(NotFound):  # what it was about is gone: voided, erased, renamed
            if _is_current(database, tenant_id, one):
                found[one.path, one.outcome] = one.record()
            elif made and time.monotonic() > until:
                found[one.path, one.outcome] = {**one.record(), "newer_data": True}
            else:
                found[one.path, one.outcome] = _made_anew(database, tenant_id, one)
                made += 1
    return beside_each_other([found[key] for key in sorted(found)])


def _bring_up_to_date(database: Database, tenant_id: int) -> None:
    refresh_facts(database, tenant_id)
    resolve_actors(database, tenant_id)


def _make(
    database: Database, tenant_id: int, path_key: str, metric_key: str, by: str | None
) -> tuple[Record, str]:
    # The engine brings pandas and scipy; what is only kept is shown without them.
    from analytics.cells import refresh_cells
    from analytics.impact.making import make_record
    from analytics.packing import refresh_learners

    refresh_cells(database, tenant_id)
    refresh_learners(database, tenant_id, path_key)
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
    path: str
    outcome: str
    data_state: str
    body: str

    def record(self) -> Record:
        return dict(json.loads(self.body))


_KEPT = sa.select(*(report.c[name] for name in _Kept._fields))


def _kept(database: Database, tenant_id: int, path_key: str, metric_key: str) -> _Kept | None:
    r = report.c
    query = _KEPT.where(r.tenant_id == tenant_id, r.path == path_key, r.outcome == metric_key)
    with database.read() as conn:
        found = conn.execute(query).one_or_none()
    return None if found is None else _Kept(*found)


def _all_kept(database: Database, tenant_id: int) -> list[_Kept]:
    """Return all, the oldest first."""
    r = report.c
    query = _KEPT.where(r.tenant_id == tenant_id).order_by(r.made_at, r.path, r.outcome)
    with database.read() as conn:
        return [_Kept(*row) for row in conn.execute(query)]


def _is_current(database: Database, tenant_id: int, kept: _Kept) -> bool:
    with database.read() as conn:
        asked = ask(conn, tenant_id, kept.path, kept.outcome, None)
        return _state(conn, asked, database.settings.min_group) == kept.data_state


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
        conn.execute(
            upsert(conn, report)
            .values(**key, **values)
            .on_conflict_do_update(index_elements=list(key), set_=values)
        )
