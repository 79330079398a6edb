"""Links between actors and people, an administrator's word on them, and the queue of the unknown."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.identity.matching import Link, Match
from connectors.model.days import BEGINNING
from connectors.model.history import overlap
from connectors.store.schema import actor_link, never_link, unresolved_actor
from lrs.store.bulk import among, insert_rows

BY_WORD = 1
"""Rule 1: an administrator said so."""


class _Kept(NamedTuple):
    """A link in force."""

    id: int
    link: Link
    decided_by: str | None


class LinkStore:
    """The links of a tenant; written under a run that is begun when first needed."""

    def __init__(self, conn: sa.Connection, tenant_id: int, run: Callable[[], int]) -> None:
        self._conn = conn
        self._tenant_id = tenant_id
        self._run = run

    def never(self, actors: Sequence[int]) -> defaultdict[int, set[int]]:
        """Return for each actor the persons it is not, by an administrator's word."""
        found: defaultdict[int, set[int]] = defaultdict(set)
        rows = self._conn.execute(
            sa.select(never_link.c.actor_id, never_link.c.person_id)
            .where(never_link.c.tenant_id == self._tenant_id)
            .where(among(self._conn, never_link.c.actor_id, actors))
        )
        for actor_id, person_id in rows:
            found[actor_id].add(person_id)
        return found

    def keep(self, matches: Mapping[int, Match], learners: Collection[int]) -> Counter[str]:
        """Bring the links and the queue to what was matched; count the learners by how they stand.

        An administrator's word on an actor stands above every rule.
        """
        kept = self._kept(list(matches))
        counts: Counter[str] = Counter()
        added: list[tuple[int, Link]] = []
        gone: list[int] = []
        waiting: dict[int, Match] = {}
        for actor_id, found in matches.items():
            decided = any(one.decided_by is not None for one in kept[actor_id])
            if not decided:
                before = {_holds(one.link): one.id for one in kept[actor_id]}
                after = {_holds(link): link for link in found.links}
                added.extend((actor_id, after[it]) for it in after.keys() - before.keys())
                gone.extend(before[it] for it in before.keys() - after.keys())
            if actor_id not in learners:
                continue
            counts["linked" if decided or found.links else "unresolved"] += 1
            if not decided and not found.links:
                counts[found.reason] += 1
                waiting[actor_id] = found
        self._supersede(gone)
        self._add(added)
        self._queue(list(matches), waiting)
        return counts

    def decide(
        self, actor_id: int, person_id: int, by: str, start: int | None, end: int | None
    ) -> None:
        """Take an administrator's word for who an actor is, in place of what the rules found."""
        kept = self._kept([actor_id])[actor_id]
        first = BEGINNING if start is None else start
        link = Link(person_id, BY_WORD, 1.0, "an administrator said so", first, end)
        if any(one.decided_by is not None and one.link == link for one in kept):
            return
        # Two words on one actor stand beside each other when each is for its own time.
        self._supersede(
            [one.id for one in kept if one.decided_by is None or _meets(one.link, link)]
        )
        self._add([(actor_id, link)], by)
        self._conn.execute(
            sa.delete(never_link).where(
                never_link.c.tenant_id == self._tenant_id,
                never_link.c.actor_id == actor_id,
                never_link.c.person_id == person_id,
            )
        )

    def take_back(self, actor_id: int, person_id: int | None = None) -> int:
        """Take back the administrator's word on an actor; return how many links that were."""
        gone = [
            one.id
            for one in self._kept([actor_id])[actor_id]
            if one.decided_by is not None and person_id in (None, one.link.person_id)
        ]
        self._supersede(gone)
        return len(gone)

    def forbid(self, actor_id: int, person_id: int, by: str) -> None:
        """Take an administrator's word for who an actor is not."""
        self.take_back(actor_id, person_id)
        if person_id in self.never([actor_id])[actor_id]:
            return
        self._conn.execute(
            sa.insert(never_link).values(
                tenant_id=self._tenant_id,
                actor_id=actor_id,
                person_id=person_id,
                decided_by=by,
                decided_at=time.time_ns() // 1000,
            )
        )

    def _kept(self, actors: Sequence[int]) -> defaultdict[int, list[_Kept]]:
        at = actor_link.c
        rows = self._conn.execute(
            sa.select(
                *(at.actor_id, at.id, at.decided_by, at.person_id, at.rule, at.confidence),
                *(at.evidence, at.valid_from, at.valid_to),
            )
            .where(at.tenant_id == self._tenant_id, at.superseded_run.is_(None))
            .where(among(self._conn, at.actor_id, actors))
        )
        found: defaultdict[int, list[_Kept]] = defaultdict(list)
        for actor_id, number, decided_by, *link in rows:
            found[actor_id].append(_Kept(number, Link(*link), decided_by))
        return found

    def _add(self, added: Iterable[tuple[int, Link]], by: str | None = None) -> None:
        rows = [
            (
                *(self._tenant_id, actor_id, link.person_id, link.rule, link.confidence),
                *(link.evidence, link.start, link.end, by, self._run()),
            )
            for actor_id, link in added
        ]
        columns = (
            *("tenant_id", "actor_id", "person_id", "rule", "confidence"),
            *("evidence", "valid_from", "valid_to", "decided_by", "run_id"),
        )
        insert_rows(self._conn, actor_link, columns, rows)

    def _supersede(self, numbers: Sequence[int]) -> None:
        if numbers:
            self._conn.execute(
                sa.update(actor_link)
                .where(actor_link.c.tenant_id == self._tenant_id)
                .where(among(self._conn, actor_link.c.id, numbers))
                .values(superseded_run=self._run())
            )

    def _queue(self, actors: Sequence[int], waiting: Mapping[int, Match]) -> None:
        at = unresolved_actor.c
        rows = self._conn.execute(
            sa.select(at.actor_id, at.reason, at.evidence, at.candidates)
            .where(at.tenant_id == self._tenant_id)
            .where(among(self._conn, at.actor_id, actors))
        )
        before = {row[0]: tuple(row[1:]) for row in rows}
        after = {actor_id: _in_queue(found) for actor_id, found in waiting.items()}
        stale = [actor_id for actor_id, row in before.items() if after.get(actor_id) != row]
        if stale:
            self._conn.execute(
                sa.delete(unresolved_actor)
                .where(at.tenant_id == self._tenant_id)
                .where(among(self._conn, at.actor_id, stale))
            )
        fresh = [
            (self._tenant_id, actor_id, *row, self._run())
            for actor_id, row in after.items()
            if before.get(actor_id) != row
        ]
        columns = ("tenant_id", "actor_id", "reason", "evidence", "candidates", "run_id")
        insert_rows(self._conn, unresolved_actor, columns, fresh)


def _holds(link: Link) -> tuple[int, int, int, int | None]:
    """Return what makes two links the same; the evidence may have grown since."""
    return link.person_id, link.rule, link.start, link.end


def _meets(link: Link, other: Link) -> bool:
    return overlap(link.start, link.end, other.start, other.end)


def _in_queue(found: Match) -> tuple[Any, ...]:
    return found.reason, found.evidence, json.dumps(list(found.candidates))
