"""What is done for a batch before its turn: what it names gets numbers, and its rows are made.

It is most of the work of storing, and keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lrs.store.database import Database
from lrs.store.gathered import Gathered
from lrs.store.numbering import Missing, Numbering
from lrs.store.rows import Incoming, Numbered

WORTH_A_TRANSACTION = 16
"""Statements; what fewer of them name is numbered for all that wait, in one transaction."""
WORTH_PACKING = 24
"""Statements; fewer are better inserted with those of others."""
_WORTH_THE_DISK = 500
"""Statements; what so many of them name is brought to the disk at once, for those that follow."""


class Prepared(NamedTuple):
    """What was done for a batch before it waited for its turn."""

    numbering: Numbering
    """May lack what nobody met before."""
    numbered: Numbered | None
    """What it is found by, if nothing is lacking."""

    @classmethod
    def of(
        cls,
        database: Database,
        numbering: Numbering,
        incoming: Sequence[Incoming],
        *,
        is_final: bool = True,
    ) -> Prepared:
        """``is_final``: nothing gives the statements other ids later."""
        if not numbering.is_whole:
            return cls(numbering, None)
        packs = is_final and not database.is_sqlite and len(incoming) >= WORTH_PACKING
        return cls(numbering, Numbered.of(numbering, incoming, packs=packs))


def number_ahead(
    database: Database,
    tenant_id: int,
    incoming: Sequence[Incoming],
    gathered: Gathered,
    *,
    is_final: bool = True,
) -> Prepared:
    """Number what a batch names, and make what is new if that is worth a transaction.

    ``is_final``: nothing gives the statements other ids later.
    """
    numbering = Numbering(database, tenant_id, gathered)
    if not numbering.is_whole and gathered.size >= WORTH_A_TRANSACTION:
        (numbering,) = made_whole(database, tenant_id, [numbering])
    return Prepared.of(database, numbering, incoming, is_final=is_final)


def made_whole(database: Database, tenant_id: int, numberings: list[Numbering]) -> list[Numbering]:
    """Make what several batches lack, in one transaction of its own; SQLite has none to spare."""
    lacking = [each for each in numberings if not each.is_whole]
    if not lacking or database.is_sqlite:
        return numberings
    missing = Missing(database, tenant_id, lacking)
    at_once = sum(each.gathered.size for each in lacking) >= _WORTH_THE_DISK
    if missing:
        with database.write() as conn:
            missing.make(conn, at_once=at_once)
    whole = [each if each.is_whole else missing.added_to(each) for each in numberings]
    if at_once:
        for each in whole:
            each.settled()
    return whole
