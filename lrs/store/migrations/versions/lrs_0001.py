"""The record store."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lrs_0001"
down_revision = None
branch_labels = ("lrs",)
depends_on = None

ID16 = sa.LargeBinary(16).with_variant(postgresql.BYTEA(), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "authority",
        sa.Column("id", sa.Integer(), nullable=False, comment="number used in statement"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("digest", ID16, nullable=False, comment="16 bytes of SHA-256 of body"),
        sa.Column("body", sa.Text(), nullable=False, comment="the agent or group, as JSON"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
        sa.UniqueConstraint("tenant_id", "digest", name=op.f("uq_authority_tenant_id_digest")),
    )
    op.create_table(
        "import_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "digest", ID16, nullable=False, comment="which file: 16 bytes of SHA-256 of its content"
        ),
        sa.Column("line", sa.BigInteger(), nullable=False, comment="lines done, to go on from"),
        sa.Column("stored", sa.BigInteger(), nullable=False, comment="statements stored so far"),
        sa.Column(
            "duplicate", sa.BigInteger(), nullable=False, comment="statements that were there"
        ),
        sa.Column("rejected", sa.BigInteger(), nullable=False, comment="statements refused so far"),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_import_state")),
    )
    op.create_table(
        "ref",
        sa.Column(
            "term_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="what is named"
        ),
        sa.Column(
            "scope", sa.SmallInteger(), nullable=False, comment="found directly or as related"
        ),
        sa.Column(
            "seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="which statement"
        ),
        sa.Column(
            "verb_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="verb of the statement, or of one it points to, for filters on both",
        ),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "roles",
            sa.Integer(),
            nullable=False,
            comment="bits: as what the statement names it; 0: only a statement it points to does",
        ),
        sa.PrimaryKeyConstraint("term_id", "scope", "seq", "verb_id", name=op.f("pk_ref")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refused",
        sa.Column("id", COUNTER, nullable=False, comment="number of the refusal"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "key_id",
            sa.Integer(),
            nullable=True,
            comment="access key it came with; empty: an import",
        ),
        sa.Column("refused_at", sa.BigInteger(), nullable=False, comment="when"),
        sa.Column(
            "origin", sa.Text(), nullable=False, comment="`http`, or the file and line it came from"
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="code of the error"),
        sa.Column("path", sa.Text(), nullable=True, comment="JSON path of the fault"),
        sa.Column("message", sa.Text(), nullable=False, comment="what is wrong"),
        sa.Column("digest", ID16, nullable=False, comment="16 bytes of SHA-256, to be unique by"),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="what was refused, as it was received"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused")),
        sa.UniqueConstraint(
            "tenant_id", "origin", "digest", name=op.f("uq_refused_tenant_id_origin_digest")
        ),
    )
    op.create_index(
        op.f("ix_refused_tenant_id_refused_at"),
        "refused",
        ["tenant_id", "refused_at"],
        unique=False,
    )
    op.create_table(
        "statement",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="order of commit"
        ),
        sa.Column("statement_id", ID16, nullable=False, comment="the UUID"),
        sa.Column(
            "stored_at", sa.BigInteger(), nullable=False, comment="`stored`; never falls along seq"
        ),
        sa.Column("timestamp_at", sa.BigInteger(), nullable=False, comment="`timestamp`"),
        sa.Column("day_no", sa.Integer(), nullable=False, comment="day of timestamp, UTC"),
        sa.Column(
            "actor_id",
            sa.BigInteger(),
            nullable=True,
            comment="term of the actor; empty: anonymous group",
        ),
        sa.Column("verb_id", sa.BigInteger(), nullable=False, comment="term of the verb"),
        sa.Column(
            "activity_id",
            sa.BigInteger(),
            nullable=True,
            comment="term of the object, if it is an activity",
        ),
        sa.Column("authority_id", sa.Integer(), nullable=False, comment="who vouches for it"),
        sa.Column(
            "key_id",
            sa.Integer(),
            nullable=True,
            comment="access key that brought it; empty: an import",
        ),
        sa.Column("version", sa.SmallInteger(), nullable=False, comment="specification version"),
        sa.Column(
            "completion",
            sa.SmallInteger(),
            nullable=True,
            comment="result.completion: 1, 0, or empty",
        ),
        sa.Column(
            "success", sa.SmallInteger(), nullable=True, comment="result.success: 1, 0, or empty"
        ),
        sa.Column("score_scaled", sa.Double(), nullable=True, comment="result.score.scaled"),
        sa.Column("duration_s", sa.Double(), nullable=True, comment="result.duration in seconds"),
        sa.Column(
            "voided_by",
            sa.BigInteger(),
            nullable=True,
            comment="seq of the statement that voids this one",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_statement")),
        sa.UniqueConstraint(
            "tenant_id", "statement_id", name=op.f("uq_statement_tenant_id_statement_id")
        ),
    )
    op.create_index(
        op.f("ix_statement_tenant_id_stored_at"),
        "statement",
        ["tenant_id", "stored_at"],
        unique=False,
    )
    op.create_index(
        "ix_statement_voided",
        "statement",
        ["tenant_id", "voided_by"],
        unique=False,
        sqlite_where=sa.text("voided_by IS NOT NULL"),
        postgresql_where=sa.text("voided_by IS NOT NULL"),
    )
    op.create_table(
        "statement_body",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="which statement"
        ),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="the JSON as it was received, UTF-8"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_statement_body")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.Integer(), nullable=False, comment="number used in every other table"),
        sa.Column("name", sa.Text(), nullable=False, comment="name on the command line"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when it was made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
    )
    op.create_table(
        "term",
        sa.Column("id", COUNTER, nullable=False, comment="the integer used everywhere else"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "kind", sa.SmallInteger(), nullable=False, comment="agent, verb, activity, registration"
        ),
        sa.Column(
            "digest", ID16, nullable=False, comment="16 bytes of SHA-256 of value, to be unique by"
        ),
        sa.Column(
            "value", sa.Text(), nullable=False, comment="IRI, UUID, or an agent's identifier"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "digest", name=op.f("uq_term_tenant_id_kind_digest")
        ),
    )
    op.create_table(
        "statement_ref",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "target_id",
            ID16,
            nullable=False,
            comment="UUID that is pointed to, stored yet or not",
        ),
        sa.Column(
            "seq",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="the statement whose object is that StatementRef; it voids when its verb does",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "target_id", "seq", name=op.f("pk_statement_ref")),
    )
    op.create_table(
        "access_key",
        sa.Column("id", sa.Integer(), nullable=False, comment="number of the key"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data it opens"),
        sa.Column("name", sa.Text(), nullable=False, comment="what the administrator calls it"),
        sa.Column("key", sa.Text(), nullable=False, comment="the public half, sent as user name"),
        sa.Column(
            "secret_mac", sa.LargeBinary(), nullable=False, comment="HMAC-SHA256 of the secret half"
        ),
        sa.Column("scopes", sa.Text(), nullable=False, comment="xAPI scopes, parted by spaces"),
        sa.Column(
            "authority",
            sa.Text(),
            nullable=False,
            comment="agent put as authority of its statements",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when it was made"),
        sa.Column(
            "expires_at",
            sa.BigInteger(),
            nullable=True,
            comment="when it stops working; empty: never",
        ),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True, comment="when it was taken back"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_access_key_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_key")),
        sa.UniqueConstraint("key", name=op.f("uq_access_key_key")),
    )
    op.create_table(
        "definition",
        sa.Column("term_id", COUNTER, nullable=False, comment="activity or verb"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "body", sa.Text(), nullable=False, comment="merged definition or display, as JSON"
        ),
        sa.ForeignKeyConstraint(["term_id"], ["term.id"], name=op.f("fk_definition_term_id")),
        sa.PrimaryKeyConstraint("term_id", name=op.f("pk_definition")),
    )

    op.execute(
        sa.text("INSERT INTO tenant (id, name, created_at) VALUES (1, 'default', :now)").bindparams(
            now=time.time_ns() // 1000
        )
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('tenant', 'id'), 1)")
