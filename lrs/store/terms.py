"""The dictionary of what statements name: each agent, verb and activity is a number.

So is a registration, which is no term but has its number from itself (`lrs.store.registrations`).

Peers die of deadlocks when two batches name the same things in different order. Here terms are
made in one fixed order (kind, digest), and on PostgreSQL in a short transaction of their own that
is over before the statements' begins: nobody ever waits for a term while holding another's turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lrs.store.asking import Question, ask
from lrs.store.bulk import insert_missing_on_sqlite, one_of
from lrs.store.database import Database
from lrs.store.memory import Memory
from lrs.store.registrations import number_of
from lrs.store.schema import term
from lrs.xapi.digests import digest16
from lrs.xapi.naming import Name
from lrs.xapi.terms import TermKind

Numbers = dict[Name, int]

_Keyed = dict[tuple[int, bytes], str]

_REGISTRATION = int(TermKind.REGISTRATION)
_LAST = sa.select(sa.func.coalesce(sa.func.max(term.c.id), 0))


UNKNOWN = 0
"""The number of no term."""


def known_numbers(memory: Memory, tenant_id: int, names: Iterable[Name]) -> list[int]:
    """Return the numbers of names that this process has met, and `UNKNOWN` for the others."""
    look = memory.terms.get
    return [
        number_of(tenant_id, value)
        if kind == _REGISTRATION
        else look((tenant_id, kind, value)) or UNKNOWN
        for kind, value in names
    ]


def remember(memory: Memory, tenant_id: int, numbers: Numbers) -> None:
    """Remember numbers; only call it when the transaction that made them is committed."""
    for (kind, value), number in numbers.items():
        memory.terms.put((tenant_id, kind, value), number)


class NewNumbers(NamedTuple):
    """The numbers of names that this process did not know."""

    numbers: Numbers
    witnesses: list[int]
    """When a commit that did not wait for the disk made them: as long as these are there, all are.

    Those made by one transaction, of which one will do; and those that others made, maybe just now.
    """


def number_names(
    conn: sa.Connection,
    tenant_id: int,
    names: Iterable[Name],
    first: Sequence[Question] = (),
    *,
    ends: bool = False,
) -> NewNumbers:
    """Return the number of every name, making those that are new.

    ``first`` is asked together with it on PostgreSQL, before it. ``ends``: nothing follows in the
    transaction, so that PostgreSQL commits at once.
    """
    keyed: _Keyed = {(int(kind), digest16(value)): value for kind, value in names}
    ordered = {key: keyed[key] for key in sorted(keyed)}
    if not ordered:
        return NewNumbers({}, [])
    if conn.dialect.name == "sqlite":
        found, witnesses = _number_on_sqlite(conn, tenant_id, ordered)
    else:
        found, witnesses = _number_on_postgresql(conn, tenant_id, ordered, first, ends=ends)
    numbers = {(kind, ordered[kind, digest]): number for (kind, digest), number in found.items()}
    return NewNumbers(numbers, witnesses)


_ONE = sa.select(term.c.id).where(term.c.id == sa.bindparam("number"))
_SOME = sa.select(term.c.id).where(one_of("postgresql", term.c.id))


def asking_for_terms(numbers: Sequence[int]) -> Question:
    """Return the question which of these terms are there; PostgreSQL keeps a plan for a single one."""
    if len(numbers) == 1:
        return Question(_ONE, {"number": numbers[0]})
    return Question(_SOME, {"wanted": list(numbers)})


def find_numbers(conn: sa.Connection, tenant_id: int, names: Iterable[Name]) -> Numbers:
    """Return the numbers of those names that have one."""
    numbers: Numbers = {}
    keyed: _Keyed = {}
    for kind, value in names:
        if kind == _REGISTRATION:
            numbers[kind, value] = number_of(tenant_id, value)
        else:
            keyed[int(kind), digest16(value)] = value
    found = _read(conn, tenant_id, keyed) if keyed else {}
    numbers |= {(kind, keyed[kind, digest]): number for (kind, digest), number in found.items()}
    return numbers


def find_number(database: Database, conn: sa.Connection, tenant_id: int, name: Name) -> int | None:
    """Return the number of a name, or None when no statement ever named it."""
    kind, value = int(name[0]), name[1]
    if kind == _REGISTRATION:
        return number_of(tenant_id, value)
    remembered = database.memory.terms.get((tenant_id, kind, value))
    if remembered is not None:
        return remembered
    found = conn.execute(
        sa.select(term.c.id).where(
            term.c.tenant_id == tenant_id,
            term.c.kind == kind,
            term.c.digest == digest16(value),
        )
    ).scalar_one_or_none()
    if found is not None:
        database.memory.terms.put((tenant_id, kind, value), found)
    return found


def agent_name(normal: str) -> Name:
    """Return the name of an agent by its normal form."""
    return (TermKind.AGENT, normal)


_Found = tuple[dict[tuple[int, bytes], int], list[int]]
"""Numbers by kind and digest, and the witnesses among them."""


def _number_on_sqlite(conn: sa.Connection, tenant_id: int, ordered: _Keyed) -> _Found:
    """Make first and look second, as below; the one writer may count the numbers beforehand.

    Where some are there already, the numbers that were counted for them are left out.
    """
    (((last,),),) = ask(conn, [Question(_LAST, {})])
    made = {key: last + place for place, key in enumerate(ordered, 1)}
    new = insert_missing_on_sqlite(
        conn,
        term,
        ("id", "tenant_id", "kind", "digest", "value"),
        [(number, tenant_id, *key, ordered[key]) for key, number in made.items()],
    )
    return (made if new == len(made) else _read(conn, tenant_id, ordered)), []


def _number_on_postgresql(
    conn: sa.Connection,
    tenant_id: int,
    ordered: _Keyed,
    first: Sequence[Question],
    *,
    ends: bool,
) -> _Found:
    """Make first and look second: what is not remembered is, most often, new."""
    kinds, digests = zip(*ordered, strict=True)
    given = {
        "tenant_id": tenant_id,
        "kinds": list(kinds),
        "digests": list(digests),
        "texts": list(ordered.values()),
    }
    *_, made = ask(conn, [*first, Question(_making(), given)], ends=ends)
    found = {(kind, bytes(digest)): number for kind, digest, number in made}
    witnesses = [number for _, _, number in made[:1]]
    if len(found) < len(ordered):
        read = _read(conn, tenant_id, {k: v for k, v in ordered.items() if k not in found})
        witnesses += read.values()
        found |= read
    return found, witnesses


def _read(conn: sa.Connection, tenant_id: int, keyed: _Keyed) -> dict[tuple[int, bytes], int]:
    """Two lists, not a list of pairs, for which SQLite would walk through all terms of the tenant."""
    query = _reading(conn.dialect.name, tuple(sorted({kind for kind, _ in keyed})))
    given = {"tenant_id": tenant_id, "wanted": [digest for _, digest in keyed]}
    (rows,) = ask(conn, [Question(query, given)])
    found = {(kind, bytes(digest)): number for kind, digest, number in rows}
    return {key: number for key, number in found.items() if key in keyed}


@cache
def _reading(dialect: str, kinds: tuple[int, ...]) -> sa.Select[Any]:
    return sa.select(term.c.kind, term.c.digest, term.c.id).where(
        term.c.tenant_id == sa.bindparam("tenant_id"),
        term.c.kind.in_([sa.literal_column(str(kind)) for kind in kinds]),
        one_of(dialect, term.c.digest),
    )


@cache
def _making() -> sa.ClauseElement:
    """Return what makes the terms that are new, in the order of their keys."""
    given = (
        sa.func.unnest(
            sa.bindparam("kinds", type_=postgresql.ARRAY(sa.SmallInteger)),
            sa.bindparam("digests", type_=postgresql.ARRAY(postgresql.BYTEA)),
            sa.bindparam("texts", type_=postgresql.ARRAY(sa.Text)),
        )
        .table_valued(
            sa.column("kind", sa.SmallInteger),
            sa.column("digest", postgresql.BYTEA),
            sa.column("value", sa.Text),
            name="given",
        )
        .render_derived()
    )
    tenant = sa.bindparam("tenant_id", type_=sa.Integer)
    offered = sa.select(tenant, given.c.kind, given.c.digest, given.c.value).order_by(
        given.c.kind, given.c.digest
    )
    return (
        postgresql.insert(term)
        .from_select(["tenant_id", "kind", "digest", "value"], offered)
        .on_conflict_do_nothing()
        .returning(term.c.kind, term.c.digest, term.c.id)
    )
