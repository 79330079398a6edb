"""Statements about statements: what a StatementRef voids, and what else it is found by.

A statement whose object is a reference to another one is found by whatever finds that other one,
and so on along the chain; references may point to what is not stored yet
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#213-get-statements, "Filter
Conditions for StatementRefs"). Such statements are rare and queries are not: so the finding is
prepared here, when either end is stored, and a query need not know of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from lrs.store.asking import Question
from lrs.store.authorities import as_authority
from lrs.store.bodies import OF_ITS_STATEMENT
from lrs.store.bulk import Row, among, insert_rows, one_of, upsert
from lrs.store.runs import part_around
from lrs.store.schema import authority, ref, statement, statement_body, statement_ref
from lrs.store.terms import find_numbers
from lrs.store.waiting import put_in_order
from lrs.xapi.naming import Name
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import Scope, SpecVersion, TermKind
from lrs.xapi.verbs import VOIDED

#: Nobody needs longer chains, and one who makes them should not make the store slow.
_LONGEST_CHAIN = 20
_MOST_POINTING = 1_000

Id16 = bytes


class _Node(NamedTuple):
    """A stored statement, as far as chains ask for it."""

    seq: int
    verb: int
    target: Id16 | None
    names: frozenset[tuple[Name, int]]


def asking_who_points(dialect: str, tenant_id: int, ids: Sequence[Id16]) -> Question:
    """Return the question which of these ids are pointed to already."""
    return Question(_pointing_to(dialect), {"tenant_id": tenant_id, "wanted": ids})


def is_to_settle(fresh: Iterable[Statement], pointed_to: Collection[Row]) -> bool:
    """Return whether any new statement points to another one, or is pointed to."""
    return bool(pointed_to) or any(one.targets is not None for one in fresh)


def settle(
    conn: sa.Connection,
    tenant_id: int,
    first_seq: int,
    fresh: Sequence[Statement],
    pointed_to: Iterable[Row],
) -> None:
    """Note what each new statement points to; void and find accordingly, in either direction.

    ``pointed_to`` is the answer to `asking_who_points`.
    """
    pointing = [
        (tenant_id, one.targets.bytes, first_seq + place)
        for place, one in enumerate(fresh)
        if one.targets is not None
    ]
    insert_rows(conn, statement_ref, ("tenant_id", "target_id", "seq"), pointing)
    # What is pointed to by another of the same batches is noted only just now.
    waited_for = {bytes(target) for (target,) in pointed_to} | {row[1] for row in pointing}
    waited_for &= {one.id.bytes for one in fresh}
    if not (pointing or waited_for):
        return
    _void(conn, tenant_id, waited_for | {one.voids.bytes for one in fresh if one.voids})
    new = {one.id.bytes for one in fresh if one.targets is not None}
    _Chains(conn, tenant_id).find_again(new | _all_pointing_to(conn, tenant_id, waited_for))


@cache
def _pointing_to(dialect: str) -> sa.Select[Any]:
    return (
        sa.select(statement_ref.c.target_id)
        .where(
            statement_ref.c.tenant_id == sa.bindparam("tenant_id"),
            one_of(dialect, statement_ref.c.target_id),
        )
        .distinct()
    )


def _void(conn: sa.Connection, tenant_id: int, targets: set[Id16]) -> None:
    """Data 2.3.2: void what a voiding statement points to, unless that is one itself."""
    voided = find_numbers(conn, tenant_id, [(TermKind.VERB, VOIDED)]).get((TermKind.VERB, VOIDED))
    if voided is None or not targets:
        return
    voiding = statement.alias("voiding")
    by = (
        sa.select(sa.func.min(statement_ref.c.seq))
        .join(
            voiding,
            (voiding.c.tenant_id == statement_ref.c.tenant_id)
            & (voiding.c.seq == statement_ref.c.seq),
        )
        .where(
            statement_ref.c.tenant_id == tenant_id,
            statement_ref.c.target_id == statement.c.statement_id,
            voiding.c.verb_id == voided,
        )
        .correlate(statement)
        .scalar_subquery()
    )
    conn.execute(
        sa.update(statement)
        .where(
            statement.c.tenant_id == tenant_id,
            among(conn, statement.c.statement_id, targets),
            statement.c.verb_id != voided,
            statement.c.voided_by.is_(None),
        )
        .values(voided_by=by)
    )


def _all_pointing_to(conn: sa.Connection, tenant_id: int, targets: set[Id16]) -> set[Id16]:
    """Return the statements that point to any of these, at any remove."""
    found: set[Id16] = set()
    ahead = targets
    while ahead and len(found) < _MOST_POINTING:
        rows = conn.execute(
            sa.select(statement.c.statement_id)
            .join(
                statement_ref,
                (statement_ref.c.tenant_id == statement.c.tenant_id)
                & (statement_ref.c.seq == statement.c.seq),
            )
            .where(
                statement_ref.c.tenant_id == tenant_id,
                among(conn, statement_ref.c.target_id, ahead),
            )
        )
        ahead = {bytes(id16) for id16 in rows.scalars()} - found
        found |= ahead
    return found


class _Chains:
    """The chains that start at some statements, read one link at a time for all of them."""

    def __init__(self, conn: sa.Connection, tenant_id: int) -> None:
        self._conn = conn
        self._tenant_id = tenant_id
        self._nodes: dict[Id16, _Node] = {}

    def find_again(self, starts: set[Id16]) -> None:
        """Let each of the statements be found by all that its chain is found by.

        Each filter may be met by another link (the specification speaks of "the filter condition"),
        so every name goes with every verb of the chain.
        """
        self._read_chains(starts)
        found = [rows for start in sorted(starts) if (rows := self._rows(start))]
        if not found:
            return
        put_in_order(self._conn)  # so that what they are found by already is met there
        for rows in found:
            terms = {row["term_id"] for row in rows}
            part_around(self._conn, terms, map(int, Scope), rows[0]["seq"])
        self._conn.execute(
            upsert(self._conn, ref).on_conflict_do_nothing(), list(chain.from_iterable(found))
        )

    def _read_chains(self, starts: set[Id16]) -> None:
        ahead = starts
        for _ in range(_LONGEST_CHAIN):
            self._nodes |= _read_nodes(self._conn, self._tenant_id, ahead)
            targets = {node.target for node in self._nodes.values() if node.target is not None}
            ahead = targets - self._nodes.keys()
            if not ahead:
                return

    def _chain(self, start: Id16) -> list[_Node]:
        links: dict[Id16, _Node] = {}
        link: Id16 | None = start
        while link is not None and link not in links and link in self._nodes:
            links[link] = self._nodes[link]
            link = links[link].target
        return list(links.values())[:_LONGEST_CHAIN]

    def _rows(self, start: Id16) -> list[dict[str, int]]:
        links = self._chain(start)
        if len(links) < 2:
            return []
        named = {pair for node in links for pair in node.names}
        numbers = find_numbers(self._conn, self._tenant_id, {name for name, _ in named})
        return [
            {
                "term_id": numbers[name],
                "scope": scope,
                "seq": links[0].seq,
                "verb_id": verb,
                "tenant_id": self._tenant_id,
                "roles": 0,
            }
            for name, scope in sorted(named)
            for verb in sorted({node.verb for node in links})
        ]


def _read_nodes(conn: sa.Connection, tenant_id: int, ids: Iterable[Id16]) -> dict[Id16, _Node]:
    wanted = list(ids)
    if not wanted:
        return {}
    rows = conn.execute(
        sa.select(
            statement.c.statement_id,
            statement.c.seq,
            statement.c.verb_id,
            statement.c.version,
            statement_body.c.body,
            authority.c.body.label("authority"),
        )
        .join(statement_body, OF_ITS_STATEMENT)
        .join(authority, authority.c.id == statement.c.authority_id)
        .where(statement.c.tenant_id == tenant_id, among(conn, statement.c.statement_id, wanted))
    )
    found = {}
    for row in rows:
        stored = check(parse_statement(row.body), SpecVersion(row.version))
        vouching = as_authority(orjson.loads(row.authority)).names
        names = {((int(one.kind), one.value), int(one.scope)) for one in stored.refs}
        names |= {(name, int(Scope.RELATED)) for name in vouching}
        target = stored.targets.bytes if stored.targets is not None else None
        found[bytes(row.statement_id)] = _Node(row.seq, row.verb_id, target, frozenset(names))
    return found
