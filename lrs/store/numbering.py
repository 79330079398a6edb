"""Gives everything a batch names its number before the batch is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

import sqlalchemy as sa

from lrs.errors import StoreUnavailable
from lrs.store.asking import Question
from lrs.store.authorities import Authority, number_authority
from lrs.store.bulk import Row
from lrs.store.database import Database
from lrs.store.gathered import Gathered
from lrs.store.terms import (
    UNKNOWN,
    Numbers,
    asking_for_terms,
    known_numbers,
    number_names,
    remember,
)
from lrs.xapi.naming import Name

_WITHOUT_WAITING = sa.select(sa.func.set_config("synchronous_commit", "off", sa.true()))


class Numbering:
    """The numbers of the terms and authorities of one batch: remembered, or made."""

    def __init__(self, database: Database, tenant_id: int, gathered: Gathered) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self.gathered = gathered
        memory = database.memory
        self.terms: list[int] = known_numbers(memory, tenant_id, gathered.names)
        """In the order of the names; `UNKNOWN` is the number of what is missing."""
        known = zip(gathered.names, self.terms, strict=True)
        self.missing: list[Name] = [name for name, number in known if number == UNKNOWN]
        self.authorities: list[int] = [
            memory.authorities.get((tenant_id, one.digest)) or UNKNOWN
            for one in gathered.authorities
        ]
        """In the order of the authorities, as above."""
        vouching = zip(gathered.authorities, self.authorities, strict=True)
        self.missing_authorities: list[Authority] = [
            one for one, number in vouching if number == UNKNOWN
        ]
        self._new_terms: Numbers = {}
        self.witnesses: list[int] = []

    @property
    def is_whole(self) -> bool:
        """Return whether every number is known."""
        return not (self.missing or self.missing_authorities)

    def with_more(
        self, terms: Numbers, authorities: Mapping[bytes, int], witnesses: list[int]
    ) -> Numbering:
        """Return the same with what was missing, which is among ``terms`` and ``authorities``."""
        whole = copy(self)
        named = zip(self.gathered.names, self.terms, strict=True)
        whole.terms = [terms[name] if number == UNKNOWN else number for name, number in named]
        vouching = zip(self.gathered.authorities, self.authorities, strict=True)
        whole.authorities = [
            authorities[one.digest] if number == UNKNOWN else number for one, number in vouching
        ]
        whole._new_terms = {name: terms[name] for name in self.missing}
        whole.missing, whole.missing_authorities = [], []
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
        for one, number in zip(self.gathered.authorities, self.authorities, strict=True):
            memory.authorities.put((self._tenant_id, one.digest), number)


class Missing:
    """What several batches lack, for all of them at once.

    What is made for them stands in copies of theirs: if it is undone, they lack it as before.
    """

    def __init__(self, database: Database, tenant_id: int, numberings: Sequence[Numbering]) -> None:
        self._database = database
        self._tenant_id = tenant_id
        names = list({name: None for each in numberings for name in each.missing})
        numbers = known_numbers(database.memory, tenant_id, names)
        self._terms = {n: number for n, number in zip(names, numbers, strict=True) if number}
        self._names = [name for name in names if name not in self._terms]
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
            made, self._witnesses = number_names(
                conn, self._tenant_id, self._names, first, ends=True
            )
            self._terms |= made

    def added_to(self, numbering: Numbering) -> Numbering:
        """Return one of the batches' numbers with what it lacked."""
        return numbering.with_more(self._terms, self._authorities, self._witnesses)
