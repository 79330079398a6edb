"""Gives everything a batch names its number before the batch is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING

import sqlalchemy as sa

from lrs.errors import StoreUnavailable
from lrs.store.asking import Question
from lrs.store.authorities import Authority, number_authority
from lrs.store.bulk import Row
from lrs.store.database import Database
from lrs.store.terms import Numbers, asking_for_terms, known_numbers, number_names, remember
from lrs.xapi.naming import Name

if TYPE_CHECKING:
    from lrs.store.rows import Incoming

_WITHOUT_WAITING = sa.select(sa.func.set_config("synchronous_commit", "off", sa.true()))


class Numbering:
    """The numbers of the terms and authorities of one batch: remembered, or made."""

    def __init__(self, database: Database, tenant_id: int, incoming: Sequence[Incoming]) -> None:
        self._database = database
        self._tenant_id = tenant_id
        names, authorities = _named(incoming)
        memory = database.memory
        self.terms: Numbers = known_numbers(memory, tenant_id, names)
        self.missing: set[Name] = names - self.terms.keys()
        self._authorities: dict[bytes, int] = {}
        self.missing_authorities: list[Authority] = []
        for digest in sorted(authorities):
            number = memory.authorities.get((tenant_id, digest))
            if number is None:
                self.missing_authorities.append(authorities[digest])
            else:
                self._authorities[digest] = number
        self._new_terms: Numbers = {}
        self.witnesses: list[int] = []

    @property
    def is_whole(self) -> bool:
        """Return whether every number is known."""
        return not (self.missing or self.missing_authorities)

    def authority(self, wanted: Authority) -> int:
        """Return the number of an authority of the batch."""
        return self._authorities[wanted.digest]

    def with_more(
        self, terms: Numbers, authorities: Mapping[bytes, int], witnesses: list[int]
    ) -> Numbering:
        """Return the same with what was missing, which is among ``terms`` and ``authorities``."""
        whole = copy(self)
        whole._new_terms = {name: terms[name] for name in self.missing}
        whole.terms = self.terms | whole._new_terms
        new = {one.digest: authorities[one.digest] for one in self.missing_authorities}
        whole._authorities = self._authorities | new
        whole.missing, whole.missing_authorities = set(), []
        whole.witnesses = witnesses
        return whole

    def settled(self) -> None:
        """Remember what was made to wait for the disk at once: it needs no looking for again."""
        self.witnesses = []
        self.remember()

    def asking(self) -> Question:
        """Return the question whether what was made is still there, for the statements' transaction."""
        return asking_for_terms(self.witnesses)

    def hold(self, there: Sequence[Row]) -> None:
        """Raise `StoreUnavailable` unless all is there; ``there`` is the answer to `asking`."""
        if {number for (number,) in there} < set(self.witnesses):
            raise StoreUnavailable(
                "the database went away while this was being stored", hint="send it again"
            )

    def remember(self) -> None:
        """Remember what was made; only call it when that is committed."""
        memory = self._database.memory
        remember(memory, self._tenant_id, self._new_terms)
        for digest, number in self._authorities.items():
            memory.authorities.put((self._tenant_id, digest), number)


class Missing:
    """What several batches lack, for all of them at once.

    What is made for them stands in copies of theirs: if it is undone, they lack it as before.
    """

    def __init__(self, database: Database, tenant_id: int, numberings: Sequence[Numbering]) -> None:
        self._database = database
        self._tenant_id = tenant_id
        names: set[Name] = set().union(*(each.missing for each in numberings))
        self._terms = known_numbers(database.memory, tenant_id, names)
        self._names = names - self._terms.keys()
        self._authorities: dict[bytes, int] = {}
        self._unknown = {a.digest: a for each in numberings for a in each.missing_authorities}
        self._witnesses: list[int] = []

    def __bool__(self) -> bool:
        """Return whether something has to be made, or may have to be."""
        return bool(self._names or self._unknown)

    def make(self, conn: sa.Connection, *, at_once: bool = False) -> None:
        """Make it, before the transaction of the statements begins.

        ``at_once``: its commit waits for the disk, so that it may be remembered then.

        On PostgreSQL its commit need not reach the disk by itself: the log is written in order, so
        the commit of the statements, which waits for the disk, takes it along. A database that
        breaks down between the two may have lost it: `Numbering.asking` tells.
        """
        for digest in sorted(self._unknown):
            wanted = self._unknown[digest]
            self._authorities[digest] = number_authority(conn, self._tenant_id, wanted)
        if self._names:
            waits = at_once or bool(self._unknown)
            first = () if waits else (Question(_WITHOUT_WAITING, {}),)
            made, self._witnesses = number_names(conn, self._tenant_id, self._names, first)
            self._terms |= made

    def added_to(self, numbering: Numbering) -> Numbering:
        """Return one of the batches' numbers with what it lacked."""
        return numbering.with_more(self._terms, self._authorities, self._witnesses)


def _named(incoming: Sequence[Incoming]) -> tuple[set[Name], dict[bytes, Authority]]:
    phrases = {phrase for one, _, _ in incoming for phrase in one.phrases}
    names = {name for phrase in phrases for name, _, _ in phrase.named}
    authorities = {vouching.digest: vouching for _, vouching, _ in incoming}
    for vouching in authorities.values():
        names.update(vouching.names)
    return names, authorities
