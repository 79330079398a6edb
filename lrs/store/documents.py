"""Keeps state and profile documents; what may be written over what is ruled in `lrs.xapi`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.bulk import upsert
from lrs.store.database import Database
from lrs.store.schema import document
from lrs.store.terms import UNKNOWN, Numbers, agent_name, find_number, known_numbers, number_names
from lrs.store.terms import remember as remember_terms
from lrs.xapi.digests import digest16
from lrs.xapi.documents import Document, DocumentQuery, etag_of
from lrs.xapi.naming import Name
from lrs.xapi.terms import TermKind

_NONE = 0
_COLUMNS = (
    document.c.content,
    document.c.content_type,
    document.c.etag,
    document.c.updated_at,
)


class Content(NamedTuple):
    """What to keep: the bytes, and the type they were sent as."""

    content: bytes
    content_type: str


Decide = Callable[[Document | None], Content]
"""Given the document there is, returns what to put in its place, or raises what forbids it."""


class Listed(NamedTuple):
    """The names of documents, and when the newest of them changed."""

    names: list[str]
    updated_at: int | None


def find_document(database: Database, tenant_id: int, query: DocumentQuery) -> Document | None:
    """Return the one document that the query names."""
    with database.read() as conn:
        numbers = _known(database, conn, tenant_id, query)
        if numbers is None:
            return None
        row = conn.execute(sa.select(*_COLUMNS).where(_one(tenant_id, query, numbers))).first()
    return _document(row)


def list_documents(database: Database, tenant_id: int, query: DocumentQuery) -> Listed:
    """Return the names of the documents of the query's activity and agent, by name."""
    with database.read() as conn:
        numbers = _known(database, conn, tenant_id, query)
        if numbers is None:
            return Listed([], None)
        condition = _many(tenant_id, query, numbers)
        if query.since is not None:
            condition &= document.c.updated_at > query.since
        rows = conn.execute(
            sa.select(document.c.name, sa.func.max(document.c.updated_at))
            .where(condition)
            .group_by(document.c.name)
            .order_by(document.c.name)
        ).all()
    return Listed([name for name, _ in rows], max((at for _, at in rows), default=None))


def write_document(
    database: Database, tenant_id: int, query: DocumentQuery, decide: Decide
) -> None:
    """Put what ``decide`` returns in the place of what is there, with nobody between the two."""
    numbers = _numbers(database, tenant_id, query)
    while not _written(database, tenant_id, query, numbers, decide):
        pass  # somebody made the document between our look and our insert: look again


def delete_documents(
    database: Database,
    tenant_id: int,
    query: DocumentQuery,
    allowed: Callable[[Document | None], None],
) -> None:
    """Delete the document, or without a name all of the query's; ``allowed`` may forbid one."""
    with database.write() as conn:
        numbers = _known(database, conn, tenant_id, query)
        if query.name is None:
            if numbers is not None:
                conn.execute(sa.delete(document).where(_many(tenant_id, query, numbers)))
            return
        allowed(_locked(conn, tenant_id, query, numbers) if numbers is not None else None)
        if numbers is not None:
            conn.execute(sa.delete(document).where(_one(tenant_id, query, numbers)))


def _written(
    database: Database, tenant_id: int, query: DocumentQuery, numbers: _Numbers, decide: Decide
) -> bool:
    with database.write() as conn:
        there = _locked(conn, tenant_id, query, numbers)
        wanted = decide(there)
        values = {
            "content": wanted.content,
            "content_type": wanted.content_type,
            "etag": etag_of(wanted.content),
            # Listing "since" leans on it: a change is always later than the one before it.
            "updated_at": max(time.time_ns() // 1000, there.updated_at + 1 if there else 0),
        }
        if there is not None:
            conn.execute(
                sa.update(document).where(_one(tenant_id, query, numbers)).values(**values)
            )
            return True
        made = conn.execute(
            upsert(conn, document)
            .values(**_key(tenant_id, query, numbers), name=query.name, **values)
            .on_conflict_do_nothing()
            .returning(document.c.kind)
        )
        return made.first() is not None


def _locked(
    conn: sa.Connection, tenant_id: int, query: DocumentQuery, numbers: _Numbers
) -> Document | None:
    asked = sa.select(*_COLUMNS).where(_one(tenant_id, query, numbers)).with_for_update()
    return _document(conn.execute(asked).first())


def _document(row: Any) -> Document | None:
    if row is None:
        return None
    return Document(bytes(row.content), row.content_type, row.etag, row.updated_at)


class _Numbers(NamedTuple):
    activity: int
    agent: int


def _names(query: DocumentQuery) -> tuple[Name | None, Name | None]:
    activity = (int(TermKind.ACTIVITY), query.activity) if query.activity is not None else None
    return activity, agent_name(query.agent) if query.agent is not None else None


def _numbers(database: Database, tenant_id: int, query: DocumentQuery) -> _Numbers:
    """Return the numbers of the activity and the agent, making those that are new."""
    activity, agent = _names(query)
    wanted = [name for name in (activity, agent) if name is not None]
    known = zip(wanted, known_numbers(database.memory, tenant_id, wanted), strict=True)
    numbers: Numbers = {name: number for name, number in known if number != UNKNOWN}
    missing = [name for name in wanted if name not in numbers]
    if missing:
        # In a transaction of its own, as for statements: nobody waits for a term holding a row.
        with database.write() as conn:
            made = number_names(conn, tenant_id, missing).numbers
        remember_terms(database.memory, tenant_id, made)
        numbers |= made
    return _Numbers(
        numbers[activity] if activity is not None else _NONE,
        numbers[agent] if agent is not None else _NONE,
    )


def _known(
    database: Database, conn: sa.Connection, tenant_id: int, query: DocumentQuery
) -> _Numbers | None:
    """Return the numbers, or None when nothing ever named the activity or the agent."""
    found = [
        find_number(database, conn, tenant_id, name) if name is not None else _NONE
        for name in _names(query)
    ]
    activity, agent = found
    return None if activity is None or agent is None else _Numbers(activity, agent)


def _key(tenant_id: int, query: DocumentQuery, numbers: _Numbers) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "kind": int(query.kind),
        "activity_id": numbers.activity,
        "agent_id": numbers.agent,
        "registration": query.registration.bytes if query.registration is not None else b"",
        "digest": digest16(query.name or ""),
    }


def _one(tenant_id: int, query: DocumentQuery, numbers: _Numbers) -> sa.ColumnElement[bool]:
    key = _key(tenant_id, query, numbers)
    return sa.and_(*(document.c[name] == value for name, value in key.items()))


def _many(tenant_id: int, query: DocumentQuery, numbers: _Numbers) -> sa.ColumnElement[bool]:
    """Return the condition of all documents of the context; a registration narrows it (2.3)."""
    key = _key(tenant_id, query, numbers)
    del key["digest"]
    if query.registration is None:
        del key["registration"]
    return sa.and_(*(document.c[name] == value for name, value in key.items()))
