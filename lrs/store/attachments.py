"""Keeps the bytes of attachments, each once for a tenant however many statements have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from lrs.store.bulk import among, insert_rows, upsert
from lrs.store.database import Database
from lrs.store.schema import attachment, attachment_use
from lrs.xapi.multipart import Part

Body = Mapping[str, Any]


def keep_attachments(
    conn: sa.Connection,
    tenant_id: int,
    parts: Mapping[str, Part],
    stored: Sequence[tuple[int, Body]],
) -> None:
    """Keep those parts that statements just stored have; ``stored`` are their seq and body.

    Runs while the tenant's turn to write is held, so nobody keeps the same part at once.
    """
    uses = sorted({(sha2, seq) for seq, body in stored for sha2 in hashes_of(body)})
    uses = [(sha2, seq) for sha2, seq in uses if sha2 in parts]
    if not uses:
        return
    for sha2 in dict.fromkeys(sha2 for sha2, _ in uses):
        conn.execute(
            upsert(conn, attachment)
            .values(
                tenant_id=tenant_id,
                sha2=sha2,
                content_type=parts[sha2].content_type,
                content=parts[sha2].content,
            )
            .on_conflict_do_nothing()
        )
    rows = [(tenant_id, sha2, seq) for sha2, seq in uses]
    insert_rows(conn, attachment_use, ("tenant_id", "sha2", "seq"), rows)


def find_attachments(database: Database, tenant_id: int, wanted: Iterable[str]) -> list[Part]:
    """Return those of the attachments that are here, in the order asked for, each once."""
    ordered = list(dict.fromkeys(wanted))
    if not ordered:
        return []
    with database.read() as conn:
        rows = conn.execute(
            sa.select(attachment.c.sha2, attachment.c.content_type, attachment.c.content).where(
                attachment.c.tenant_id == tenant_id, among(conn, attachment.c.sha2, ordered)
            )
        )
        found = {row.sha2: Part(row.sha2, row.content_type, bytes(row.content)) for row in rows}
    return [found[sha2] for sha2 in ordered if sha2 in found]


def hashes_of(body: Body) -> list[str]:
    """Return the hashes of a statement's attachments, those of its sub-statement too."""
    own = [one["sha2"].lower() for one in body.get("attachments", ())]
    inner = body.get("object", {})
    if inner.get("objectType") == "SubStatement":
        own += [one["sha2"].lower() for one in inner.get("attachments", ())]
    return own
