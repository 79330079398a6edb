"""Documents: state, agent profiles, activity profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lrs_0002"
down_revision = "lrs_0001"
branch_labels = None
depends_on = None

ID16 = sa.LargeBinary(16).with_variant(postgresql.BYTEA(), "postgresql")


def upgrade() -> None:
    """Make the table of documents."""
    op.create_table(
        "document",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "kind",
            sa.SmallInteger(),
            nullable=False,
            comment="state, agent profile, activity profile",
        ),
        sa.Column(
            "activity_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="term of the activity; 0: none",
        ),
        sa.Column(
            "agent_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="term of the agent; 0: none",
        ),
        sa.Column("registration", ID16, nullable=False, comment="the UUID; no bytes: none"),
        sa.Column("digest", ID16, nullable=False, comment="16 bytes of SHA-256 of name"),
        sa.Column("name", sa.Text(), nullable=False, comment="stateId or profileId"),
        sa.Column("content_type", sa.Text(), nullable=False, comment="as it was sent"),
        sa.Column("etag", sa.Text(), nullable=False, comment="SHA-1 of content, in hex"),
        sa.Column(
            "updated_at", sa.BigInteger(), nullable=False, comment="when it was last changed"
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="the document"),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "kind",
            "activity_id",
            "agent_id",
            "registration",
            "digest",
            name=op.f("pk_document"),
        ),
    )
    op.create_index(
        op.f("ix_document_tenant_id_agent_id"), "document", ["tenant_id", "agent_id"], unique=False
    )
