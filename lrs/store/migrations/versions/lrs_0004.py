"""What keys may be set to, repairs, fingerprints, and what goes to other stores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "lrs_0004"
down_revision = "lrs_0003"
branch_labels = None
depends_on = None

ID16 = sa.LargeBinary(16).with_variant(postgresql.BYTEA(), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and tables."""
    op.create_table(
        "delivery",
        sa.Column("id", COUNTER, nullable=False, comment="number of the delivery"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("target_id", sa.Integer(), nullable=False, comment="where it is to go"),
        sa.Column("from_seq", sa.BigInteger(), nullable=False, comment="first statement in it"),
        sa.Column("to_seq", sa.BigInteger(), nullable=False, comment="last statement in it"),
        sa.Column("state", sa.Text(), nullable=False, comment="`waiting` or `dead`"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="how often it was tried"),
        sa.Column("next_at", sa.BigInteger(), nullable=False, comment="when it is tried next"),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong last"),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="when it was made"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_delivery_target_id_state_next_at"),
            ["target_id", "state", "next_at"],
            unique=False,
        )

    op.create_table(
        "fingerprint",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("key_id", sa.Integer(), nullable=False, comment="the key it came with"),
        sa.Column("digest", ID16, nullable=False, comment="of a statement that came without id"),
        sa.Column("statement_id", ID16, nullable=False, comment="the id it was given"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="when it was stored"),
        sa.PrimaryKeyConstraint("tenant_id", "key_id", "digest", name=op.f("pk_fingerprint")),
    )
    with op.batch_alter_table("fingerprint", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_fingerprint_tenant_id_seen_at"), ["tenant_id", "seen_at"], unique=False
        )

    op.create_table(
        "forwarding",
        sa.Column("id", sa.Integer(), nullable=False, comment="number of the target"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("name", sa.Text(), nullable=False, comment="what the administrator calls it"),
        sa.Column("kind", sa.Text(), nullable=False, comment="`xapi`, `webhook` or `pull`"),
        sa.Column("url", sa.Text(), nullable=False, comment="where to, or where from"),
        sa.Column(
            "secret_ref",
            sa.Text(),
            nullable=True,
            comment="where its secret is: env:NAME or file:PATH",
        ),
        sa.Column("user_name", sa.Text(), nullable=True, comment="key at the other store"),
        sa.Column("filter", sa.Text(), nullable=False, comment="which statements, as JSON"),
        sa.Column("enabled", sa.SmallInteger(), nullable=False, comment="1: it runs"),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="last seq taken up, or a date"
        ),
        sa.Column("cursor", sa.Text(), nullable=True, comment="where pulling goes on"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when it was made"),
        sa.Column(
            "last_done_at", sa.BigInteger(), nullable=True, comment="when something last went well"
        ),
        sa.Column("last_error", sa.Text(), nullable=True, comment="what last went wrong"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwarding")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_forwarding_tenant_id_name")),
    )
    with op.batch_alter_table("forwarding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_forwarding_tenant_id"), ["tenant_id"], unique=False)

    op.create_table(
        "repair",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="which statement"
        ),
        sa.Column(
            "rules", sa.Text(), nullable=False, comment="what was repaired: paths and rules, JSON"
        ),
        sa.Column("received", sa.LargeBinary(), nullable=False, comment="the statement before it"),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_repair")),
    )
    with op.batch_alter_table("access_key", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "lenient",
                sa.SmallInteger(),
                server_default="0",
                nullable=False,
                comment="1: known faults of senders are repaired, and that is recorded",
            )
        )
        batch_op.add_column(
            sa.Column(
                "partial",
                sa.SmallInteger(),
                server_default="0",
                nullable=False,
                comment="1: the good statements of a batch are stored, the others refused one by one",
            )
        )
        batch_op.add_column(
            sa.Column(
                "deduplicate",
                sa.SmallInteger(),
                server_default="0",
                nullable=False,
                comment="1: a statement without id that was stored before is not stored again",
            )
        )
        batch_op.add_column(
            sa.Column(
                "origins",
                sa.Text(),
                nullable=True,
                comment="web origins that may post with it; empty: any",
            )
        )
        batch_op.add_column(
            sa.Column(
                "limit_per_minute",
                sa.Integer(),
                nullable=True,
                comment="requests a minute; empty: no limit",
            )
        )
        batch_op.add_column(
            sa.Column(
                "replaces",
                sa.Integer(),
                nullable=True,
                comment="the key that this one takes over from",
            )
        )

    with op.batch_alter_table("refused", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "version",
                sa.SmallInteger(),
                nullable=True,
                comment="specification version it was sent under",
            )
        )
        batch_op.add_column(
            sa.Column(
                "replayed_at",
                sa.BigInteger(),
                nullable=True,
                comment="when it was stored after all",
            )
        )
