"""Rows of ``ref`` that stand for many statements; those that are there stand for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "lrs_0006"
down_revision = "lrs_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "ref",
        sa.Column(
            "run",
            sa.Text(),
            nullable=True,
            comment="those that the row stands for, with verbs and roles; empty: only seq",
        ),
    )
    op.add_column(
        "ref_waiting",
        sa.Column("run", sa.Text(), nullable=True, comment="those that the row stands for"),
    )
