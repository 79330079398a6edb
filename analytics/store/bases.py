"""How the dates of the staff history are known, row by row of who was at work in some months."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from analytics.estimators.grid import IntArray
from analytics.store import packed, stage
from analytics.store.distinct import are_among, distinct
from analytics.store.numbers import numbers
from analytics.store.staff import People, is_packed
from connectors.store.schema import employment, membership

BASES = ("source", "observed", "assumed")
_HISTORIES = (employment, membership)


def bases_of(people: People, tenant_id: int, first: int, last: int) -> dict[str, int]:
    """Return how many rows rest on what, of those at work from one month to another."""
    if is_packed(people.conn, tenant_id):
        return _packed(people, tenant_id, first, last)
    people.stage()
    counts, e = dict.fromkeys(BASES, 0), stage.employed.c
    for table in _HISTORIES:
        own = table.c.person_id
        there = sa.exists().where(e.person_id == own, e.from_ix <= last, e.to_ix > first)
        rows = sa.select(table.c.basis, sa.func.count()).where(_holds(table, tenant_id), there)
        for name, n in people.conn.execute(rows.group_by(table.c.basis)):
            counts[name] += n
    return counts


def _packed(people: People, tenant_id: int, first: int, last: int) -> dict[str, int]:
    at_work = people.staff.employed
    known = distinct(at_work.person[(at_work.begins <= last) & (at_work.ends > first)])
    counts = np.zeros(len(BASES))
    for person, basis, rows in packed.pages(people.conn, tenant_id, packed.BASIS):
        own = are_among(person, known)
        counts += np.bincount(basis[own], rows[own], len(BASES))
    return {name: int(n) for name, n in zip(BASES, counts, strict=True)}


def bases_by_person(conn: sa.Connection, tenant_id: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return person, place among `BASES`, and rows, to be packed."""
    found = [np.zeros(0, np.int64)]
    for table in _HISTORIES:
        place = sa.case(*((table.c.basis == name, at) for at, name in enumerate(BASES)))
        rows = sa.select(table.c.person_id, place).where(_holds(table, tenant_id))
        for part in numbers(conn, rows):
            person, basis = part.T.astype(np.int64)
            found.append(person * len(BASES) + basis)
    each, rows_of_each = np.unique(np.concatenate(found), return_counts=True)
    return each // len(BASES), each % len(BASES), rows_of_each


def _holds(table: sa.Table, tenant_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.tenant_id == tenant_id, table.c.superseded_run.is_(None))
