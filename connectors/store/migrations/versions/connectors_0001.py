"""People, teams and outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "connectors_0001"
down_revision = None
branch_labels = ("connectors",)
depends_on = None

ID16 = sa.LargeBinary(16).with_variant(postgresql.BYTEA(), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "actor_link",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("actor_id", sa.BigInteger(), nullable=False, comment="term of the agent"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="who that is"),
        sa.Column(
            "rule", sa.SmallInteger(), nullable=False, comment="which rule of who is who, 1 to 7"
        ),
        sa.Column("confidence", sa.Double(), nullable=False, comment="0 to 1"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="what the rule rests on"),
        sa.Column(
            "valid_from",
            sa.Integer(),
            nullable=False,
            comment="first day the identifier was theirs",
        ),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer was; empty: still",
        ),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="who decided, if a person did"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that found it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that took it back; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actor_link")),
    )
    op.create_index(op.f("ix_actor_link_actor_id"), "actor_link", ["actor_id"], unique=False)
    op.create_index(op.f("ix_actor_link_person_id"), "actor_link", ["person_id"], unique=False)
    op.create_table(
        "attribute",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="the file's own column"),
        sa.Column("value", sa.Text(), nullable=False, comment="as it came"),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute")),
    )
    op.create_index(op.f("ix_attribute_person_id"), "attribute", ["person_id"], unique=False)
    op.create_table(
        "compensation",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column(
            "monthly_cost", sa.Double(), nullable=False, comment="what a month costs the employer"
        ),
        sa.Column("currency", sa.Text(), nullable=True, comment="ISO 4217"),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compensation")),
    )
    op.create_index(op.f("ix_compensation_person_id"), "compensation", ["person_id"], unique=False)
    op.create_table(
        "employment",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column(
            "employer", sa.Text(), server_default="", nullable=False, comment="which company"
        ),
        sa.Column("type", sa.Text(), nullable=True, comment="permanent, temporary, …"),
        sa.Column("fte", sa.Double(), nullable=True, comment="share of full time, 0 to 1"),
        sa.Column("hours_week", sa.Double(), nullable=True, comment="contract hours a week"),
        sa.Column(
            "end_reason", sa.Text(), nullable=True, comment="voluntary, involuntary, other, unknown"
        ),
        sa.Column(
            "original_start",
            sa.Integer(),
            nullable=True,
            comment="first day ever, before any rehire",
        ),
        sa.Column(
            "rehire_of", sa.BigInteger(), nullable=True, comment="the employment before this one"
        ),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employment")),
    )
    op.create_index(op.f("ix_employment_person_id"), "employment", ["person_id"], unique=False)
    op.create_table(
        "identifier",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column(
            "scheme",
            sa.Text(),
            nullable=False,
            comment="native, account, employee_number, sso, mail, mail_spelling",
        ),
        sa.Column(
            "system", sa.Text(), nullable=False, comment="where it counts: a source, a home page"
        ),
        sa.Column("normal", sa.Text(), nullable=False, comment="the identifier in its normal form"),
        sa.Column("confidence", sa.Double(), nullable=False, comment="0 to 1"),
        sa.Column(
            "evidence", sa.Text(), nullable=False, comment="why we hold it to be this person's"
        ),
        sa.Column("verified_by", sa.Text(), nullable=True, comment="who said so, if a person did"),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifier")),
    )
    op.create_index(op.f("ix_identifier_person_id"), "identifier", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_identifier_tenant_id_scheme_normal"),
        "identifier",
        ["tenant_id", "scheme", "normal"],
        unique=False,
    )
    op.create_table(
        "import_mapping",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("entity", sa.Text(), nullable=False, comment="`people` or `outcomes`"),
        sa.Column("layout", ID16, nullable=False, comment="16 bytes of SHA-256 of the header"),
        sa.Column(
            "mapping", sa.Text(), nullable=False, comment="the mapping, as JSON, used next time"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "entity", "layout", name=op.f("pk_import_mapping")),
    )
    op.create_table(
        "job",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column("title", sa.Text(), nullable=True, comment="role"),
        sa.Column("level", sa.Text(), nullable=True, comment="grade or band"),
        sa.Column("location", sa.Text(), nullable=True, comment="place of work"),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_person_id"), "job", ["person_id"], unique=False)
    op.create_table(
        "learning_path",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("key", sa.Text(), nullable=False, comment="what commands and reports call it"),
        sa.Column("name", sa.Text(), nullable=False, comment="what people read"),
        sa.Column("complete_rule", sa.Text(), nullable=False, comment="when it is done, as JSON"),
        sa.Column("cost_fixed", sa.Double(), nullable=True, comment="once"),
        sa.Column("cost_per_learner", sa.Double(), nullable=True, comment="each"),
        sa.Column(
            "hours_per_learner", sa.Double(), nullable=True, comment="time taken from work, each"
        ),
        sa.Column("goal", sa.Text(), nullable=True, comment="what it is meant to lead to"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_learning_path_tenant_id_key")),
    )
    op.create_table(
        "membership",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column("unit_id", sa.BigInteger(), nullable=False, comment="the team or other unit"),
        sa.Column("role", sa.Text(), nullable=True, comment="role within it"),
        sa.Column(
            "is_primary",
            sa.SmallInteger(),
            nullable=False,
            comment="1: the one that counts in reports",
        ),
        sa.Column("fte_share", sa.Double(), nullable=True, comment="share of the person's time"),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_index(op.f("ix_membership_unit_id"), "membership", ["unit_id"], unique=False)
    op.create_table(
        "metric",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("key", sa.Text(), nullable=False, comment="what commands and reports call it"),
        sa.Column("name", sa.Text(), nullable=False, comment="what people read"),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="continuous, count, rate, binary, ordinal, …"
        ),
        sa.Column("unit", sa.Text(), nullable=True, comment="what is counted or measured"),
        sa.Column("better", sa.Text(), nullable=False, comment="up or down"),
        sa.Column("denominator", sa.Text(), nullable=True, comment="what it is counted per"),
        sa.Column("sensitive", sa.SmallInteger(), nullable=False, comment="1: health or the like"),
        sa.Column("value_per_unit", sa.Double(), nullable=True, comment="money a unit is worth"),
        sa.Column("currency", sa.Text(), nullable=True, comment="ISO 4217"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_metric_tenant_id_key")),
    )
    op.create_table(
        "never_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("actor_id", sa.BigInteger(), nullable=False, comment="term of the agent"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="who it is not"),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="who said so"),
        sa.Column("decided_at", sa.BigInteger(), nullable=False, comment="when"),
        sa.PrimaryKeyConstraint("tenant_id", "actor_id", "person_id", name=op.f("pk_never_link")),
    )
    op.create_table(
        "org_unit",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="team, department, site, cost_centre, legal_entity",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column("source_key", sa.Text(), nullable=False, comment="its own key there"),
        sa.Column("name", sa.Text(), nullable=True, comment="what people call it"),
        sa.Column("parent_id", sa.BigInteger(), nullable=True, comment="the unit above"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_unit")),
        sa.UniqueConstraint(
            "tenant_id", "kind", "source_key", name=op.f("uq_org_unit_tenant_id_kind_source_key")
        ),
    )
    op.create_table(
        "outcome",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("metric_id", sa.BigInteger(), nullable=False, comment="what was measured"),
        sa.Column("person_id", sa.BigInteger(), nullable=True, comment="of whom; empty: of a unit"),
        sa.Column(
            "unit_id", sa.BigInteger(), nullable=True, comment="of which team; empty: of a person"
        ),
        sa.Column(
            "day_no",
            sa.Integer(),
            nullable=False,
            comment="day it happened, or first of its period",
        ),
        sa.Column(
            "period_days",
            sa.Integer(),
            nullable=True,
            comment="length of the period; empty: an event",
        ),
        sa.Column("closed_day", sa.Integer(), nullable=True, comment="day an open case was closed"),
        sa.Column("value", sa.Double(), nullable=True, comment="a measured value"),
        sa.Column("numerator", sa.Double(), nullable=True, comment="a count"),
        sa.Column("denominator", sa.Double(), nullable=True, comment="what it is counted per"),
        sa.Column("dimensions", sa.Text(), nullable=True, comment="further columns, as JSON"),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
    )
    op.create_index(
        op.f("ix_outcome_tenant_id_metric_id_day_no"),
        "outcome",
        ["tenant_id", "metric_id", "day_no"],
        unique=False,
    )
    op.create_index(
        op.f("ix_outcome_tenant_id_source_stream_source_key"),
        "outcome",
        ["tenant_id", "source", "stream", "source_key"],
        unique=False,
    )
    op.create_table(
        "path_item",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("path_id", sa.BigInteger(), nullable=False, comment="the path"),
        sa.Column(
            "activity", sa.Text(), nullable=False, comment="IRI of an activity, or its beginning"
        ),
        sa.Column(
            "is_prefix", sa.SmallInteger(), nullable=False, comment="1: every IRI that begins so"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_path_item")),
    )
    op.create_index(op.f("ix_path_item_path_id"), "path_item", ["path_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="the system whose record made the person"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("display", sa.Text(), nullable=True, comment="the name people know"),
        sa.Column(
            "raw_hash",
            ID16,
            nullable=True,
            comment="16 bytes of SHA-256 of the records in force; equal: no change",
        ),
        sa.Column(
            "erased_at", sa.BigInteger(), nullable=True, comment="when the person was erased"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint(
            "tenant_id", "source", "source_key", name=op.f("uq_person_tenant_id_source_source_key")
        ),
    )
    op.create_table(
        "reporting_line",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("person_id", sa.BigInteger(), nullable=False, comment="whose it is"),
        sa.Column(
            "manager_key", sa.Text(), nullable=False, comment="the manager's own key in the source"
        ),
        sa.Column(
            "manager_id",
            sa.BigInteger(),
            nullable=True,
            comment="the manager, once known as a person",
        ),
        sa.Column("valid_from", sa.Integer(), nullable=False, comment="first day it holds"),
        sa.Column(
            "valid_to",
            sa.Integer(),
            nullable=True,
            comment="first day it no longer holds; empty: still",
        ),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="date known how: source, observed, assumed"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column(
            "stream", sa.Text(), nullable=False, comment="the file or list within the system"
        ),
        sa.Column("source_key", sa.Text(), nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", ID16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run",
            sa.BigInteger(),
            nullable=True,
            comment="the run that replaced it; empty: in force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporting_line")),
    )
    op.create_index(
        op.f("ix_reporting_line_person_id"), "reporting_line", ["person_id"], unique=False
    )
    op.create_table(
        "sync_issue",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that found it"),
        sa.Column(
            "level",
            sa.Text(),
            nullable=False,
            comment="`refused` (kept out) or `warning` (taken in)",
        ),
        sa.Column("place", sa.Text(), nullable=False, comment="row and column, or record key"),
        sa.Column("message", sa.Text(), nullable=False, comment="what is wrong"),
        sa.Column("raw", sa.Text(), nullable=True, comment="the record as it came"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_issue")),
    )
    op.create_index(op.f("ix_sync_issue_run_id"), "sync_issue", ["run_id"], unique=False)
    op.create_table(
        "sync_run",
        sa.Column("id", COUNTER, nullable=False, comment="number of the row"),
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("source", sa.Text(), nullable=False, comment="the system"),
        sa.Column("stream", sa.Text(), nullable=False, comment="the file or list"),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="when, microseconds"),
        sa.Column(
            "ended_at",
            sa.BigInteger(),
            nullable=True,
            comment="when it was complete; empty: it broke off",
        ),
        sa.Column(
            "read", sa.BigInteger(), server_default="0", nullable=False, comment="records read"
        ),
        sa.Column(
            "changed", sa.BigInteger(), server_default="0", nullable=False, comment="rows written"
        ),
        sa.Column(
            "refused",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="records refused",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    op.create_table(
        "sync_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column("source", sa.Text(), nullable=False, comment="the system"),
        sa.Column("stream", sa.Text(), nullable=False, comment="the file or list"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="how far it is, as JSON, to go on from"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "source", "stream", name=op.f("pk_sync_state")),
    )
    op.create_table(
        "unresolved_actor",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="whose data"),
        sa.Column(
            "actor_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="term of a learner's agent of whom nobody knows who it is",
        ),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="`unknown`, `conflict` or `suggestion`"
        ),
        sa.Column(
            "evidence", sa.Text(), nullable=False, comment="what stands in the way, in words"
        ),
        sa.Column("candidates", sa.Text(), nullable=False, comment="numbers of persons, as JSON"),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="the run that found it"),
        sa.PrimaryKeyConstraint("tenant_id", "actor_id", name=op.f("pk_unresolved_actor")),
    )
