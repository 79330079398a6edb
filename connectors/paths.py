"""The learning paths that are kept. An activity that nobody declared is a path by itself."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from connectors.model.paths import CompletionRule, LearningPath, undeclared
from connectors.store.schema import learning_path as path_table
from connectors.store.schema import path_item

__all__ = ["CompletionRule", "LearningPath", "declare_paths", "learning_path", "learning_paths"]


def learning_path(conn: sa.Connection, tenant_id: int, key: str) -> LearningPath:
    """Return the path of that key; one that was never declared is the activity itself."""
    found = _read(conn, tenant_id, path_table.c.key == key)
    return found[0] if found else undeclared(key)


def learning_paths(conn: sa.Connection, tenant_id: int) -> list[LearningPath]:
    """Return every declared path, by key."""
    return _read(conn, tenant_id)


def _read(
    conn: sa.Connection, tenant_id: int, *where: sa.ColumnElement[bool]
) -> list[LearningPath]:
    paths = conn.execute(
        sa.select(path_table)
        .where(path_table.c.tenant_id == tenant_id, *where)
        .order_by(path_table.c.key)
    ).all()
    items: defaultdict[int, list[tuple[str, bool]]] = defaultdict(list)
    rows = conn.execute(
        sa.select(path_item.c.path_id, path_item.c.activity, path_item.c.is_prefix)
        .where(path_item.c.tenant_id == tenant_id)
        .where(path_item.c.path_id.in_([path.id for path in paths]))
        .order_by(path_item.c.id)
    )
    for path_id, activity, is_prefix in rows:
        items[path_id].append((activity, bool(is_prefix)))
    return [_path(row, tuple(items[row.id])) for row in paths]


def _path(row: sa.Row[Any], items: tuple[tuple[str, bool], ...]) -> LearningPath:
    return LearningPath(
        key=row.key,
        name=row.name,
        items=items,
        rule=CompletionRule.from_json(json.loads(row.complete_rule)),
        cost_fixed=row.cost_fixed,
        cost_per_learner=row.cost_per_learner,
        hours_per_learner=row.hours_per_learner,
        goal=row.goal,
    )


def declare_paths(
    conn: sa.Connection, tenant_id: int, paths: Iterable[LearningPath]
) -> dict[str, str]:
    """Keep the paths; return for each key whether it is new, changed or unchanged."""
    kept = {path.key: path for path in learning_paths(conn, tenant_id)}
    done: dict[str, str] = {}
    for path in paths:
        before = kept.get(path.key)
        done[path.key] = "new" if before is None else "unchanged" if before == path else "changed"
        if before != path:
            _keep(conn, tenant_id, path)
    return done


def _keep(conn: sa.Connection, tenant_id: int, path: LearningPath) -> None:
    at = (path_table.c.tenant_id == tenant_id) & (path_table.c.key == path.key)
    path_id = conn.execute(sa.select(path_table.c.id).where(at)).scalar_one_or_none()
    if path_id is None:
        made = sa.insert(path_table).values(tenant_id=tenant_id, **_columns(path))
        path_id = conn.execute(made.returning(path_table.c.id)).scalar_one()
    else:
        conn.execute(sa.update(path_table).where(at).values(**_columns(path)))
    conn.execute(
        sa.delete(path_item).where(
            path_item.c.tenant_id == tenant_id, path_item.c.path_id == path_id
        )
    )
    conn.execute(
        sa.insert(path_item),
        [
            {
                "tenant_id": tenant_id,
                "path_id": path_id,
                "activity": activity,
                "is_prefix": int(is_prefix),
            }
            for activity, is_prefix in path.items
        ],
    )


def _columns(path: LearningPath) -> Mapping[str, Any]:
    return {
        "key": path.key,
        "name": path.name,
        "complete_rule": json.dumps(path.rule.as_json()),
        "cost_fixed": path.cost_fixed,
        "cost_per_learner": path.cost_per_learner,
        "hours_per_learner": path.hours_per_learner,
        "goal": path.goal,
    }
