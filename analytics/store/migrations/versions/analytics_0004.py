"""What each person had in each month, kept beside the months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "analytics_0004"
down_revision = "analytics_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of months and people as they are now; what was kept is made anew."""
    op.execute("DELETE FROM kept_outcome")
    op.drop_table("kept_month")
    op.create_table(
        "kept_month",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("period", sa.Integer(), nullable=False, comment="month, since January 1970"),
        sa.Column("units", sa.BigInteger(), nullable=False, comment="people with a record"),
        sa.PrimaryKeyConstraint("tenant_id", "metric_id", "period", name=op.f("pk_kept_month")),
    )
    op.drop_table("kept_seen")
    op.create_table(
        "kept_seen",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("unit_id", sa.BigInteger(), nullable=False, comment="of which person"),
        sa.Column("months", sa.BigInteger(), nullable=False, comment="a bit a month with a record"),
        sa.Column(
            "nums",
            sa.LargeBinary(),
            nullable=False,
            comment="what was measured in each of these months, 8 bytes each",
        ),
        sa.Column("dens", sa.LargeBinary(), comment="what that is per, 8 bytes each; none: 1 each"),
        sa.PrimaryKeyConstraint("tenant_id", "metric_id", "unit_id", name=op.f("pk_kept_seen")),
        sqlite_with_rowid=False,
    )
