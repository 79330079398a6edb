"""Who learned what of a path, and how: from the stages, or as it is packed from one report to the next.

What is packed is read only where it was made from the facts and the links that the reader can see.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import packed, stage
from analytics.store.exposure import activities_of, actors, stage_learners
from analytics.store.schema import activity_fact, packed_learners
from analytics.store.staff import Learners
from connectors.model.paths import LearningPath
from connectors.store.schema import actor_link


class Learning(NamedTuple):
    """Who sent statements on a path; who completed it, and what was measured of these."""

    resolved: int
    unresolved: int
    completed: int
    timed: int
    marked: int
    seconds: float
    score_sum: float
    scored: int


def learning_on(conn: sa.Connection, tenant_id: int, path: LearningPath) -> Learning:
    """Fill `stage.learner` for the path that is staged, and add it up."""
    who = actors(conn, tenant_id)
    stage_learners(conn, tenant_id, path.rule)
    own, nothing = stage.learner.c, sa.literal(0.0, sa.Double)
    sums = sa.select(
        sa.func.count(),
        sa.func.count(sa.case((own.seconds > 0, 1))),
        sa.func.count(sa.case((own.scored > 0, 1))),
        sa.func.coalesce(sa.func.sum(own.seconds), nothing),
        sa.func.coalesce(sa.func.sum(own.score_sum), nothing),
        sa.cast(sa.func.coalesce(sa.func.sum(own.scored), 0), sa.BigInteger),
    ).where(own.done_day.is_not(None))
    return Learning(*who, *conn.execute(sums).one())


def packed_learning(
    conn: sa.Connection, tenant_id: int, path: LearningPath
) -> tuple[Learning, Learners] | None:
    """Return what is packed of a path, None where it was not made from what there is now."""
    line = conn.execute(sa.select(packed_learners).where(*own_line(tenant_id, path))).one_or_none()
    if line is None or line.data_state != state_of(conn, tenant_id, path):
        return None
    learners = Learners(*packed.unpack(conn, tenant_id, packed.learner(path.key)))
    return Learning(*(getattr(line, name) for name in Learning._fields)), learners


def own_line(tenant_id: int, path: LearningPath) -> tuple[sa.ColumnElement[bool], ...]:
    """Return what finds the line that says what is packed of a path."""
    line = packed_learners.c
    return line.tenant_id == tenant_id, line.path == path.key


def state_of(conn: sa.Connection, tenant_id: int, path: LearningPath) -> str:
    """Return what a path's learners follow from, in figures that change with it: facts, links, its rule."""
    state: list[Any] = [packed.MADE_AS, path.items, path.rule.as_json()]
    state += [facts_state(conn, tenant_id, path), links_state(conn, tenant_id)]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def facts_state(conn: sa.Connection, tenant_id: int, path: LearningPath) -> list[int | None]:
    """Return figures that change with any fact on a path."""
    f = activity_fact.c
    own = (f.tenant_id == tenant_id, f.activity_id.in_(activities_of(tenant_id, path)))
    facts = sa.select(sa.func.max(f.id), sa.func.count()).where(*own)
    return list(conn.execute(facts).one())


def links_state(conn: sa.Connection, tenant_id: int) -> list[int | None]:
    """Return figures that change with any link from an actor to a person."""
    link = actor_link.c
    newest = (sa.func.max(link.id), sa.func.max(link.superseded_run))
    links = sa.select(*newest, sa.func.count())
    return list(conn.execute(links.where(link.tenant_id == tenant_id)).one())
