"""Reading who is linked to whom, and finding the actor and the person that an administrator names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.identity.normal import mail_normal
from connectors.model.days import BEGINNING, iso
from connectors.store.schema import actor_link, person, unresolved_actor
from lrs.errors import NotFound
from lrs.store.schema import term
from lrs.xapi.terms import TermKind


@dataclass(frozen=True, slots=True)
class LinkedActor:
    """An actor and who it is, from when to when, by which rule."""

    actor: str
    person: str
    rule: int
    confidence: float
    evidence: str
    valid_from: str | None
    valid_to: str | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class WaitingActor:
    """An actor nobody knows, why, and who it might be."""

    actor: str
    reason: str
    evidence: str
    candidates: tuple[str, ...]


def linked_actors(conn: sa.Connection, tenant_id: int) -> Iterator[LinkedActor]:
    """Yield every link in force, by actor."""
    at = actor_link.c
    rows = conn.execute(
        sa.select(
            *(term.c.value, person.c.source_key, at.rule, at.confidence, at.evidence),
            *(at.valid_from, at.valid_to, at.decided_by),
        )
        .join_from(actor_link, term, term.c.id == at.actor_id)
        .join(person, person.c.id == at.person_id)
        .where(at.tenant_id == tenant_id, at.superseded_run.is_(None))
        .where(term.c.tenant_id == tenant_id, person.c.tenant_id == tenant_id)
        .order_by(term.c.value, at.valid_from)
    )
    for actor, key, rule, confidence, evidence, start, end, decided_by in rows:
        since = None if start == BEGINNING else iso(start)
        until = None if end is None else iso(end)
        yield LinkedActor(actor, key, rule, confidence, evidence, since, until, decided_by)


def waiting_actors(conn: sa.Connection, tenant_id: int) -> Iterator[WaitingActor]:
    """Yield the queue: those in conflict first, then those with a suggestion, then the others."""
    at = unresolved_actor.c
    rows = conn.execute(
        sa.select(term.c.value, at.reason, at.evidence, at.candidates)
        .join_from(unresolved_actor, term, term.c.id == at.actor_id)
        .where(at.tenant_id == tenant_id, term.c.tenant_id == tenant_id)
        .order_by(sa.case({"conflict": 0, "suggestion": 1}, value=at.reason, else_=2), term.c.value)
    ).all()
    for actor, reason, evidence, candidates in rows:
        keys = _keys(conn, tenant_id, json.loads(candidates))
        yield WaitingActor(actor, reason, evidence, keys)


def _keys(conn: sa.Connection, tenant_id: int, persons: list[int]) -> tuple[str, ...]:
    if not persons:
        return ()
    rows = conn.execute(
        sa.select(person.c.source_key)
        .where(person.c.tenant_id == tenant_id, person.c.id.in_(persons))
        .order_by(person.c.source_key)
    )
    return tuple(rows.scalars())


def actor_number(conn: sa.Connection, tenant_id: int, named: str) -> int:
    """Return the number of the agent that is named by its normal form, or by a mail address."""
    forms = {named}
    mail = mail_normal(named)
    if mail is not None:
        forms.add(f"mbox mailto:{mail}")
    found = _one(
        conn,
        sa.select(term.c.id)
        .where(term.c.tenant_id == tenant_id, term.c.kind == int(TermKind.AGENT))
        .where(term.c.value.in_(sorted(forms))),
    )
    if found is None:
        raise NotFound(
            f"no statement names the actor {named!r}",
            where="ACTOR",
            hint='as the list writes it, such as "account https://lms.example.org ann" or '
            '"mbox mailto:ann@example.org"',
        )
    return found


def person_number(conn: sa.Connection, tenant_id: int, key: str) -> int:
    """Return the number of the person whose record has that key."""
    found = _one(
        conn,
        sa.select(person.c.id).where(
            person.c.tenant_id == tenant_id,
            person.c.source_key == key,
            person.c.erased_at.is_(None),
        ),
    )
    if found is None:
        raise NotFound(f"there is no person {key!r}", where="PERSON", hint="the person_id")
    return found


def _one(conn: sa.Connection, query: sa.Select[Any]) -> int | None:
    return conn.execute(query.limit(1)).scalar_one_or_none()
