"""What a unit of a metric is worth at least, and at most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "connectors_0002"
down_revision = "connectors_0001"
branch_labels = None
depends_on = None

METRIC = sa.table(
    "metric",
    sa.column("value_per_unit", sa.Double),
    sa.column("value_low", sa.Double),
    sa.column("value_high", sa.Double),
)


def upgrade() -> None:
    """Add the two ends; what was one number has both ends there."""
    with op.batch_alter_table("metric", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "value_low", sa.Double(), nullable=True, comment="money a unit is worth at least"
            )
        )
        batch_op.add_column(
            sa.Column(
                "value_high", sa.Double(), nullable=True, comment="money a unit is worth at most"
            )
        )
    worth = METRIC.c.value_per_unit
    op.execute(
        sa.update(METRIC).where(worth.is_not(None)).values(value_low=worth, value_high=worth)
    )
