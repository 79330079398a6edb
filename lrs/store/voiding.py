"""Voids what another store held as voided, where no statement says so.

Voiding is a statement (Data 2.3.2). A dump may flag a statement as voided and not hold the one that
voided it; taken as it is, the flagged one would come back to life here.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from lrs.store.authorities import Authority
from lrs.store.bulk import among
from lrs.store.database import Database
from lrs.store.rows import Incoming
from lrs.store.schema import statement
from lrs.store.writing import store_batch, taken
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import SpecVersion
from lrs.xapi.verbs import VOIDED

_IDS = uuid.UUID("0f6a3e0e-5b0f-5f5c-8d5e-0d0a5c0f9b42")
_PIECE = 500


def void_as_there(
    database: Database, tenant_id: int, ids: Sequence[uuid.UUID], authority: Authority
) -> int:
    """Void those of the statements that are not; return how many. Doing it twice is doing it once."""
    voided = 0
    for begin in range(0, len(ids), _PIECE):
        living = _living(database, tenant_id, ids[begin : begin + _PIECE])
        written = store_batch(
            database,
            tenant_id,
            [Incoming(_voiding(target, authority), authority) for target in living],
            key_id=None,
            on_conflict=_refuse,
        )
        voided += sum(one.new for one in written)
    return voided


def _living(database: Database, tenant_id: int, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    with database.read() as conn:
        rows = conn.execute(
            sa.select(statement.c.statement_id)
            .where(
                statement.c.tenant_id == tenant_id,
                statement.c.voided_by.is_(None),
                among(conn, statement.c.statement_id, [each.bytes for each in ids]),
            )
            .order_by(statement.c.seq)
        )
        return [uuid.UUID(bytes=bytes(id16)) for id16 in rows.scalars()]


def _voiding(target: uuid.UUID, authority: Authority) -> Statement:
    body = {
        "id": str(uuid.uuid5(_IDS, str(target))),
        "actor": orjson.loads(authority.body),
        "verb": {"id": VOIDED, "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": str(target)},
    }
    return check(parse_statement(orjson.dumps(body)), SpecVersion.V1_0)


def _refuse(_place: int, sent: Statement) -> None:
    raise taken(sent, "$.id")
