"""Stages who was trained and when: activity facts, joined to people, held against the path's rule.

A link from an actor to a person holds for the days it names and no others, so a user name that was
freed and given to somebody else trains nobody twice. Voided statements were appended to the facts
as negative sums; what adds up to nothing did not happen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from analytics.store import stage
from analytics.store.schema import activity_fact
from analytics.store.stage import FOREVER, MonthOf, add_up, refill
from connectors.model.paths import SIGNS, CompletionRule, LearningPath, Part, Sign
from connectors.store.schema import actor_link
from lrs.store.schema import term
from lrs.xapi.digests import digest16
from lrs.xapi.terms import TermKind

TOUCHED_ONLY = -1
"""The item number of an activity that belongs to the path but not to its rule."""


class Actors(NamedTuple):
    """How many of those who sent statements on a path are known people."""

    resolved: int
    unresolved: int


def activities_of(tenant_id: int, path: LearningPath) -> sa.Select[Any]:
    """Return the terms of every activity of a path."""
    covered = sa.or_(*(_covers(Part(*item)) for item in path.items))
    return _activities(tenant_id).where(covered)


def stage_path(conn: sa.Connection, tenant_id: int, path: LearningPath) -> int:
    """Fill `stage.item`; return how many activities that statements name the path has."""
    conn.execute(sa.delete(stage.item))
    for number, part in enumerate(path.rule.parts):
        _stage_part(conn, tenant_id, part, number)
    only_touched = [Part(*item) for item in path.items if Part(*item) not in path.rule.parts]
    for part in only_touched:
        _stage_part(conn, tenant_id, part, TOUCHED_ONLY)
    activities = sa.select(sa.func.count(sa.distinct(stage.item.c.activity_id)))
    return int(conn.execute(activities).scalar_one())


def stage_learners(conn: sa.Connection, tenant_id: int, rule: CompletionRule) -> None:
    """Fill `stage.learner` from `stage.item`, the facts and the links.

    A step at a time, each kept: in one query SQLite would do the first steps again for every row of
    the last (minutes instead of a second at 100,000 people).
    """
    add_up(conn, stage.learned, _learned(conn, tenant_id, SIGNS[rule.sign]))
    conn.execute(sa.delete(stage.learned).where(stage.learned.c.n <= 0))
    refill(conn, stage.done, _done(rule))
    refill(conn, stage.learner, _learners())
    stage.empty(conn, stage.learned, stage.done)


def _learners() -> sa.Select[Any]:
    touched, done = _touched(), stage.done
    start = MonthOf(done.c.done_day, "start")
    people = touched.outerjoin(done, done.c.person_id == touched.c.person_id)
    return sa.select(
        touched.c.person_id,
        touched.c.touched_day,
        done.c.done_day,
        sa.case((done.c.done_day.is_not(None), start.month)).label("start_ix"),
        touched.c.seconds,
        touched.c.score_sum,
        touched.c.scored,
    ).select_from(people.outerjoin(start.table, start.on))


def actors(conn: sa.Connection, tenant_id: int) -> Actors:
    """Count who is behind the statements on the staged path."""
    facts, acting, link = _facts(tenant_id), stage.acting.c, actor_link.c
    add_up(conn, stage.acting, sa.select(facts.c.actor_id, facts.c.n).where(sa.true()))
    known = sa.exists().where(
        link.tenant_id == tenant_id,
        link.actor_id == acting.actor_id,
        link.superseded_run.is_(None),
    )
    here = sa.select(sa.func.count()).select_from(stage.acting).where(acting.n > 0)
    n, resolved = (int(conn.execute(q).scalar_one()) for q in (here, here.where(known)))
    stage.empty(conn, stage.acting)
    return Actors(resolved, n - resolved)


def _stage_part(conn: sa.Connection, tenant_id: int, part: Part, number: int) -> None:
    found = _activities(tenant_id).where(_covers(part))
    found = found.add_columns(sa.literal(number, sa.Integer))
    if number == TOUCHED_ONLY:
        found = found.where(term.c.id.not_in(sa.select(stage.item.c.activity_id)))
    conn.execute(sa.insert(stage.item).from_select(["activity_id", "item_no"], found))


def _activities(tenant_id: int) -> sa.Select[Any]:
    return sa.select(term.c.id).where(
        term.c.tenant_id == tenant_id, term.c.kind == int(TermKind.ACTIVITY)
    )


def _covers(part: Part) -> sa.ColumnElement[bool]:
    if part.is_prefix:
        # Not LIKE: an IRI may hold its wildcards, and the databases differ on case.
        return sa.func.substr(term.c.value, 1, len(part.activity)) == part.activity
    # By digest, for that is what the terms are indexed by.
    return term.c.digest == digest16(part.activity)


def _facts(tenant_id: int) -> sa.CTE:
    """Return the facts on the staged path."""
    activities = sa.select(stage.item.c.activity_id)
    f = activity_fact.c
    return (
        sa.select(activity_fact).where(f.tenant_id == tenant_id, f.activity_id.in_(activities))
    ).cte("facts")


def _links(tenant_id: int) -> sa.CTE:
    link = actor_link.c
    return (
        sa.select(
            link.actor_id,
            link.person_id,
            link.valid_from,
            sa.func.coalesce(link.valid_to, FOREVER).label("valid_to"),
        ).where(link.tenant_id == tenant_id, link.superseded_run.is_(None))
    ).cte("links")


def _learned(conn: sa.Connection, tenant_id: int, sign: Sign) -> sa.Select[Any]:
    """Return person, activity and day, with how often it was done and what was measured: to add up."""
    facts, links = _facts(tenant_id), _links(tenant_id)
    on = sa.and_(
        links.c.actor_id == facts.c.actor_id,
        links.c.valid_from <= facts.c.day_no,
        links.c.valid_to > facts.c.day_no,
    )
    return (
        sa.select(
            *(links.c.person_id, facts.c.activity_id, facts.c.day_no, facts.c.n),
            _times_done(facts, sign, _verbs(conn, tenant_id, sign)).label("done"),
            facts.c.duration_s.label("seconds"),
            facts.c.score_sum,
            facts.c.scored,
        )
        .select_from(facts.join(links, on))
        .where(sa.true())
    )


def _verbs(conn: sa.Connection, tenant_id: int, sign: Sign) -> list[int]:
    verbs = sa.select(term.c.id, term.c.value).where(
        term.c.tenant_id == tenant_id, term.c.kind == int(TermKind.VERB)
    )
    return [row.id for row in conn.execute(verbs) if row.value.endswith(sign.verb_endings)]


def _times_done(facts: sa.CTE, sign: Sign, verbs: list[int]) -> sa.ColumnElement[Any]:
    """Count what shows that an activity was done: `connectors.model.paths.shows`, in sums.

    Where the result speaks, it decides; the verb speaks for the statements whose result is silent.
    """
    no, yes = (
        (facts.c.incomplete, facts.c.completed)
        if sign.completion
        else (facts.c.failed, facts.c.succeeded)
    )
    return sa.case((facts.c.verb_id.in_(verbs), facts.c.n - no), else_=yes)


def _touched() -> sa.CTE:
    learned = stage.learned.c
    return (
        sa.select(
            learned.person_id,
            sa.func.min(learned.day_no).label("touched_day"),
            sa.func.sum(learned.seconds).label("seconds"),
            sa.func.sum(learned.score_sum).label("score_sum"),
            _whole(sa.func.sum(learned.scored)).label("scored"),
        )
        .group_by(learned.person_id)
        .cte("touched")
    )


def _done(rule: CompletionRule) -> sa.Select[Any]:
    """Return who completed the path and the day: that on which the last thing needed was done."""
    learned, item = stage.learned.c, stage.item.c
    what = item.item_no if rule.count == "parts" else item.activity_id
    if rule.need == 1:
        return _done_first()
    firsts = (
        sa.select(
            learned.person_id, what.label("what"), sa.func.min(learned.day_no).label("day_no")
        )
        .select_from(stage.learned.join(stage.item, item.activity_id == learned.activity_id))
        .where(learned.done > 0, item.item_no != TOUCHED_ONLY)
        .group_by(learned.person_id, what)
        .cte("firsts")
    )
    place = sa.func.row_number().over(
        partition_by=firsts.c.person_id, order_by=(firsts.c.day_no, firsts.c.what)
    )
    placed = sa.select(firsts.c.person_id, firsts.c.day_no, place.label("place")).cte("placed")
    return sa.select(placed.c.person_id, placed.c.day_no.label("done_day")).where(
        placed.c.place == rule.need
    )


def _done_first() -> sa.Select[Any]:
    """Return the same where one thing is needed: the first done."""
    learned, item = stage.learned.c, stage.item.c
    needed = sa.select(item.activity_id).where(item.item_no != TOUCHED_ONLY)
    return (
        sa.select(learned.person_id, sa.func.min(learned.day_no))
        .where(learned.done > 0, learned.activity_id.in_(needed))
        .group_by(learned.person_id)
    )


def _whole(total: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """Keep a sum of whole numbers whole: PostgreSQL would widen it to a decimal."""
    return sa.cast(total, sa.BigInteger)
