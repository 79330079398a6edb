"""What was refused, kept as it came, with the place and the reason: nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from lrs.store.schema import refused
from lrs.xapi.digests import digest16


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not stored: where it came from, what is wrong with it, and its bytes."""

    origin: str
    code: str
    path: str | None
    message: str
    body: bytes


def keep_refusals(
    conn: sa.Connection,
    tenant_id: int,
    refusals: Sequence[Refusal],
    *,
    at: int,
    key_id: int | None = None,
) -> None:
    """Keep them; the same body from the same place is kept once."""
    if not refusals:
        return
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "tenant_id": tenant_id,
            "key_id": key_id,
            "refused_at": at,
            "origin": _storable(one.origin),
            "code": one.code,
            "path": None if one.path is None else _storable(one.path),
            "message": _storable(one.message),
            "digest": digest16(one.body),
            "body": one.body,
        }
        for one in refusals
    ]
    conn.execute(insert(refused).on_conflict_do_nothing(), rows)


def _storable(text: str) -> str:
    """PostgreSQL's text holds no NUL, and neither database half a surrogate pair."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="backslashreplace").decode()
