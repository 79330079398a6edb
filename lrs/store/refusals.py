"""What was refused, kept as it came, with the place and the reason: nothing is lost in silence.

The same thing from the same sender is kept once, with the instant it first came, however often it
is sent again. Where nothing in the bytes tells two events from each other (neither an id nor a
timestamp), each is kept. What senders posted is bounded in number, everything in days; the oldest
goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lrs.errors import NotFound
from lrs.settings import Settings
from lrs.store.bulk import among, upsert
from lrs.store.schema import access_key, refused
from lrs.xapi.digests import digest16
from lrs.xapi.terms import SpecVersion

COMPANION = "companion"
"""The code of statements that have no fault of their own, but came in a batch with one that has."""

_DAY_US = 86_400_000_000
_PIECE = 1_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not stored: where it came from, what is wrong with it, and its bytes."""

    origin: str
    code: str
    path: str | None
    message: str
    body: bytes
    version: SpecVersion | None = None
    each_counts: bool = False
    """True: the same bytes at another time are another event."""


@dataclass(frozen=True, slots=True)
class ListedRefusal:
    """A refusal as an administrator sees it in a list. Instants are microseconds."""

    id: int
    key_id: int | None
    key_name: str | None
    """The key it came with; None: an import."""
    refused_at: int
    origin: str
    code: str
    path: str | None
    message: str
    version: SpecVersion | None
    size: int
    """Bytes of the body; 0: only this note was kept."""
    replayed_at: int | None


@dataclass(frozen=True, slots=True)
class WholeRefusal:
    """A refusal with its bytes, as they were received."""

    listed: ListedRefusal
    body: bytes
    digest: bytes


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
    rows = [
        {
            "tenant_id": tenant_id,
            "key_id": key_id,
            "refused_at": at,
            "origin": _storable(one.origin),
            "code": one.code,
            "path": None if one.path is None else _storable(one.path),
            "message": _storable(one.message),
            "digest": _digest(one, key_id, at),
            "body": one.body,
            "version": None if one.version is None else int(one.version),
        }
        for one in refusals
    ]
    conn.execute(upsert(conn, refused).on_conflict_do_nothing(), rows)


def _digest(one: Refusal, key_id: int | None, at: int) -> bytes:
    """Return what makes it the same refusal: of an import its bytes, else also who sent it how."""
    if key_id is None:
        return digest16(one.body)
    moment = at if one.each_counts else ""
    # A note has no bytes to be told by.
    said = one.body or f"{one.code} {one.path} {one.message}".encode(errors="replace")
    return digest16(b"%d %d %s " % (key_id, one.version or 0, str(moment).encode()) + said)


