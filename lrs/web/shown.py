"""Whose data the pages show: the tenant that an administrator chose last, else the default one.

Others always see the default one: a cookie is the reader's to write, and no right.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from flask import request
from werkzeug.wrappers import Response

from lrs.access.tenants import DEFAULT, tenant_number
from lrs.app import host
from lrs.store.schema import tenant
from lrs.web.changing import changer_allowed

COOKIE = "tenant"
_A_YEAR_S = 365 * 24 * 3600


class Shown(NamedTuple):
    """The tenant on the pages."""

    id: int
    name: str


def shown_tenant() -> Shown:
    """Return the tenant that the current request is shown."""
    chosen = request.cookies.get(COOKIE, "") if changer_allowed() else ""
    with host().database.read() as conn:
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 10:
            row = conn.execute(
                sa.select(tenant.c.id, tenant.c.name).where(tenant.c.id == int(chosen))
            ).one_or_none()
            if row is not None:
                return Shown(row.id, row.name)
        return Shown(tenant_number(conn, DEFAULT), DEFAULT)


def show_tenant(response: Response, number: int) -> None:
    """Have the reader's further pages show that tenant."""
    response.set_cookie(
        COOKIE,
        str(number),
        max_age=_A_YEAR_S,
        samesite="Lax",
        httponly=True,
        secure=request.is_secure,
    )
