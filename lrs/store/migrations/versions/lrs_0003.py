"""Attachments, each kept once, and the statements that have them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "lrs_0003"
down_revision = "lrs_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of attachments."""
    op.create_table(
        "attachment",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("sha2", sa.Text(), nullable=False, comment="hash of content, in lower case hex"),
        sa.Column("content_type", sa.Text(), nullable=False, comment="as it was sent"),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="the attachment"),
        sa.PrimaryKeyConstraint("tenant_id", "sha2", name=op.f("pk_attachment")),
    )
    op.create_table(
        "attachment_use",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("sha2", sa.Text(), nullable=False, comment="which attachment"),
        sa.Column(
            "seq",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="a statement that has it",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sha2", "seq", name=op.f("pk_attachment_use")),
    )
    op.create_index(
        op.f("ix_attachment_use_tenant_id_seq"),
        "attachment_use",
        ["tenant_id", "seq"],
        unique=False,
    )
