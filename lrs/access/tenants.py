"""Tenants: whose data a row is. One exists from the start, named ``default``."""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa

from lrs.errors import BadInput, Conflict, NotFound
from lrs.store.database import Database
from lrs.store.schema import access_key, tenant

DEFAULT = "default"
NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ListedTenant:
    """What an administrator sees of a tenant; the instant is microseconds."""

    id: int
    name: str
    created_at: int
    keys: int
    """How many keys it has that were not revoked."""


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


def new_tenant(database: Database, name: str) -> bool:
    """Make a tenant; return False when there is one of that name. Raises `BadInput`."""
    checked = _checked_name(name)
    with database.write() as conn:
        there = sa.select(tenant.c.id).where(tenant.c.name == checked)
        if conn.execute(there).scalar_one_or_none() is not None:
            return False
        make_tenant(conn, checked)
    return True


def list_tenants(database: Database) -> list[ListedTenant]:
    """Return the tenants there are, oldest first."""
    working = sa.and_(access_key.c.tenant_id == tenant.c.id, access_key.c.revoked_at.is_(None))
    query = (
        sa.select(tenant, sa.func.count(access_key.c.id).label("keys"))
        .outerjoin(access_key, working)
        .group_by(tenant.c.id)
        .order_by(tenant.c.id)
    )
    with database.read() as conn:
        return [ListedTenant(r.id, r.name, r.created_at, r.keys) for r in conn.execute(query)]


def rename_tenant(database: Database, name: str, to: str) -> None:
    """Call a tenant by another name; its data and keys stay its own.

    Raises `NotFound`, `BadInput`, and `Conflict` for a name that is taken.
    """
    checked = _checked_name(to)
    if name == DEFAULT and to != DEFAULT:
        raise BadInput(
            f"the tenant {DEFAULT!r} keeps its name",
            where="tenant",
            hint="whoever names no tenant means this one",
        )
    with database.write() as conn:
        number = tenant_number(conn, name)
        taken = sa.select(tenant.c.id).where(tenant.c.name == checked, tenant.c.id != number)
        if conn.execute(taken).scalar_one_or_none() is not None:
            raise Conflict(
                f"there is a tenant {to!r} already", where="name", hint="take another name"
            )
        conn.execute(sa.update(tenant).where(tenant.c.id == number).values(name=checked))


def tenant_name(database: Database, number: int) -> str:
    """Return the name of the tenant of that number."""
    with database.read() as conn:
        return str(conn.execute(sa.select(tenant.c.name).where(tenant.c.id == number)).scalar_one())


def _checked_name(name: str) -> str:
    if (
        not name.strip()
        or name != name.strip()
        or len(name) > NAME_LENGTH
        or not name.isprintable()
    ):
        raise BadInput(
            "a tenant needs a name that can be read",
            where="name",
            hint=f"at most {NAME_LENGTH} letters, without spaces around them, such as 'Acme'",
        )
    return name
