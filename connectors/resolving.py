"""Brings actors of statements and people together, and keeps the queue of those nobody knows.

Called after each import and before each report. It looks at every actor again when people,
identifiers or actors are new, and at none when they are not; a link that still holds is left as it
is. Statements are never rewritten: who an actor is can be learned later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import sqlalchemy as sa

from connectors.identity.matching import (
    Adopted,
    Ask,
    Claim,
    Match,
    adopted,
    asks,
    is_telling,
    match,
)
from connectors.identity.normal import page_normal, sha1_forms
from connectors.reporting import Resolved
from connectors.store.links import LinkStore
from connectors.store.runs import begin_run, keep_state, kept_state
from connectors.store.schema import identifier
from connectors.store.transactions import in_turn
from lrs.store.bulk import among
from lrs.store.database import Database
from lrs.store.schema import term
from lrs.store.waiting import finders
from lrs.xapi.agents import AgentIdentifier, identifier_of
from lrs.xapi.terms import Scope, TermKind

__all__ = ["Resolved", "resolve", "resolve_actors"]

SOURCE, STREAM = "identity", "actors"
_RULES = 1  # to be raised when the rules change, so that every actor is looked at again
_PAGE = 5000


class Actor(NamedTuple):
    """An agent that statements name."""

    id: int
    identifier: AgentIdentifier


def resolve_actors(database: Database, tenant_id: int) -> Resolved:
    """Link every actor that can be linked; return how many learners are known to be somebody."""
    with database.read() as conn:
        known = _as_before(conn, tenant_id)
    if known is not None:
        return known
    with in_turn(database, tenant_id) as conn:
        return resolve(conn, tenant_id)


def resolve(conn: sa.Connection, tenant_id: int, *, anew: bool = False) -> Resolved:
    """Do it in a transaction that is open; ``anew``: although nothing seems to have changed."""
    known = None if anew else _as_before(conn, tenant_id)
    if known is not None:
        return known
    found = _Resolving(conn, tenant_id).done()
    state = {"seen": _seen(conn, tenant_id), "resolved": asdict(found)}
    keep_state(conn, tenant_id, SOURCE, STREAM, state)
    return found


def _as_before(conn: sa.Connection, tenant_id: int) -> Resolved | None:
    state = kept_state(conn, tenant_id, SOURCE, STREAM)
    if state is None or state["seen"] != _seen(conn, tenant_id):
        return None
    return Resolved(**state["resolved"])


def _seen(conn: sa.Connection, tenant_id: int) -> list[int]:
    """Return figures that change with any actor or identifier.

    Actors are counted as well: on PostgreSQL one with a smaller number may come to light later.
    """
    actors = conn.execute(
        sa.select(sa.func.coalesce(sa.func.max(term.c.id), 0), sa.func.count()).where(
            term.c.tenant_id == tenant_id, term.c.kind == int(TermKind.AGENT)
        )
    ).one()
    identifiers = conn.execute(
        sa.select(
            sa.func.coalesce(sa.func.max(identifier.c.id), 0),
            sa.func.coalesce(sa.func.max(identifier.c.superseded_run), 0),
        ).where(identifier.c.tenant_id == tenant_id)
    ).one()
    return [_RULES, *map(int, actors), *map(int, identifiers)]


Known = defaultdict[tuple[str, str], list[tuple[str, Claim]]]
"""Claims by scheme and normal form, each with the system it counts in."""


class _Resolving:
    """One pass over the actors of a tenant."""

    def __init__(self, conn: sa.Connection, tenant_id: int) -> None:
        self._conn = conn
        self._tenant_id = tenant_id
        self._run_id: int | None = None

    def done(self) -> Resolved:
        pages = self._pages()
        hashed = self._hashed()
        links = LinkStore(self._conn, self._tenant_id, self._run)
        counts: Counter[str] = Counter()
        for actors in self._actors():
            matches = self._matches(actors, pages, hashed, links)
            learners = self._learners([actor.id for actor in actors])
            counts.update(links.keep(matches, learners))
        return Resolved(
            actors=counts["linked"] + counts["unresolved"],
            linked=counts["linked"],
            unresolved=counts["unresolved"],
            conflicts=counts["conflict"],
        )

    def _run(self) -> int:
        """Return the run, begun only once there is something to write."""
        if self._run_id is None:
            self._run_id = begin_run(self._conn, self._tenant_id, SOURCE, STREAM)
        return self._run_id

    def _matches(
        self,
        actors: Sequence[Actor],
        pages: Mapping[str, Adopted],
        hashed: Known,
        links: LinkStore,
    ) -> dict[int, Match]:
        wanted = [ask for actor in actors for ask in asks(actor.identifier, pages)]
        known = self._known(wanted)
        known.update(hashed)
        never = links.never([actor.id for actor in actors])

        def lookup(ask: Ask) -> list[Claim]:
            claims = known.get((ask.scheme, ask.normal), [])
            return [claim for system, claim in claims if ask.system in (None, system)]

        found = {
            actor.id: match(actor.identifier, pages, lookup, never[actor.id]) for actor in actors
        }
        self._suggest(actors, found, pages)
        return found

    def _suggest(
        self, actors: Sequence[Actor], found: dict[int, Match], pages: Mapping[str, Adopted]
    ) -> None:
        """An account named like a record, on a page that is not known to name records: a hint."""
        open_accounts = [
            actor
            for actor in actors
            if actor.identifier.scheme == "account"
            and found[actor.id].reason == "unknown"
            and not found[actor.id].links
            and page_normal(actor.identifier.home_page or "") not in pages
        ]
        known = self._known([_by_key("native", actor) for actor in open_accounts])
        for actor in open_accounts:
            people = {claim.person_id for _, claim in known["native", actor.identifier.value]}
            if people:
                found[actor.id] = Match(
                    reason="suggestion",
                    evidence="the account is named like a record, on a page that is not known",
                    candidates=tuple(sorted(people)),
                )

    def _pages(self) -> dict[str, Adopted]:
        """Return the home pages whose account names are keys of records.

        A page of which the records themselves name accounts needs no guess, and gets none.
        """
        names: Counter[str] = Counter()
        found: dict[str, Counter[str]] = {"native": Counter(), "employee_number": Counter()}
        for actors in self._actors("account "):
            telling = [actor for actor in actors if is_telling(actor.identifier.value)]
            names.update(page_normal(actor.identifier.home_page or "") for actor in actors)
            for scheme, pages in found.items():
                known = self._known([_by_key(scheme, actor) for actor in telling])
                for actor in telling:
                    claims = known[scheme, actor.identifier.value]
                    if len({claim.person_id for _, claim in claims}) == 1:
                        pages[page_normal(actor.identifier.home_page or "")] += 1
        said = self._pages_of_records(list(names))
        votes = {
            page: adopted(page, seen, found["native"][page], found["employee_number"][page])
            for page, seen in names.items()
            if page not in said
        }
        return {page: what for page, what in votes.items() if what is not None}

    def _pages_of_records(self, pages: Sequence[str]) -> set[str]:
        at = identifier.c
        rows = self._conn.execute(
            sa.select(at.system)
            .distinct()
            .where(at.tenant_id == self._tenant_id, at.scheme == "account")
            .where(at.superseded_run.is_(None))
            .where(among(self._conn, at.system, pages))
        )
        return set(rows.scalars())

    def _hashed(self) -> Known:
        """Return the claims to the hashes that statements name, found by hashing every known mail."""
        wanted = {
            actor.identifier.value.lower()
            for actors in self._actors("mbox_sha1sum ")
            for actor in actors
        }
        found: Known = defaultdict(list)
        if not wanted:
            return found
        at = identifier.c
        rows = self._conn.execute(
            sa.select(at.normal, at.person_id, at.valid_from, at.valid_to)
            .where(at.tenant_id == self._tenant_id, at.superseded_run.is_(None))
            .where(at.scheme.in_(("mail", "mail_spelling")))
        )
        for mail, person_id, start, end in rows:
            for form in wanted.intersection(sha1_forms(mail)):
                found["sha1", form].append(("", Claim(person_id, start, end)))
        return found

    def _known(self, wanted: Sequence[Ask]) -> Known:
        """Return the claims to what is asked for, in force now."""
        by_scheme: defaultdict[str, set[str]] = defaultdict(set)
        for ask in wanted:
            by_scheme[ask.scheme].add(ask.normal)
        found: Known = defaultdict(list)
        at = identifier.c
        for scheme, normals in by_scheme.items():
            rows = self._conn.execute(
                sa.select(at.normal, at.system, at.person_id, at.valid_from, at.valid_to)
                .where(at.tenant_id == self._tenant_id, at.scheme == scheme)
                .where(at.superseded_run.is_(None))
                .where(among(self._conn, at.normal, sorted(normals)))
            )
            for normal, system, person_id, start, end in rows:
                found[scheme, normal].append((system, Claim(person_id, start, end)))
        return found

    def _actors(self, beginning: str = "") -> Iterator[list[Actor]]:
        """Yield the tenant's agents a page at a time, those whose normal form begins so."""
        last = 0
        while True:
            rows = self._conn.execute(
                sa.select(term.c.id, term.c.value)
                .where(term.c.tenant_id == self._tenant_id, term.c.kind == int(TermKind.AGENT))
                .where(term.c.id > last, term.c.value.startswith(beginning, autoescape=True))
                .order_by(term.c.id)
                .limit(_PAGE)
            ).all()
            if not rows:
                return
            last = rows[-1].id
            yield [Actor(number, identifier_of(value)) for number, value in rows]

    def _learners(self, actors: Sequence[int]) -> set[int]:
        """Return those who did something, and are not only an authority or an instructor."""
        found: set[int] = set()
        for table in finders(self._conn):
            named = sa.select(table.c.term_id).where(table.c.scope == int(Scope.DIRECT))
            rows = self._conn.execute(
                sa.select(term.c.id)
                .where(term.c.tenant_id == self._tenant_id, among(self._conn, term.c.id, actors))
                .where(term.c.id.in_(named.where(among(self._conn, table.c.term_id, actors))))
            )
            found.update(rows.scalars())
        return found


def _by_key(scheme: str, actor: Actor) -> Ask:
    return Ask(0, scheme, None, actor.identifier.value, 0.0, "")
