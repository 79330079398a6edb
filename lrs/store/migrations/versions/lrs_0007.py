"""Registrations have their numbers from themselves, and no rows among the terms any more."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "lrs_0007"
down_revision = "lrs_0006"
branch_labels = None
depends_on = None

_REGISTRATION = 4
_AT_ONCE = 10_000

_TERM = sa.table(
    "term", sa.column("id"), sa.column("tenant_id"), sa.column("kind"), sa.column("value")
)
_NUMBERED = sa.Table(
    "registration_numbered",
    sa.MetaData(),
    sa.Column("old", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("new", sa.BigInteger, nullable=False),
    prefixes=["TEMPORARY"],
)
_COMMENTS = {
    "term.kind": "agent, verb, activity",
    "term.value": "IRI, or an agent''s identifier",
    "ref.term_id": "what is named; below 0: a registration, which is no term",
}
_FOUND_BY = [sa.table(name, sa.column("term_id")) for name in ("ref", "ref_waiting")]


def upgrade() -> None:
    """Give what finds statements by a registration its new number; drop the terms."""
    conn = op.get_bind()
    if conn.dialect.name == "postgresql":
        for column, comment in _COMMENTS.items():
            conn.exec_driver_sql(f"COMMENT ON COLUMN {column} IS '{comment}'")
    _NUMBERED.create(conn)
    for rows in _numbered(conn):
        conn.execute(sa.insert(_NUMBERED), rows)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(f"ANALYZE {_NUMBERED.name}")
    for table in _FOUND_BY:
        new = sa.select(_NUMBERED.c.new).where(_NUMBERED.c.old == table.c.term_id)
        conn.execute(
            sa.update(table)
            .where(table.c.term_id.in_(sa.select(_NUMBERED.c.old)))
            .values(term_id=new.scalar_subquery())
        )
    conn.execute(sa.delete(_TERM).where(_TERM.c.kind == _REGISTRATION))
    _NUMBERED.drop(conn)


def _numbered(conn: sa.Connection) -> Iterator[list[dict[str, int]]]:
    wanted = sa.select(_TERM.c.id, _TERM.c.tenant_id, _TERM.c.value).order_by(_TERM.c.id)
    last = 0
    while rows := conn.execute(
        wanted.where(_TERM.c.kind == _REGISTRATION, _TERM.c.id > last).limit(_AT_ONCE)
    ).all():
        yield [{"old": row.id, "new": _number_of(row.tenant_id, row.value)} for row in rows]
        last = rows[-1].id


def _number_of(tenant_id: int, registration: str) -> int:
    """As it is now, whatever the store may come to do later."""
    digest = blake2b(b"%d:%s" % (tenant_id, registration.encode()), digest_size=8).digest()
    return ~(int.from_bytes(digest) >> 1)
