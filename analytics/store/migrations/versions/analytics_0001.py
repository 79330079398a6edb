"""Activity facts and the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "analytics_0001"
down_revision = None
branch_labels = ("analytics",)
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRST_DAY = 0
LAST_DAY = 36525  # through 2069
AT_ONCE = 5_000  # a row at a time took PostgreSQL's driver seconds


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "activity_fact",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("actor_id", sa.BigInteger(), nullable=False, comment="term of the learner"),
        sa.Column("activity_id", sa.BigInteger(), nullable=False, comment="term of the activity"),
        sa.Column("verb_id", sa.BigInteger(), nullable=False, comment="term of the verb"),
        sa.Column("day_no", sa.Integer(), nullable=False, comment="day, UTC"),
        sa.Column("n", sa.BigInteger(), nullable=False, comment="statements"),
        sa.Column(
            "completed", sa.BigInteger(), nullable=False, comment="of them with completion true"
        ),
        sa.Column(
            "incomplete", sa.BigInteger(), nullable=False, comment="of them with completion false"
        ),
        sa.Column(
            "succeeded", sa.BigInteger(), nullable=False, comment="of them with success true"
        ),
        sa.Column("failed", sa.BigInteger(), nullable=False, comment="of them with success false"),
        sa.Column("scored", sa.BigInteger(), nullable=False, comment="of them with a scaled score"),
        sa.Column("score_sum", sa.Double(), nullable=False, comment="sum of the scaled scores"),
        sa.Column(
            "duration_s", sa.Double(), nullable=False, comment="sum of the durations, seconds"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_fact")),
    )
    op.create_index(
        op.f("ix_activity_fact_tenant_id_activity_id_actor_id"),
        "activity_fact",
        ["tenant_id", "activity_id", "actor_id"],
        unique=False,
    )
    op.create_table(
        "calendar",
        sa.Column(
            "day_no", sa.Integer(), autoincrement=False, nullable=False, comment="days since 1970"
        ),
        sa.Column("month_ix", sa.Integer(), nullable=False, comment="months since January 1970"),
        sa.PrimaryKeyConstraint("day_no", name=op.f("pk_calendar")),
    )
    op.create_index(op.f("ix_calendar_month_ix"), "calendar", ["month_ix"], unique=False)
    op.create_table(
        "fact_watermark",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="last statement the facts hold"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_fact_watermark")),
    )
    op.create_table(
        "report",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("path", sa.Text(), nullable=False, comment="key of the learning path"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="key of the metric"),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column(
            "data_state",
            sa.Text(),
            nullable=False,
            comment="what it was made from, to see it is stale",
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="the answer, as JSON"),
        sa.PrimaryKeyConstraint("tenant_id", "path", "outcome", name=op.f("pk_report")),
    )

    for first in range(FIRST_DAY, LAST_DAY, AT_ONCE):
        days = range(first, min(first + AT_ONCE, LAST_DAY))
        rows = ", ".join(f"({day_no}, {_month(day_no)})" for day_no in days)
        op.execute(f"INSERT INTO calendar (day_no, month_ix) VALUES {rows}")  # noqa: S608 - numbers


def _month(day_no: int) -> int:
    day = date(1970, 1, 1) + timedelta(days=day_no)
    return (day.year - 1970) * 12 + day.month - 1
