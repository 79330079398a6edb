"""The web origins that any key of this server may be used from: what a preflight is answered by.

A browser asks whether it may send a request before it shows a key (the Fetch standard's "CORS
preflight"), so the answer is for all keys together; the request itself is held to its own key's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from lrs.access.ring import now_us
from lrs.store.database import Database
from lrs.store.schema import access_key

ANY = None
"""In the place of a set of origins: there is a key that any page may use, or no key yet."""


class OriginBook:
    """Remembers the origins for a few seconds, so that preflights do not each ask the database."""

    def __init__(
        self,
        database: Database,
        *,
        kept_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._kept_s = kept_s
        self._clock = clock
        self._read_until = float("-inf")
        self._origins: frozenset[str] | None = ANY

    def origins(self) -> frozenset[str] | None:
        """Return the origins of all keys that work, or `ANY`."""
        now = self._clock()
        if now >= self._read_until:
            self._origins = read_origins(self._database)
            self._read_until = now + self._kept_s
        return self._origins


def read_origins(database: Database) -> frozenset[str] | None:
    """Return the origins of all keys that work, or `ANY`."""
    works = sa.and_(
        access_key.c.revoked_at.is_(None),
        sa.or_(access_key.c.expires_at.is_(None), access_key.c.expires_at > now_us()),
    )
    with database.read() as conn:
        found = conn.execute(sa.select(access_key.c.origins).where(works)).scalars().all()
    if not found or not all(found):
        return ANY
    return frozenset(origin for origins in found for origin in str(origins).split())
