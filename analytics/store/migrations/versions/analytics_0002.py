"""Plans and draws by lot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "analytics_0002"
down_revision = "analytics_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "plan_version",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("path", sa.Text(), nullable=False, comment="key of the learning path"),
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="1 is the first, the highest holds; none is ever changed",
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column(
            "locked", sa.SmallInteger(), nullable=False, comment="1: from here on the plan binds"
        ),
        sa.Column("reason", sa.Text(), comment="why it was changed, or what was done"),
        sa.Column("body", sa.Text(), nullable=False, comment="the plan, as JSON"),
        sa.PrimaryKeyConstraint("tenant_id", "path", "number", name=op.f("pk_plan_version")),
    )
    op.create_table(
        "start_draw",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("path", sa.Text(), nullable=False, comment="key of the learning path"),
        sa.Column(
            "number",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="1 is the first; a path that was drawn twice has a second",
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column("seed", sa.BigInteger(), nullable=False, comment="of the draw, to make it again"),
        sa.Column("reason", sa.Text(), comment="why it was drawn once more"),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="teams, what they are even in, starts; as JSON",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "path", "number", name=op.f("pk_start_draw")),
    )
