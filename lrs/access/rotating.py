"""Rotation: a key gets a successor, and goes on working until whoever posts with it has changed over.

The successor vouches with the same authority, so that it may read as its own what the old key
brought (`statements/read/mine`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from lrs.access.keys import MadeKey, insert_key, key_row
from lrs.access.ring import now_us
from lrs.errors import Conflict
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.schema import access_key

OVERLAP_US = 7 * 86_400_000_000
"""How long the old key goes on working when nobody says otherwise: a week."""

_KEPT = (
    "tenant_id",
    "name",
    "scopes",
    "authority",
    "lenient",
    "partial",
    "deduplicate",
    "origins",
    "limit_per_minute",
)


def rotate_key(
    database: Database,
    settings: Settings,
    key: str,
    *,
    overlap_us: int = OVERLAP_US,
    tenant_id: int | None = None,
) -> MadeKey:
    """Make the successor of a key and return it with its secret.

    The old key works for another ``overlap_us`` microseconds, or as long as it would have if that
    is shorter; one that was made to expire has a successor that lasts as long as it was made for.
    ``tenant_id``: as in `lrs.access.keys.key_row`. Raises `NotFound`, and `Conflict` for a key that
    was revoked or has a successor already.
    """
    with database.write() as conn:
        row = key_row(conn, key, tenant_id)
        former = _former_successor(conn, row)
        now = now_us()
        description: dict[str, Any] = {name: row._mapping[name] for name in _KEPT}
        # The old key's own end may be that of an overlap; its successor's is what was meant.
        lasts = _lasts(former or row)
        expires_at = None if lasts is None else now + lasts
        made = insert_key(
            conn, settings, {**description, "expires_at": expires_at, "replaces": row.id}
        )
        ends = now + overlap_us if row.expires_at is None else min(row.expires_at, now + overlap_us)
        conn.execute(sa.update(access_key).where(access_key.c.id == row.id).values(expires_at=ends))
    return made


def _former_successor(conn: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any] | None:
    """Return the revoked successor of a key that may be rotated again, if it had one."""
    if row.revoked_at is not None:
        raise Conflict(
            f"the key {row.key} is revoked",
            where="key",
            hint="make another one: verkan keys create --name NAME",
        )
    # Its row stays locked until the end of the rotation, so that two at once do not make two.
    conn.execute(sa.select(access_key.c.id).where(access_key.c.id == row.id).with_for_update())
    successor = conn.execute(
        sa.select(access_key)
        .where(access_key.c.replaces == row.id)
        .order_by(access_key.c.id.desc())
        .limit(1)
    ).one_or_none()
    if successor is not None and successor.revoked_at is None:
        raise Conflict(
            f"the key {row.key} was rotated before",
            where="key",
            hint=f"rotate its successor {successor.key}, or revoke that one first",
        )
    return successor


def _lasts(row: sa.Row[Any]) -> int | None:
    return None if row.expires_at is None else int(row.expires_at - row.created_at)
