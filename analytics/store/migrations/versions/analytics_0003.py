"""Outcomes by team and month, kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "analytics_0003"
down_revision = "analytics_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "kept_outcome",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column(
            "whole",
            sa.SmallInteger(),
            nullable=False,
            comment="1: all there; 0: being made, or broke off",
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of the metric then"),
        sa.Column(
            "read_as",
            sa.Text(),
            nullable=False,
            comment="how records become observations; empty: not kept",
        ),
        sa.Column(
            "first_ix", sa.Integer(), nullable=False, comment="first month, and the lowest bit's"
        ),
        sa.Column("last_ix", sa.Integer(), nullable=False, comment="last month"),
        sa.Column("upto_run", sa.BigInteger(), nullable=False, comment="newest import it knows of"),
        sa.Column(
            "upto_end",
            sa.BigInteger(),
            nullable=False,
            comment="when the last of them ended, microseconds",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "metric_id", name=op.f("pk_kept_outcome")),
    )
    op.create_table(
        "kept_month",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("period", sa.Integer(), nullable=False, comment="month, since January 1970"),
        sa.Column("units", sa.BigInteger(), nullable=False, comment="people with a record"),
        sa.Column("one_each", sa.SmallInteger(), nullable=False, comment="1: none of them has two"),
        sa.PrimaryKeyConstraint("tenant_id", "metric_id", "period", name=op.f("pk_kept_month")),
    )
    op.create_table(
        "kept_seen",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("unit_id", sa.BigInteger(), nullable=False, comment="of which person"),
        sa.Column("months", sa.BigInteger(), nullable=False, comment="a bit a month with a record"),
        sa.PrimaryKeyConstraint("tenant_id", "metric_id", "unit_id", name=op.f("pk_kept_seen")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kept_cell",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("period", sa.Integer(), nullable=False, comment="month, since January 1970"),
        sa.Column("unit_id", sa.BigInteger(), nullable=False, comment="of which team's people"),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="people observed"),
        sa.Column("num", sa.Double(), nullable=False, comment="sum of what was measured"),
        sa.Column("den", sa.Double(), nullable=False, comment="sum of what it is per"),
        sa.Column("num2", sa.Double(), nullable=False, comment="sum of num × num / den"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "metric_id", "period", "unit_id", name=op.f("pk_kept_cell")
        ),
        sqlite_with_rowid=False,
    )
