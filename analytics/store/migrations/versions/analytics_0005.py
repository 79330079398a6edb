"""Who was in which team, and who learned what when, packed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "analytics_0005"
down_revision = "analytics_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "packed_people",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column("made_as", sa.Text(), nullable=False, comment="how it is packed"),
        sa.Column(
            "history_rows",
            sa.BigInteger(),
            nullable=False,
            comment="rows of the staff history then",
        ),
        sa.Column("upto_run", sa.BigInteger(), nullable=False, comment="newest import it knows of"),
        sa.Column(
            "upto_end",
            sa.BigInteger(),
            nullable=False,
            comment="when the last of them ended, microseconds",
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_packed_people")),
    )
    op.create_table(
        "packed_learners",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("path", sa.Text(), nullable=False, comment="key of the learning path"),
        sa.Column(
            "data_state",
            sa.Text(),
            nullable=False,
            comment="what it was made from, to see it is stale",
        ),
        sa.Column(
            "resolved", sa.BigInteger(), nullable=False, comment="learners who are known people"
        ),
        sa.Column("unresolved", sa.BigInteger(), nullable=False, comment="and who are not"),
        sa.Column(
            "completed", sa.BigInteger(), nullable=False, comment="people who completed the path"
        ),
        sa.Column("timed", sa.BigInteger(), nullable=False, comment="of them with a time"),
        sa.Column("marked", sa.BigInteger(), nullable=False, comment="of them with a score"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="sum of their times"),
        sa.Column("score_sum", sa.Double(), nullable=False, comment="sum of their scores"),
        sa.Column("scored", sa.BigInteger(), nullable=False, comment="how many scores that is"),
        sa.PrimaryKeyConstraint("tenant_id", "path", name=op.f("pk_packed_learners")),
    )
    op.create_table(
        "packed_page",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("stage", sa.Text(), nullable=False, comment="employed, member, basis or learner"),
        sa.Column("path", sa.Text(), nullable=False, comment="of which path; empty: of all"),
        sa.Column("page", sa.Integer(), nullable=False, comment="which, from 0"),
        sa.Column("lines", sa.Integer(), nullable=False, comment="how many lines it has"),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=False,
            comment="numbers, those of one column together",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "stage", "path", "page", name=op.f("pk_packed_page")),
    )
