"""The log of imports and syncs: each run, what it refused, and the mappings that worked."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.reporting import SHOWN, ImportReport
from connectors.store.schema import import_mapping, sync_issue, sync_run, sync_state
from lrs.store.bulk import insert_rows

REFUSED, WARNING = "refused", "warning"


class Issue(NamedTuple):
    """Something the sender should know of: where, what, and the record as it came."""

    level: str
    place: str
    message: str
    raw: str | None


def begin_run(conn: sa.Connection, tenant_id: int, source: str, stream: str) -> int:
    """Return the number of a new run. A run without an end broke off."""
    made = sa.insert(sync_run).values(
        tenant_id=tenant_id, source=source, stream=stream, started_at=_now()
    )
    return int(conn.execute(made.returning(sync_run.c.id)).scalar_one())


def end_run(conn: sa.Connection, tenant_id: int, run_id: int, report: ImportReport) -> None:
    """Say that the run is complete, and what came of it."""
    conn.execute(
        sa.update(sync_run)
        .where(sync_run.c.tenant_id == tenant_id, sync_run.c.id == run_id)
        .values(
            ended_at=_now(),
            read=report.read,
            changed=sum(report.kinds.values()),
            refused=report.refused,
        )
    )


def keep_issues(
    conn: sa.Connection,
    tenant_id: int,
    run_id: int,
    report: ImportReport,
    issues: Sequence[Issue],
) -> None:
    """Keep every issue, and show the first refusals and warnings in the report."""
    for issue in issues:
        if issue.level == WARNING:
            report.warnings += 1
        if len(report.issues) < SHOWN or _makes_room(report, issue):
            shown = issue.message if issue.level == REFUSED else f"{WARNING}: {issue.message}"
            report.issues.append((issue.place, shown))
    insert_rows(
        conn,
        sync_issue,
        ("tenant_id", "run_id", "level", "place", "message", "raw"),
        [(tenant_id, run_id, *issue) for issue in issues],
    )


def _makes_room(report: ImportReport, issue: Issue) -> bool:
    """A refusal takes the place of a warning, so that none is hidden behind many warnings."""
    if issue.level != REFUSED:
        return False
    for place, shown in enumerate(report.issues):
        if shown[1].startswith(f"{WARNING}: "):
            del report.issues[place]
            return True
    return False


def remembered_mapping(
    conn: sa.Connection, tenant_id: int, entity: str, layout: bytes
) -> dict[str, Any] | None:
    """Return the mapping that worked for this layout before."""
    kept = conn.execute(
        sa.select(import_mapping.c.mapping).where(*_mapping_at(tenant_id, entity, layout))
    ).scalar_one_or_none()
    return None if kept is None else dict(json.loads(kept))


def remember_mapping(
    conn: sa.Connection, tenant_id: int, entity: str, layout: bytes, mapping: dict[str, Any]
) -> None:
    """Keep the mapping for the next file of this layout."""
    before = remembered_mapping(conn, tenant_id, entity, layout)
    if before == mapping:
        return
    at = _mapping_at(tenant_id, entity, layout)
    text = json.dumps(mapping)
    if before is not None:
        conn.execute(sa.update(import_mapping).where(*at).values(mapping=text))
        return
    conn.execute(
        sa.insert(import_mapping).values(
            tenant_id=tenant_id, entity=entity, layout=layout, mapping=text
        )
    )


def _mapping_at(tenant_id: int, entity: str, layout: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    at = import_mapping.c
    return at.tenant_id == tenant_id, at.entity == entity, at.layout == layout


def kept_state(
    conn: sa.Connection, tenant_id: int, source: str, stream: str
) -> dict[str, Any] | None:
    """Return how far a stream was."""
    kept = conn.execute(
        sa.select(sync_state.c.state).where(*_state_at(tenant_id, source, stream))
    ).scalar_one_or_none()
    return None if kept is None else dict(json.loads(kept))


def keep_state(
    conn: sa.Connection, tenant_id: int, source: str, stream: str, state: dict[str, Any]
) -> None:
    """Keep how far a stream is."""
    at = _state_at(tenant_id, source, stream)
    text = json.dumps(state, sort_keys=True)
    if conn.execute(sa.update(sync_state).where(*at).values(state=text)).rowcount == 0:
        conn.execute(
            sa.insert(sync_state).values(
                tenant_id=tenant_id, source=source, stream=stream, state=text
            )
        )


def _state_at(tenant_id: int, source: str, stream: str) -> tuple[sa.ColumnElement[bool], ...]:
    at = sync_state.c
    return at.tenant_id == tenant_id, at.source == source, at.stream == stream


def _now() -> int:
    return time.time_ns() // 1000
