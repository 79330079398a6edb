"""Gives everything a batch names its number before the batch is stored."""

from __future__ import annotations

from collections.abc import Sequence
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
        self._missing: set[Name] = names - self.terms.keys()
        self._authorities: dict[bytes, int] = {}
        self._missing_authorities: list[Authority] = []
        for digest in sorted(authorities):
            number = memory.authorities.get((tenant_id, digest))
            if number is None:
                self._missing_authorities.append(authorities[digest])
            else:
                self._authorities[digest] = number
        self._new_terms: Numbers = {}
        self.witnesses: list[int] = []

    @property
    def is_whole(self) -> bool:
        """Return whether every number is known."""
        return not (self._missing or self._missing_authorities)

    def authority(self, wanted: Authority) -> int:
        """Return the number of an authority of the batch."""
        return self._authorities[wanted.digest]

    def make(self, conn: sa.Connection, *, at_once: bool = False) -> None:
        """Make what is missing, before the transaction of the statements begins.

        ``at_once``: its commit waits for the disk, so that it may be remembered then.

        On PostgreSQL its commit need not reach the disk by itself: the log is written in order, so
        the commit of the statements, which waits for the disk, takes it along. A database that
        breaks down between the two may have lost it: `asking` tells.
        """
        for wanted in self._missing_authorities:
            self._authorities[wanted.digest] = number_authority(conn, self._tenant_id, wanted)
        if self._missing:
            waits = at_once or bool(self._missing_authorities)
            first = () if waits else (Question(_WITHOUT_WAITING, {}),)
            self._new_terms, self.witnesses = number_names(
                conn, self._tenant_id, self._missing, first
            )
            self.terms |= self._new_terms

    def settled(self) -> None:
        """Remember what was made ``at_once``: it needs no looking for again."""
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


def _named(incoming: Sequence[Incoming]) -> tuple[set[Name], dict[bytes, Authority]]:
    phrases = {phrase for one, _, _ in incoming for phrase in one.phrases}
    names = {name for phrase in phrases for name, _, _ in phrase.named}
    authorities = {vouching.digest: vouching for _, vouching, _ in incoming}
    for vouching in authorities.values():
        names.update(vouching.names)
    return names, authorities