def _storable(text: str) -> str:
    """PostgreSQL's text holds no NUL, and neither database half a surrogate pair."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="backslashreplace").decode()


def prune_refusals(conn: sa.Connection, tenant_id: int, settings: Settings, *, at: int) -> None:
    """Let go of what is too old, and of the oldest of what senders posted when it is too many."""
    mine = refused.c.tenant_id == tenant_id
    conn.execute(
        sa.delete(refused).where(mine, refused.c.refused_at < at - settings.refusal_days * _DAY_US)
    )
    posted = (mine, refused.c.key_id.is_not(None))
    oldest_kept = (
        sa.select(refused.c.id)
        .where(*posted)
        .order_by(refused.c.id.desc())
        .limit(1)
        .offset(settings.refusals_kept - 1)
    )
    conn.execute(sa.delete(refused).where(*posted, refused.c.id < oldest_kept.scalar_subquery()))


_LISTED: tuple[sa.ColumnElement[Any], ...] = (
    refused.c.id,
    refused.c.key_id,
    access_key.c.name.label("key_name"),
    refused.c.refused_at,
    refused.c.origin,
    refused.c.code,
    refused.c.path,
    refused.c.message,
    refused.c.version,
    sa.func.length(refused.c.body).label("size"),
    refused.c.replayed_at,
)
_WHOLE = (*_LISTED, refused.c.body, refused.c.digest)
_FROM = refused.outerjoin(
    access_key,
    (access_key.c.id == refused.c.key_id) & (access_key.c.tenant_id == refused.c.tenant_id),
)


def list_refusals(
    conn: sa.Connection,
    tenant_id: int,
    *,
    limit: int,
    before: int | None = None,
    code: str | None = None,
    key_id: int | None = None,
    since: int | None = None,
    waiting: bool = True,
) -> list[ListedRefusal]:
    """Return refusals, the latest first.

    ``before`` is the id of the last one of the page before; ``since`` an instant in microseconds;
    ``waiting`` leaves out those that were replayed.
    """
    query = sa.select(*_LISTED).select_from(_FROM).where(refused.c.tenant_id == tenant_id)
    if before is not None:
        query = query.where(refused.c.id < before)
    if code is not None:
        query = query.where(refused.c.code == code)
    if key_id is not None:
        query = query.where(refused.c.key_id == key_id)
    if since is not None:
        query = query.where(refused.c.refused_at >= since)
    if waiting:
        query = query.where(refused.c.replayed_at.is_(None))
    rows = conn.execute(query.order_by(refused.c.id.desc()).limit(limit))
    return [_listed(row) for row in rows]


def refusal(conn: sa.Connection, tenant_id: int, id: int) -> WholeRefusal:  # noqa: A002
    """Return a refusal with its bytes; raises `NotFound`."""
    row = conn.execute(
        sa.select(*_WHOLE)
        .select_from(_FROM)
        .where(refused.c.tenant_id == tenant_id, refused.c.id == _in_range(id))
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"there is no refusal {id}", where="id", hint="`verkan refusals list` shows them"
        )
    return WholeRefusal(_listed(row), bytes(row.body), bytes(row.digest))


def _in_range(id_: int) -> int:
    """PostgreSQL compares with 64 bits at most; no refusal has a longer number."""
    return id_ if 0 < id_ < 2**63 else 0


def _listed(row: sa.Row[Any]) -> ListedRefusal:
    return ListedRefusal(
        id=row.id,
        key_id=row.key_id,
        key_name=row.key_name,
        refused_at=row.refused_at,
        origin=row.origin,
        code=row.code,
        path=row.path,
        message=row.message,
        version=None if row.version is None else SpecVersion(row.version),
        size=row.size,
        replayed_at=row.replayed_at,
    )


def count_refusals(conn: sa.Connection, tenant_id: int) -> int:
    """Return how many refusals wait to be replayed or dropped."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(refused)
            .where(refused.c.tenant_id == tenant_id, refused.c.replayed_at.is_(None))
        ).scalar_one()
    )


def waiting_ids(conn: sa.Connection, tenant_id: int) -> list[int]:
    """Return the numbers of all that wait, the oldest first."""
    return list(
        conn.execute(
            sa.select(refused.c.id)
            .where(refused.c.tenant_id == tenant_id, refused.c.replayed_at.is_(None))
            .order_by(refused.c.id)
        ).scalars()
    )


def came_with(conn: sa.Connection, tenant_id: int, listed: ListedRefusal) -> list[int]:
    """Return the numbers of what waits and came in the same request, that refusal among them."""
    if listed.key_id is None:
        return [listed.id]
    found = conn.execute(
        sa.select(refused.c.id)
        .where(
            refused.c.tenant_id == tenant_id,
            refused.c.refused_at == listed.refused_at,
            refused.c.key_id == listed.key_id,
            refused.c.replayed_at.is_(None),
        )
        .order_by(refused.c.id)
    ).scalars()
    return sorted({listed.id, *found})


def mark_replayed(conn: sa.Connection, tenant_id: int, id_: int, *, at: int) -> None:
    """Note that everything of a refusal is stored."""
    _change(conn, tenant_id, id_, replayed_at=at)


def tell_new_reason(
    conn: sa.Connection, tenant_id: int, id_: int, *, code: str, path: str | None, message: str
) -> None:
    """Note why a refusal is refused still."""
    where = None if path is None else _storable(path)
    _change(conn, tenant_id, id_, code=code, path=where, message=_storable(message))


def _change(conn: sa.Connection, tenant_id: int, id_: int, **values: Any) -> None:
    mine = (refused.c.tenant_id == tenant_id, refused.c.id == id_)
    conn.execute(sa.update(refused).where(*mine).values(**values))


def drop_refusals(conn: sa.Connection, tenant_id: int, ids: Sequence[int]) -> int:
    """Delete refusals for good; return how many there were."""
    dropped = 0
    wanted = [_in_range(each) for each in dict.fromkeys(ids)]
    for begin in range(0, len(wanted), _PIECE):
        some = among(conn, refused.c.id, wanted[begin : begin + _PIECE])
        done = conn.execute(sa.delete(refused).where(refused.c.tenant_id == tenant_id, some))
        dropped += done.rowcount
    return dropped
