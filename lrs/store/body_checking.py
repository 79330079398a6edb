"""Reads every statement again from its body, and holds its rows to what the body says.

What a statement is found by is worked out when it is stored and never again; if a row was changed
or lost since, queries and facts are wrong and nothing shows it. So everything is worked out once
more and compared. Statements are read some hundreds at a time, in the order of their numbers. What
finds them lies in another order: all of it is summed up and held to the sum of what should be there,
and only where the two differ is it looked for piece by piece.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import orjson
import sqlalchemy as sa

from lrs.errors import VerkanError
from lrs.recent import Recent
from lrs.store.authorities import authority_written
from lrs.store.bodies import body_of, some_statements
from lrs.store.bulk import among
from lrs.store.rows import DAY
from lrs.store.runs import SPAN
from lrs.store.schema import (
    attachment,
    authority,
    document,
    statement,
    statement_body,
    statement_ref,
    term,
)
from lrs.store.table_rows import table_rows
from lrs.store.terms import Numbers, find_numbers
from lrs.store.waiting import finders
from lrs.xapi.digests import digest16
from lrs.xapi.documents import etag_of
from lrs.xapi.glancing import glanced
from lrs.xapi.naming import Name
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import Role, Scope, SpecVersion, TermKind

_PAGE = 500
_AT_ONCE = 10_000

RefKey = tuple[int, int, int, int]


class Tally:
    """How often something was found wrong, and where first."""

    def __init__(self) -> None:
        self._number: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, told: str, place: str, number: int = 1) -> None:
        """Note a fault."""
        self._number[told] += number
        self._first.setdefault(told, place)

    def faults(self) -> Iterator[str]:
        """Yield each kind of fault once."""
        for told, number in self._number.items():
            yield f"{told}: {number} (first: {self._first[told]})"


def check_bodies(
    conn: sa.Connection, number: int, progress: Callable[[int, int], None] | None
) -> list[str]:
    """Return what does not agree with the bodies, attachments and texts it was made from."""
    tally = Tally()
    _check_hashes(conn, tally)
    done = 0
    for tenant_id in conn.execute(sa.select(statement.c.tenant_id).distinct()).scalars().all():
        tenant = _Tenant(conn, tenant_id, tally)
        for page in tenant.pages():
            tenant.check(page)
            done += len(page)
            if progress is not None:
                progress(done, number)
        tenant.check_refs()
        tenant.check_counts()
    return list(tally.faults())


class _Sum:
    """The sum of some rows, whatever their order."""

    def __init__(self) -> None:
        self.number = 0
        self._sum = 0

    def add(self, rows: Iterable[tuple[int, ...]]) -> None:
        """Add rows of whole numbers."""
        hashes = list(map(hash, rows))
        self.number += len(hashes)
        self._sum += sum(hashes)

    def is_that_of(self, other: _Sum) -> bool:
        """Return whether these are the same rows, as far as sums can tell."""
        return (self.number, self._sum) == (other.number, other._sum)


class _Tenant:
    """The statements of one tenant."""

    def __init__(self, conn: sa.Connection, tenant_id: int, tally: Tally) -> None:
        self._conn = conn
        self._tenant_id = tenant_id
        self._tally = tally
        self._refs = _Sum()
        self._pointing = 0
        self._numbers: Recent[Name, int] = Recent(100_000)

    def pages(self) -> Iterator[Sequence[sa.Row[Any]]]:
        """Yield the rows with their bodies, in the order of their numbers."""
        above = 0
        while rows := self._conn.execute(_page(self._tenant_id, above)).all():
            yield rows
            above = rows[-1].seq

    def check(self, rows: Sequence[sa.Row[Any]]) -> None:
        """Hold some rows to their bodies, and add up what should find them."""
        for row, found, numbers in self._read_all(rows):
            for name in _disagreeing(row, found, numbers):
                self._tally.add(f"statements whose {name} is not that of the body", _place(row))
            self._pointing += found.targets is not None
            self._refs.add((*key, roles) for key, roles in _refs(row, found, numbers).items())

    def check_refs(self) -> None:
        """Hold all that finds the statements to what should; name what is missing."""
        there = _Sum()
        for table in finders(self._conn):
            own = (table.c.tenant_id == self._tenant_id) & (table.c.roles != 0)
            query = sa.select(*_finding(table)).where(own)
            rows = self._conn.execute(query.execution_options(yield_per=_AT_ONCE))
            for part in rows.partitions():
                there.add(map(tuple, part))
        if there.is_that_of(self._refs):
            return
        for page in self.pages():
            wanted: dict[RefKey, int] = {}
            for row, found, numbers in self._read_all(page, again=True):
                wanted |= _refs(row, found, numbers)
            self._name_missing(wanted, page)

    def check_counts(self) -> None:
        """Look for more than the bodies ask for: all they ask for was found, or told."""
        named = finders(self._conn)[0].c
        own = named.tenant_id == self._tenant_id
        pointing = statement_ref.c.tenant_id == self._tenant_id
        pointers = sa.select(statement_ref.c.seq).where(pointing)
        lent = own & (named.roles == 0) & named.seq.not_in(pointers)
        asked_for = [
            (table.c.tenant_id == self._tenant_id) & (table.c.roles != 0)
            for table in finders(self._conn)
        ]
        self._hold("rows of ref that no body asks for", *asked_for, most=self._refs.number)
        self._hold("rows of ref lent to statements that point to none", lent, most=0)
        most = self._pointing
        told = "rows of statement_ref, more or fewer than the bodies"
        self._hold(told, pointing, most=most, least=most)

    def _hold(
        self, told: str, *rows: sa.ColumnElement[bool], most: int, least: int | None = None
    ) -> None:
        counts = (sa.select(sa.func.count()).where(each) for each in rows)
        number = sum(int(self._conn.execute(each).scalar_one()) for each in counts)
        off = max(number - most, (least or 0) - number, 0)
        if off:
            self._tally.add(told, f"tenant {self._tenant_id}", off)

    def _read_all(
        self, rows: Sequence[sa.Row[Any]], *, again: bool = False
    ) -> Iterator[tuple[sa.Row[Any], Statement, Numbers]]:
        """Yield rows with the statements they are, and the numbers of what those name."""
        read = [(row, found) for row in rows if (found := self._read(row, again)) is not None]
        names = {name for row, found in read for name in _names(row, found)}
        numbers = {name: number for name in names if (number := self._numbers.get(name))}
        asked = find_numbers(self._conn, self._tenant_id, names - numbers.keys())
        for name, number in asked.items():
            self._numbers.put(name, number)
        numbers |= asked
        return ((row, found, numbers) for row, found in read)

    def _read(self, row: sa.Row[Any], again: bool) -> Statement | None:
        body, version = bytes(row.body), SpecVersion(row.version)
        try:
            return glanced(body, version) or check(parse_statement(body), version)
        except (VerkanError, ValueError) as exc:
            if not again:
                self._tally.add("bodies that are no statement", f"{_place(row)}: {exc}")
            return None

    def _name_missing(self, wanted: dict[RefKey, int], rows: Sequence[sa.Row[Any]]) -> None:
        terms = sorted({key[0] for key in wanted})
        there: dict[RefKey, int] = {}
        parts = (terms[begin : begin + _PAGE] for begin in range(0, len(terms), _PAGE))
        for table, part in product(finders(self._conn), parts):
            query = sa.select(*_finding(table)).where(
                among(self._conn, table.c.term_id, part),
                table.c.scope.in_([int(scope) for scope in Scope]),
                table.c.seq.between(rows[0].seq, rows[-1].seq),
            )
            query = query.where(table.c.first.between(rows[0].seq - SPAN, rows[-1].seq))
            for row in self._conn.execute(query):
                there[row.term_id, row.scope, row.seq, row.verb_id] = row.roles
        for key, roles in wanted.items():
            if there.get(key) != roles:
                place = f"tenant {self._tenant_id}, number {key[2]}"
                self._tally.add("rows of ref that are missing or say another role", place)


def _finding(table: sa.FromClause) -> Iterable[sa.ColumnElement[int]]:
    """Return the columns of what finds statements, in the order of `RefKey` and the roles."""
    return (table.c[name] for name in ("term_id", "scope", "seq", "verb_id", "roles"))


def _page(tenant_id: int, above: int) -> sa.Select[Any]:
    chosen = some_statements(tenant_id, statement.c.seq > above, limit=_PAGE)
    return (
        sa.select(*chosen.c, statement_body.c.body, authority.c.body.label("authority"))
        .join(statement_body, body_of(chosen))
        .join(authority, authority.c.id == chosen.c.authority_id)
        .order_by(chosen.c.seq)
    )


def _names(row: sa.Row[Any], found: Statement) -> Iterable[Name]:
    yield from ((int(one.kind), one.value) for one in found.refs)
    yield from authority_written(row.authority.encode()).names


def _refs(row: sa.Row[Any], found: Statement, numbers: Numbers) -> dict[RefKey, int]:
    """Return what the statement is found by itself, as it was worked out when it was stored."""
    wanted: dict[int, tuple[int, int]] = {}
    for one in found.refs:
        number = numbers.get((int(one.kind), one.value), 0)
        wanted[number] = (int(one.scope), int(one.roles))
    for name in authority_written(row.authority.encode()).names:
        number = numbers.get(name, 0)
        scope, roles = wanted.get(number, (int(Scope.RELATED), 0))
        wanted[number] = (scope, roles | int(Role.AUTHORITY))
    return {
        (number, scope, row.seq, row.verb_id): roles for number, (scope, roles) in wanted.items()
    }


def _disagreeing(row: sa.Row[Any], found: Statement, numbers: Numbers) -> Iterator[str]:
    """Yield the columns that are not what the body says."""
    at = row.stored_at if found.timestamp_at is None else found.timestamp_at
    said = {
        "timestamp_at": at,
        "day_no": at // DAY,
        "actor_id": _number(numbers, TermKind.AGENT, found.actor),
        "verb_id": _number(numbers, TermKind.VERB, found.verb),
        "activity_id": _number(numbers, TermKind.ACTIVITY, found.activity),
        "completion": found.result.completion,
        "success": found.result.success,
        "score_scaled": found.result.score_scaled,
        "duration_s": found.result.duration_s,
    }
    if found.id_given and found.id != uuid.UUID(bytes=bytes(row.statement_id)):
        yield "statement_id"
    yield from (name for name, value in said.items() if row._mapping[name] != value)


def _number(numbers: Numbers, kind: TermKind, value: str | None) -> int | None:
    return None if value is None else numbers.get((kind, value), 0)


def _place(row: sa.Row[Any]) -> str:
    return f"tenant {row.tenant_id}, number {row.seq}"


def _check_hashes(conn: sa.Connection, tally: Tally) -> None:
    """Hold every kept digest to what it is one of."""
    for table, told, column, made in _HASHED:
        for rows in table_rows(conn, table):
            for row in rows:
                if made(row) != row._mapping[column]:
                    tally.add(f"{told} whose {column} is another", f"tenant {row.tenant_id}")


_HASHED: tuple[tuple[sa.Table, str, str, Callable[[sa.Row[Any]], object]], ...] = (
    (term, "terms", "digest", lambda row: digest16(row.value)),
    (
        authority,
        "authorities",
        "digest",
        lambda row: digest16(orjson.dumps(orjson.loads(row.body), option=orjson.OPT_SORT_KEYS)),
    ),
    (attachment, "attachments", "sha2", lambda row: hashlib.sha256(row.content).hexdigest()),
    (document, "documents", "digest", lambda row: digest16(row.name)),
    (document, "documents", "etag", lambda row: etag_of(row.content)),
)
