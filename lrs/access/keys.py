"""The keys that tools post with: a public half (the user name) and a secret half (the password).

A secret is 256 random bits, shown once and kept as an HMAC-SHA256 under the server's own secret:
it cannot be guessed, so a slow hash would only cost every request (`trust.md`, Security). An
unknown key and a wrong secret take the same steps and get the same answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from lrs.access.scopes import checked_scopes
from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput, NotFound
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.schema import access_key, tenant

NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Key:
    """A valid key: whose data it opens, what it may do, and whom its statements are vouched by."""

    id: int
    tenant_id: int
    name: str
    key: str
    scopes: frozenset[str]
    authority: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key just made; the secret is not to be had again."""

    key: str
    secret: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class ListedKey:
    """What an administrator sees of a key. Instants are microseconds."""

    name: str
    key: str
    scopes: tuple[str, ...]
    tenant: str
    created_at: int
    revoked_at: int | None


def make_key(
    database: Database,
    settings: Settings,
    *,
    name: str,
    scopes: Iterable[str] = ("all",),
    tenant: str = DEFAULT,
) -> MadeKey:
    """Make a key and return it with its secret. Each call makes another one, whatever the name."""
    made = MadeKey(secrets.token_hex(12), secrets.token_urlsafe(32), endpoint(settings))
    row = {
        "name": _checked_name(name),
        "key": made.key,
        "secret_mac": _mac(settings.secret_bytes(), made.secret),
        "scopes": " ".join(sorted(checked_scopes(scopes))),
        "authority": json.dumps(authority(settings, name), ensure_ascii=False),
        "created_at": time.time_ns() // 1000,
    }
    with database.write() as conn:
        conn.execute(sa.insert(access_key).values(tenant_id=tenant_number(conn, tenant), **row))
    return made


def home_page(settings: Settings) -> str:
    """Return the address others reach this server at, without a slash at its end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    anywhere = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 - recognised, not listened on
    name = "localhost" if anywhere else settings.host
    return f"http://[{name}]:{settings.port}" if ":" in name else f"http://{name}:{settings.port}"


def endpoint(settings: Settings) -> str:
    """Return what a tool is told to post to."""
    return f"{home_page(settings)}/xapi"


def authority(settings: Settings, name: str) -> dict[str, Any]:
    """Return the agent that vouches for a key's statements: an account of this server's."""
    return {
        "objectType": "Agent",
        "name": name,
        "account": {"homePage": home_page(settings), "name": name},
    }


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise BadInput(
            "a key needs a name that can be read",
            where="name",
            hint=f"the tool that will use it, in at most {NAME_LENGTH} letters: --name 'Moodle'",
        )
    return name


def _mac(server_secret: bytes, secret: str) -> bytes:
    return hmac.digest(server_secret, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)


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
        mac = _mac(self._server_secret, secret)
        now = self._clock()
        until, found = self._found.get((key, mac), (0.0, None))
        if found is not None and now < until:
            return found
        found = _look_up(self._database, key, mac)
        if found is not None:
            if len(self._found) >= self._most:
                self._found.clear()
            self._found[key, mac] = (now + self._kept_s, found)
        return found


def find_key(database: Database, settings: Settings, key: str, secret: str) -> Key | None:
    """Return the key if the secret is its own and it still works."""
    return _look_up(database, key, _mac(settings.secret_bytes(), secret))


# Compared with when there is no such key, so that the steps are the same.
_NOBODYS_MAC = secrets.token_bytes(32)


def _look_up(database: Database, key: str, mac: bytes) -> Key | None:
    with database.read() as conn:
        # NUL is no character of a PostgreSQL text; no key has one.
        row = conn.execute(
            sa.select(access_key).where(access_key.c.key == key.replace("\0", "\ufffd"))
        ).one_or_none()
    same = hmac.compare_digest(mac, _NOBODYS_MAC if row is None else bytes(row.secret_mac))
    now = time.time_ns() // 1000
    if row is None or not same or row.revoked_at is not None or (row.expires_at or now) < now:
        return None
    return Key(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        key=row.key,
        scopes=frozenset(row.scopes.split()),
        authority=json.loads(row.authority),
    )


def list_keys(database: Database, tenant_name: str | None = None) -> list[ListedKey]:
    """Return the keys there are, of one tenant or of all, oldest first."""
    query = (
        sa.select(
            access_key.c.name,
            access_key.c.key,
            access_key.c.scopes,
            tenant.c.name.label("tenant"),
            access_key.c.created_at,
            access_key.c.revoked_at,
        )
        .join(tenant, tenant.c.id == access_key.c.tenant_id)
        .order_by(access_key.c.id)
    )
    with database.read() as conn:
        if tenant_name is not None:
            query = query.where(access_key.c.tenant_id == tenant_number(conn, tenant_name))
        rows = conn.execute(query).all()
    return [
        ListedKey(r.name, r.key, tuple(r.scopes.split()), r.tenant, r.created_at, r.revoked_at)
        for r in rows
    ]


def revoke_key(database: Database, key: str) -> bool:
    """Take a key back; return False when it was taken back before. Raises `NotFound`."""
    with database.write() as conn:
        row = conn.execute(sa.select(access_key).where(access_key.c.key == key)).one_or_none()
        if row is None:
            raise NotFound(
                f"there is no key {key!r}", where="key", hint="`verkan keys list` shows them"
            )
        if row.revoked_at is not None:
            return False
        conn.execute(
            sa.update(access_key)
            .where(access_key.c.id == row.id)
            .values(revoked_at=time.time_ns() // 1000)
        )
    return True


def public_path(settings: Settings) -> str:
    """Return the path this server stands under when a proxy puts it below one, else nothing."""
    return urlsplit(settings.public_url).path.rstrip("/")
