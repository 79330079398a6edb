"""What a batch names is numbered before its turn; what a database forgot of it is never pointed to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
import sqlalchemy as sa
from store_making import AUTHORITY, TENANT, body, checked, ids, pages, write

from lrs.errors import StoreUnavailable
from lrs.settings import Settings
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.gathered import gather
from lrs.store.preparing import Prepared, number_ahead
from lrs.store.rows import Incoming
from lrs.store.schema import term
from lrs.store.writing import store_batch


def test_terms_lost_with_a_database_that_broke_down_are_not_pointed_to(
    make_settings: Callable[[str], Settings],
) -> None:
    with closing(Database(make_settings("postgresql"))) as database:
        _lose_and_store(database)


def _lose_and_store(database: Database) -> None:
    write(database, body())  # the authority is known from here on
    bodies = [body(object={"id": f"https://example.org/new/{n}"}) for n in range(16)]
    incoming = [Incoming(one, as_authority(AUTHORITY)) for one in checked(*bodies)]
    ahead = number_ahead(database, TENANT, incoming, gather(incoming))
    assert ahead.numbered is not None
    # Just what a PostgreSQL that is killed forgets: a commit that did not wait for the disk.
    with database.write() as conn:
        conn.execute(sa.delete(term).where(term.c.value.like("https://example.org/new/%")))

    def store(prepared: Prepared | None) -> None:
        store_batch(
            database,
            TENANT,
            incoming,
            key_id=None,
            on_conflict=lambda *_: None,
            prepared=prepared,
        )

    with pytest.raises(StoreUnavailable):
        store(ahead)
    assert len(pages(database)) == 1
    store(None)
    assert {one["id"] for one in bodies} < set(ids(pages(database)))
    with database.read() as conn:
        named = sa.select(sa.func.count()).where(term.c.value.like("https://example.org/new/%"))
        assert conn.execute(named).scalar_one() == 16
