"""Where what finds the newest statements waits until it is put in order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "lrs_0005"
down_revision = "lrs_0004"
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; nothing waits in it yet."""
    op.create_table(
        "ref_waiting",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("term_id", sa.BigInteger(), nullable=False, comment="as in ref, like the rest"),
        sa.Column(
            "scope", sa.SmallInteger(), nullable=False, comment="found directly or as related"
        ),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="which statement"),
        sa.Column("verb_id", sa.BigInteger(), nullable=False, comment="verb of the statement"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("roles", sa.Integer(), nullable=False, comment="bits: as what it is named"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ref_waiting")),
    )
