"""Finds the key that a request carries: the secret must be its own, and the key must still work.

An unknown key, a wrong secret, a revoked and an expired key take the same steps and get the same
answer: one look at the database and one comparison in constant time (`trust.md`, Security).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lrs.access.key_options import KeyOptions, options_of
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.schema import access_key


@dataclass(frozen=True, slots=True)
class Key:
    """A valid key: whose data it opens, what it may do, and whom its statements are vouched by."""

    id: int
    tenant_id: int
    name: str
    key: str
    scopes: frozenset[str]
    authority: dict[str, Any]
    options: KeyOptions
    expires_at: int | None


def secret_mac(server_secret: bytes, secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hmac.digest(server_secret, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)


def plain_name(key: str) -> str:
    """NUL is no character of a PostgreSQL text, and a lone surrogate none of UTF-8: no key has one."""
    return key.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def now_us() -> int:
    """Return this instant in microseconds."""
    return time.time_ns() // 1000


class KeyRing:
    """Finds keys, and remembers those it found valid for a few seconds.

    The time is short because it is also the longest a revoked key goes on working. Only valid pairs
    are remembered: a wrong secret is looked up each time, exactly as an unknown key is.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        kept_s: float = 5.0,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._server_secret = settings.secret_bytes()
        self._kept_s = kept_s
        self._most = most
        self._clock = clock
        self._found: dict[tuple[str, bytes], tuple[float, Key]] = {}

    def find(self, key: str, secret: str) -> Key | None:
        """Return the key if the secret is its own and it still works."""
        mac = secret_mac(self._server_secret, secret)
        return self._remembered(key, mac) or self._look_up(key, mac, mac)

    def remembered(self, key: str, secret: str) -> Key | None:
        """Return the key if that was found out within the last seconds; the database is not asked."""
        return self._remembered(key, secret_mac(self._server_secret, secret))

    def vouched_for(self, key: str) -> Key | None:
        """Return the key, whose holder was known by other means than its secret, if it still works."""
        return self._remembered(key, _NO_MAC) or self._look_up(key, _NO_MAC, None)

    def _remembered(self, key: str, mac: bytes) -> Key | None:
        until, found = self._found.get((key, mac), (0.0, None))
        if found is None or self._clock() >= until or _is_over(found.expires_at):
            return None
        return found

    def _look_up(self, key: str, mac: bytes, asked: bytes | None) -> Key | None:
        now = self._clock()
        found = _look_up(self._database, key, asked)
        if found is not None:
            if len(self._found) >= self._most:
                self._found.clear()
            self._found[key, mac] = (now + self._kept_s, found)
        return found


def find_key(database: Database, settings: Settings, key: str, secret: str) -> Key | None:
    """Return the key if the secret is its own and it still works."""
    return _look_up(database, key, secret_mac(settings.secret_bytes(), secret))


# Compared with when there is no such key, so that the steps are the same.
_NOBODYS_MAC = secrets.token_bytes(32)
_NO_MAC = b""  # no secret has this one
# One row whether there is such a key or not: to fetch a row takes time that could be measured.
_GIVEN = sa.select(sa.bindparam("asked", type_=sa.Text).label("key")).subquery("given")
_ASKED = sa.select(access_key).select_from(
    _GIVEN.outerjoin(access_key, access_key.c.key == _GIVEN.c.key)
)


def _look_up(database: Database, key: str, mac: bytes | None) -> Key | None:
    """Return the key if it works and, where there is a ``mac``, if that is its secret's."""
    with database.read() as conn:
        row = conn.execute(_ASKED, {"asked": plain_name(key)}).one()
    kept = bytes(row.secret_mac or _NOBODYS_MAC)
    same = mac is None or hmac.compare_digest(mac, kept)
    return _valid(row) if row.id is not None and same else None


def _valid(row: sa.Row[Any]) -> Key | None:
    if row.revoked_at is not None or _is_over(row.expires_at):
        return None
    return Key(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        key=row.key,
        scopes=frozenset(row.scopes.split()),
        authority=json.loads(row.authority),
        options=options_of(row._mapping),
        expires_at=row.expires_at,
    )


def _is_over(expires_at: int | None) -> bool:
    return expires_at is not None and expires_at <= now_us()
