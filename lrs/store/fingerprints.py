"""De-duplication: a statement without id that the same key brought before is that one, not another.

Moodle's plug-in never sends an id, and sends again what it got no answer to. For a key that asks
for it, a fingerprint of each statement without id is kept for some hours; the same content within
that time gets the same id, and is stored once. It is looked for while the tenant's turn is held, so
that of two that come at once one is stored.

Two equal statements in one request are two: whoever sends again sends both again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import orjson
import sqlalchemy as sa
from msgspec.structs import replace

from lrs.store.bulk import among, upsert
from lrs.store.rows import Incoming
from lrs.store.schema import fingerprint, statement
from lrs.store.writing import Beside
from lrs.xapi.digests import digest16
from lrs.xapi.statement import Statement

_HOUR_US = 3_600_000_000


class Fingerprints(Beside):
    """Gives what one key brings again the id that it was stored under."""

    def __init__(self, tenant_id: int, key_id: int, hours: int) -> None:
        self._tenant_id = tenant_id
        self._key_id = key_id
        self._now = time.time_ns() // 1000
        self._oldest = self._now - hours * _HOUR_US

    def named(self, conn: sa.Connection, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
        """Return the batch; what was stored before has the id of then."""
        sent = [None if one.statement.id_given else _digest(one.statement) for one in incoming]
        known = self._known(conn, {digest for digest in sent if digest is not None})
        if not known:
            return incoming
        return [
            one._replace(statement=replace(one.statement, id=known[digest]))
            if digest in known
            else one
            for one, digest in zip(incoming, sent, strict=True)
        ]

    def keep(self, conn: sa.Connection, stored: Sequence[tuple[int, Statement]]) -> None:
        """Keep the fingerprints of what is new, and let go of those that are too old."""
        rows = {_digest(sent): sent.id.bytes for _, sent in stored if not sent.id_given}
        if not rows:
            return
        conn.execute(
            sa.delete(fingerprint).where(
                fingerprint.c.tenant_id == self._tenant_id, fingerprint.c.seen_at < self._oldest
            )
        )
        new = upsert(conn, fingerprint)
        again = new.on_conflict_do_update(
            index_elements=["tenant_id", "key_id", "digest"],
            set_={"statement_id": new.excluded.statement_id, "seen_at": new.excluded.seen_at},
        )
        same = {"tenant_id": self._tenant_id, "key_id": self._key_id, "seen_at": self._now}
        conn.execute(
            again, [{**same, "digest": d, "statement_id": id16} for d, id16 in rows.items()]
        )

    def _known(self, conn: sa.Connection, digests: set[bytes]) -> dict[bytes | None, uuid.UUID]:
        if not digests:
            return {}
        rows = conn.execute(
            sa.select(fingerprint.c.digest, fingerprint.c.statement_id)
            .join(
                statement,
                (statement.c.tenant_id == fingerprint.c.tenant_id)
                & (statement.c.statement_id == fingerprint.c.statement_id),
            )
            .where(
                fingerprint.c.tenant_id == self._tenant_id,
                fingerprint.c.key_id == self._key_id,
                among(conn, fingerprint.c.digest, digests),
                fingerprint.c.seen_at >= self._oldest,
            )
        )
        return {bytes(digest): uuid.UUID(bytes=bytes(id16)) for digest, id16 in rows}


def _digest(sent: Statement) -> bytes:
    """Return the digest of what a statement says, whatever the order and the white space."""
    return digest16(orjson.dumps(sent.body, option=orjson.OPT_SORT_KEYS))
