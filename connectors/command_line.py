"""What the commands of this package share: the open database of a command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from lrs.access.tenants import tenant_number
from lrs.store.database import Database
from lrs.store.migrate import open_database


@contextmanager
def opened(tenant: str) -> Iterator[tuple[Database, int]]:
    """Yield the database of this command line and the number of the tenant."""
    database = open_database(click.get_current_context().obj)
    try:
        with database.read() as conn:
            number = tenant_number(conn, tenant)
        yield database, number
    finally:
        database.close()
