"""Tenants: whose data a row is. One exists from the start, named ``default``."""

from __future__ import annotations

import time

import sqlalchemy as sa

from lrs.errors import NotFound
from lrs.store.schema import tenant

DEFAULT = "default"


def tenant_number(conn: sa.Connection, name: str) -> int:
    """Return the number of the tenant; raises `NotFound` with the names there are."""
    found = conn.execute(sa.select(tenant.c.id).where(tenant.c.name == name)).scalar_one_or_none()
    if found is None:
        names = ", ".join(conn.execute(sa.select(tenant.c.name).order_by(tenant.c.id)).scalars())
        raise NotFound(f"there is no tenant {name!r}", where="tenant", hint=f"there are: {names}")
    return int(found)


def make_tenant(conn: sa.Connection, name: str) -> int:
    """Return the number of the tenant of that name, making it if need be."""
    found = conn.execute(sa.select(tenant.c.id).where(tenant.c.name == name)).scalar_one_or_none()
    if found is not None:
        return int(found)
    made = conn.execute(
        sa.insert(tenant)
        .values(name=name, created_at=time.time_ns() // 1000)
        .returning(tenant.c.id)
    )
    return int(made.scalar_one())
