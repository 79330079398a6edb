"""The keys that tools post with: a public half (the user name) and a secret half (the password).

A secret is 256 random bits, shown once and kept as an HMAC-SHA256 under the server's own secret:
it cannot be guessed, so a slow hash would only cost every request (`trust.md`, Security). Here an
administrator makes, changes and takes back keys; `lrs.access.ring` finds them for a request.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from lrs.access.key_options import STRICT, KeyOptions, checked_options, options_of
from lrs.access.ring import now_us, plain_name, secret_mac
from lrs.access.scopes import checked_scopes
from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput, NotFound
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.schema import access_key, tenant

NAME_LENGTH = 200


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
    expires_at: int | None
    options: KeyOptions
    replaces: str | None
    """The key it took over from."""
    replaced_by: str | None
    """The key that took over from it."""

    def state(self, now: int | None = None) -> str:
        """Return ``valid``, ``expired`` or ``revoked``: how it stands at that instant."""
        if self.revoked_at is not None:
            return "revoked"
        now = now_us() if now is None else now
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


def make_key(
    database: Database,
    settings: Settings,
    *,
    name: str,
    scopes: Iterable[str] = ("all",),
    tenant: str = DEFAULT,
    options: KeyOptions = STRICT,
    expires_at: int | None = None,
) -> MadeKey:
    """Make a key and return it with its secret. Each call makes another one, whatever the name."""
    row = {
        "name": _checked_name(name),
        "scopes": " ".join(sorted(checked_scopes(scopes))),
        "authority": json.dumps(authority(settings, name), ensure_ascii=False),
        "expires_at": expires_at,
        **checked_options(options).as_row(),
    }
    with database.write() as conn:
        return insert_key(conn, settings, {"tenant_id": tenant_number(conn, tenant), **row})


def insert_key(conn: sa.Connection, settings: Settings, row: dict[str, Any]) -> MadeKey:
    """Store a key of that description under a new name and secret, and return these."""
    made = MadeKey(secrets.token_hex(12), secrets.token_urlsafe(32), endpoint(settings))
    own = {
        "key": made.key,
        "secret_mac": secret_mac(settings.secret_bytes(), made.secret),
        "created_at": now_us(),
    }
    conn.execute(sa.insert(access_key).values(**row, **own))
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


def account_home(agent: Mapping[str, Any], settings: Settings) -> str:
    """Return the home page of a key's authority: what its accounts are taken to be on."""
    own: str = agent.get("account", {}).get("homePage") or home_page(settings)
    return own


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise BadInput(
            "a key needs a name that can be read",
            where="name",
            hint=f"the tool that will use it, in at most {NAME_LENGTH} letters: --name 'Moodle'",
        )
    return name


def list_keys(database: Database, tenant_name: str | None = None) -> list[ListedKey]:
    """Return the keys there are, of one tenant or of all, oldest first."""
    old, new = access_key.alias("old"), access_key.alias("new")
    query = (
        sa.select(
            access_key,
            tenant.c.name.label("tenant"),
            old.c.key.label("replaced_key"),
            new.c.key.label("replacing_key"),
        )
        .join(tenant, tenant.c.id == access_key.c.tenant_id)
        .outerjoin(old, old.c.id == access_key.c.replaces)
        .outerjoin(new, new.c.replaces == access_key.c.id)
        .order_by(access_key.c.id, new.c.id)
    )
    with database.read() as conn:
        if tenant_name is not None:
            query = query.where(access_key.c.tenant_id == tenant_number(conn, tenant_name))
        rows = conn.execute(query).all()
    # One that was replaced twice, its first successor revoked, shows the latest.
    return list({row.id: _listed(row) for row in rows}.values())


def _listed(row: sa.Row[Any]) -> ListedKey:
    return ListedKey(
        name=row.name,
        key=row.key,
        scopes=tuple(row.scopes.split()),
        tenant=row.tenant,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        expires_at=row.expires_at,
        options=options_of(row._mapping),
        replaces=row.replaced_key,
        replaced_by=row.replacing_key,
    )


def update_key(
    database: Database,
    key: str,
    *,
    tenant_id: int | None = None,
    lenient: bool | None = None,
    partial: bool | None = None,
    deduplicate: bool | None = None,
    origins: Iterable[str] | None = None,
    limit_per_minute: int | None = None,
) -> None:
    """Change what is given of a key's settings; a running server follows within seconds.

    No origins let every page in; a limit of 0 is none. ``tenant_id``: as in `key_row`.
    Raises `NotFound` or `BadInput`.
    """
    with database.write() as conn:
        row = key_row(conn, key, tenant_id)
        there = options_of(row._mapping)
        changed = KeyOptions(
            lenient=there.lenient if lenient is None else lenient,
            partial=there.partial if partial is None else partial,
            deduplicate=there.deduplicate if deduplicate is None else deduplicate,
            origins=there.origins if origins is None else tuple(origins),
            limit_per_minute=there.limit_per_minute
            if limit_per_minute is None
            else limit_per_minute or None,
        )
        conn.execute(
            sa.update(access_key)
            .where(access_key.c.id == row.id)
            .values(checked_options(changed).as_row())
        )


def revoke_key(database: Database, key: str, *, tenant_id: int | None = None) -> bool:
    """Take a key back; return False when it was taken back before.

    ``tenant_id``: as in `key_row`. Raises `NotFound`.
    """
    with database.write() as conn:
        row = key_row(conn, key, tenant_id)
        if row.revoked_at is not None:
            return False
        conn.execute(
            sa.update(access_key).where(access_key.c.id == row.id).values(revoked_at=now_us())
        )
    return True


def key_row(conn: sa.Connection, key: str, tenant_id: int | None) -> sa.Row[Any]:
    """Return the key's row; with a tenant, only if it is the tenant's. Raises `NotFound`."""
    query = sa.select(access_key).where(access_key.c.key == plain_name(key))
    if tenant_id is not None:
        query = query.where(access_key.c.tenant_id == tenant_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"there is no key {key!r}", where="key", hint="`verkan keys list` shows them"
        )
    return row


def public_path(settings: Settings) -> str:
    """Return the path this server stands under when a proxy puts it below one, else nothing."""
    return urlsplit(settings.public_url).path.rstrip("/")
