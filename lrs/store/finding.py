"""Which statements a query finds, newest or oldest first, at the same cost however many there are.

Every filter is a walk along ``ref`` in the order of the answer that stops when the page is full
(its rows may stand for many statements, but never for some between those of another's: `lrs.store.runs`).
What two walks find (a term named directly, or named as related) is merged here, not by a UNION
whose order the database may choose. Of several filters the rarest leads, and the others are asked
of each statement it finds. The newest statements may still wait to be found so (`lrs.store.waiting`):
they are few, and are looked through once a query. https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#213-get-statements
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa

from lrs.store.database import Database
from lrs.store.runs import Way, each_named, is_named, walk
from lrs.store.schema import statement
from lrs.store.terms import find_number
from lrs.store.waiting import waiting_for
from lrs.xapi.naming import Name
from lrs.xapi.queries import StatementQuery
from lrs.xapi.terms import Scope, TermKind

_DIRECT = (int(Scope.DIRECT),)
_BROADLY = (int(Scope.DIRECT), int(Scope.RELATED))
# Enough to tell a rare term from a common one.
_COUNT_UP_TO = 1_000


class Span(NamedTuple):
    """The numbers to look at: above the first, up to the second."""

    above: int
    up_to: int


class Walk(NamedTuple):
    """Some numbers in the order of the answer, and the span that was not walked yet."""

    found: list[int]
    rest: Span | None


class _Filter(NamedTuple):
    """A term that statements must name, and where."""

    number: int
    scopes: tuple[int, ...]
    is_verb: bool


class Filters:
    """The filters of a query, the one that leads first. Nothing can be found if a term is unknown."""

    def __init__(
        self, database: Database, conn: sa.Connection, tenant_id: int, query: StatementQuery
    ) -> None:
        self._conn = conn
        self._tenant_id = tenant_id
        self._ascending = query.ascending
        self.registration = query.registration
        """Who reads what is found asks each whether it is of it (`lrs.store.registrations`)."""
        self._named = each_named(conn.dialect.name)
        self._filters: list[_Filter] = []
        self._waiting: list[int] = []
        self.find_nothing = False
        for name, scopes in _terms(query):
            number = find_number(database, conn, tenant_id, name)
            if number is None:
                self.find_nothing = True
                return
            self._filters.append(_Filter(number, scopes, name[0] == TermKind.VERB))
        self._waiting = self._found_waiting()
        if len(self._filters) > 1:
            self._filters.sort(key=self._how_many)

    def walk(self, span: Span, limit: int) -> Walk:
        """Return up to that many numbers from the beginning of the span."""
        if self.find_nothing or span.above >= span.up_to:
            return Walk([], None)
        if not self._filters:
            return self._merge(span, limit, [self._all(span, limit)])
        lead, *others = self._filters
        found = [self._led(lead, scope, others, span, limit) for scope in lead.scopes]
        found.append(self._within(self._waiting, span)[:limit])
        return self._merge(span, limit, found)

    def _how_many(self, one: _Filter) -> int:
        named = self._named.c
        some = (
            sa.select(sa.literal(1))
            .where(named.term_id == one.number, named.scope.in_(one.scopes))
            .limit(_COUNT_UP_TO)
        )
        return int(
            self._conn.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()
        )

    def _found_waiting(self) -> list[int]:
        """Return, in the order of the answer, those of the newest statements that meet all filters.

        None of them points to another one, so all that each is found by waits with it.
        """
        rows = waiting_for(self._conn, {one.number for one in self._filters})
        met = [
            {seq for term, scope, seq in rows if term == one.number and scope in one.scopes}
            for one in self._filters
        ]
        return sorted(set.intersection(*met) if met else (), reverse=not self._ascending)

    @staticmethod
    def _within(numbers: Iterable[int], span: Span) -> list[int]:
        return [number for number in numbers if span.above < number <= span.up_to]

    def _all(self, span: Span, limit: int) -> list[int]:
        query = sa.select(statement.c.seq).where(
            statement.c.tenant_id == self._tenant_id, statement.c.voided_by.is_(None)
        )
        seq = statement.c.seq
        query = query.where(seq > span.above, seq <= span.up_to)
        query = query.order_by(seq if self._ascending else seq.desc()).limit(limit)
        return list(self._conn.execute(query).scalars())

    def _led(
        self, lead: _Filter, scope: int, others: Iterable[_Filter], span: Span, limit: int
    ) -> list[int]:
        verb = next((other.number for other in others if other.is_verb), None)
        rest = [other for other in others if not other.is_verb]
        way = Way(lead.number, scope, verb, span.above, span.up_to, self._ascending)
        return walk(
            self._conn, way, lambda seq: [self._names_too(seq, other) for other in rest], limit
        )

    def _names_too(self, seq: sa.ColumnElement[int], other: _Filter) -> sa.ColumnElement[bool]:
        dialect = self._conn.dialect.name
        return sa.or_(*(is_named(dialect, other.number, scope, seq) for scope in other.scopes))

    def _merge(self, span: Span, limit: int, walks: Sequence[list[int]]) -> Walk:
        """Merge walks as far as all of them went; each stopped at the limit or at the end."""
        merged = heapq.merge(*walks, reverse=not self._ascending)
        found = [number for number, _ in groupby(merged)]
        stops = [walk[-1] for walk in walks if len(walk) >= limit]
        if not stops:
            return Walk(
                found[:limit], self._past(span, found[limit - 1]) if len(found) > limit else None
            )
        stop = min(stops) if self._ascending else max(stops)
        reached = [n for n in found if (n <= stop if self._ascending else n >= stop)][:limit]
        return Walk(reached, self._past(span, reached[-1]))

    def _past(self, span: Span, number: int) -> Span:
        if self._ascending:
            return Span(number, span.up_to)
        return Span(span.above, number - 1)


def span_of(conn: sa.Connection, tenant_id: int, query: StatementQuery) -> Span:
    """Return the numbers that `since` (exclusive) and `until` (inclusive) leave to look at.

    Along the numbers `stored` rises, so two probes turn instants into numbers.
    """
    above = 0 if query.since is None else _newest_up_to(conn, tenant_id, query.since)
    return Span(above, _newest_up_to(conn, tenant_id, query.until))


def _newest_up_to(conn: sa.Connection, tenant_id: int, instant: int | None) -> int:
    query = sa.select(statement.c.seq).where(statement.c.tenant_id == tenant_id)
    if instant is None:
        query = query.order_by(statement.c.seq.desc())
    else:
        query = query.where(statement.c.stored_at <= instant).order_by(statement.c.stored_at.desc())
    return conn.execute(query.limit(1)).scalar_one_or_none() or 0


def _terms(query: StatementQuery) -> Iterable[tuple[Name, tuple[int, ...]]]:
    """Return what statements must name, and in which scopes."""
    if query.registration is not None:
        yield (TermKind.REGISTRATION, query.registration), _DIRECT
    if query.agent is not None:
        yield (TermKind.AGENT, query.agent), _BROADLY if query.related_agents else _DIRECT
    if query.activity is not None:
        broadly = query.related_activities
        yield (TermKind.ACTIVITY, query.activity), _BROADLY if broadly else _DIRECT
    if query.verb is not None:
        yield (TermKind.VERB, query.verb), _DIRECT
