"""One transaction a page, or one for a whole dry run that is rolled back.

A dry run takes the very path of a real one, so what it tells is what would happen; nothing of it
stays. While it lasts it holds the turn to write, as any import does for a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

import sqlalchemy as sa

from lrs.store.database import Database

Turn = Callable[[], AbstractContextManager[sa.Connection]]

# Half of the number of an advisory lock of PostgreSQL; the other half is the tenant.
_PEOPLE_LOCK = 0x76706C


class _DryRunOverError(Exception):
    """Unwinds the transaction of a dry run."""


@contextmanager
def in_turn(database: Database, tenant_id: int) -> Iterator[sa.Connection]:
    """Yield a transaction in which nobody else writes the tenant's people and outcomes.

    What is in force is read, compared and written in one go: two imports at once would both find a
    row missing. SQLite has one writer anyway.
    """
    with database.write() as conn:
        if not database.is_sqlite:
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_PEOPLE_LOCK, tenant_id)))
        yield conn


@contextmanager
def turns(database: Database, tenant_id: int, *, dry_run: bool) -> Iterator[Turn]:
    """Yield a function that gives a transaction to write in, each time it is called."""
    if not dry_run:
        yield lambda: in_turn(database, tenant_id)
        return
    with suppress(_DryRunOverError), in_turn(database, tenant_id) as conn:
        yield lambda: nullcontext(conn)
        raise _DryRunOverError
