"""The canonical tables: people, teams and outcomes, with their history.

History is bitemporal. ``valid_from``/``valid_to`` (half-open, days since 1970-01-01) say when it was
so in the business; ``run_id``/``superseded_run`` say when we came to know it, so that a report can
be made again as of an earlier day. A row in force has no ``superseded_run``. ``basis`` tells how the
date is known: from the source, observed by us, or assumed.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from lrs.store.schema import BigCounter, Id16, metadata


def _tenant() -> sa.Column[int]:
    return sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data")


def _number() -> sa.Column[int]:
    return sa.Column("id", BigCounter, primary_key=True, comment="number of the row")


def _person() -> sa.Column[int]:
    return sa.Column("person_id", sa.BigInteger, nullable=False, index=True, comment="whose it is")


def _provenance() -> tuple[sa.Column[Any], ...]:
    """Where a row came from, and from which run to which run it was believed."""
    return (
        sa.Column("source", sa.Text, nullable=False, comment="the system it came from"),
        sa.Column("stream", sa.Text, nullable=False, comment="the file or list within the system"),
        sa.Column("source_key", sa.Text, nullable=False, comment="the record's own key there"),
        sa.Column("raw_hash", Id16, nullable=False, comment="16 bytes of SHA-256 of the record"),
        sa.Column("run_id", sa.BigInteger, nullable=False, comment="the run that brought it"),
        sa.Column(
            "superseded_run", sa.BigInteger, comment="the run that replaced it; empty: in force"
        ),
    )


def _validity() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("valid_from", sa.Integer, nullable=False, comment="first day it holds"),
        sa.Column("valid_to", sa.Integer, comment="first day it no longer holds; empty: still"),
        sa.Column(
            "basis", sa.Text, nullable=False, comment="date known how: source, observed, assumed"
        ),
    )


sync_run = sa.Table(
    "sync_run",
    metadata,
    _number(),
    _tenant(),
    sa.Column("source", sa.Text, nullable=False, comment="the system"),
    sa.Column("stream", sa.Text, nullable=False, comment="the file or list"),
    sa.Column("started_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column("ended_at", sa.BigInteger, comment="when it was complete; empty: it broke off"),
    sa.Column("read", sa.BigInteger, nullable=False, server_default="0", comment="records read"),
    sa.Column("changed", sa.BigInteger, nullable=False, server_default="0", comment="rows written"),
    sa.Column(
        "refused", sa.BigInteger, nullable=False, server_default="0", comment="records refused"
    ),
)

sync_issue = sa.Table(
    "sync_issue",
    metadata,
    _number(),
    _tenant(),
    sa.Column("run_id", sa.BigInteger, nullable=False, index=True, comment="the run that found it"),
    sa.Column(
        "level", sa.Text, nullable=False, comment="`refused` (kept out) or `warning` (taken in)"
    ),
    sa.Column("place", sa.Text, nullable=False, comment="row and column, or record key"),
    sa.Column("message", sa.Text, nullable=False, comment="what is wrong"),
    sa.Column("raw", sa.Text, comment="the record as it came"),
)

sync_state = sa.Table(
    "sync_state",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("source", sa.Text, primary_key=True, comment="the system"),
    sa.Column("stream", sa.Text, primary_key=True, comment="the file or list"),
    sa.Column("state", sa.Text, nullable=False, comment="how far it is, as JSON, to go on from"),
)

import_mapping = sa.Table(
    "import_mapping",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("entity", sa.Text, primary_key=True, comment="`people` or `outcomes`"),
    sa.Column("layout", Id16, primary_key=True, comment="16 bytes of SHA-256 of the header"),
    sa.Column("mapping", sa.Text, nullable=False, comment="the mapping, as JSON, used next time"),
)

person = sa.Table(
    "person",
    metadata,
    _number(),
    _tenant(),
    sa.Column("source", sa.Text, nullable=False, comment="the system whose record made the person"),
    sa.Column("source_key", sa.Text, nullable=False, comment="the record's own key there"),
    sa.Column("display", sa.Text, comment="the name people know"),
    sa.Column(
        "raw_hash", Id16, comment="16 bytes of SHA-256 of the records in force; equal: no change"
    ),
    sa.Column("erased_at", sa.BigInteger, comment="when the person was erased"),
    sa.UniqueConstraint("tenant_id", "source", "source_key"),
)

identifier = sa.Table(
    "identifier",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column(
        "scheme",
        sa.Text,
        nullable=False,
        comment="native, account, employee_number, sso, mail, mail_spelling",
    ),
    sa.Column("system", sa.Text, nullable=False, comment="where it counts: a source, a home page"),
    sa.Column("normal", sa.Text, nullable=False, comment="the identifier in its normal form"),
    sa.Column("confidence", sa.Double, nullable=False, comment="0 to 1"),
    sa.Column("evidence", sa.Text, nullable=False, comment="why we hold it to be this person's"),
    sa.Column("verified_by", sa.Text, comment="who said so, if a person did"),
    *_validity(),
    *_provenance(),
    sa.Index(None, "tenant_id", "scheme", "normal"),
)

attribute = sa.Table(
    "attribute",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column("name", sa.Text, nullable=False, comment="the file's own column"),
    sa.Column("value", sa.Text, nullable=False, comment="as it came"),
    *_validity(),
    *_provenance(),
)

employment = sa.Table(
    "employment",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column("employer", sa.Text, nullable=False, server_default="", comment="which company"),
    sa.Column("type", sa.Text, comment="permanent, temporary, …"),
    sa.Column("fte", sa.Double, comment="share of full time, 0 to 1"),
    sa.Column("hours_week", sa.Double, comment="contract hours a week"),
    sa.Column("end_reason", sa.Text, comment="voluntary, involuntary, other, unknown"),
    sa.Column("original_start", sa.Integer, comment="first day ever, before any rehire"),
    sa.Column("rehire_of", sa.BigInteger, comment="the employment before this one"),
    *_validity(),
    *_provenance(),
)

job = sa.Table(
    "job",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column("title", sa.Text, comment="role"),
    sa.Column("level", sa.Text, comment="grade or band"),
    sa.Column("location", sa.Text, comment="place of work"),
    *_validity(),
    *_provenance(),
)

compensation = sa.Table(
    "compensation",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column("monthly_cost", sa.Double, nullable=False, comment="what a month costs the employer"),
    sa.Column("currency", sa.Text, comment="ISO 4217"),
    *_validity(),
    *_provenance(),
)

org_unit = sa.Table(
    "org_unit",
    metadata,
    _number(),
    _tenant(),
    sa.Column(
        "kind", sa.Text, nullable=False, comment="team, department, site, cost_centre, legal_entity"
    ),
    sa.Column("source", sa.Text, nullable=False, comment="the system it came from"),
    sa.Column("source_key", sa.Text, nullable=False, comment="its own key there"),
    sa.Column("name", sa.Text, comment="what people call it"),
    sa.Column("parent_id", sa.BigInteger, comment="the unit above"),
    sa.UniqueConstraint("tenant_id", "kind", "source_key"),
)

membership = sa.Table(
    "membership",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column(
        "unit_id", sa.BigInteger, nullable=False, index=True, comment="the team or other unit"
    ),
    sa.Column("role", sa.Text, comment="role within it"),
    sa.Column(
        "is_primary", sa.SmallInteger, nullable=False, comment="1: the one that counts in reports"
    ),
    sa.Column("fte_share", sa.Double, comment="share of the person's time"),
    *_validity(),
    *_provenance(),
)

reporting_line = sa.Table(
    "reporting_line",
    metadata,
    _number(),
    _tenant(),
    _person(),
    sa.Column(
        "manager_key", sa.Text, nullable=False, comment="the manager's own key in the source"
    ),
    sa.Column("manager_id", sa.BigInteger, comment="the manager, once known as a person"),
    *_validity(),
    *_provenance(),
)

metric = sa.Table(
    "metric",
    metadata,
    _number(),
    _tenant(),
    sa.Column("key", sa.Text, nullable=False, comment="what commands and reports call it"),
    sa.Column("name", sa.Text, nullable=False, comment="what people read"),
    sa.Column(
        "kind", sa.Text, nullable=False, comment="continuous, count, rate, binary, ordinal, …"
    ),
    sa.Column("unit", sa.Text, comment="what is counted or measured"),
    sa.Column("better", sa.Text, nullable=False, comment="up or down"),
    sa.Column("denominator", sa.Text, comment="what it is counted per"),
    sa.Column("sensitive", sa.SmallInteger, nullable=False, comment="1: health or the like"),
    sa.Column("value_per_unit", sa.Double, comment="money a unit is worth"),
    sa.Column("currency", sa.Text, comment="ISO 4217"),
    sa.Column("value_low", sa.Double, comment="money a unit is worth at least"),
    sa.Column("value_high", sa.Double, comment="money a unit is worth at most"),
    sa.UniqueConstraint("tenant_id", "key"),
)

outcome = sa.Table(
    "outcome",
    metadata,
    _number(),
    _tenant(),
    sa.Column("metric_id", sa.BigInteger, nullable=False, comment="what was measured"),
    sa.Column("person_id", sa.BigInteger, comment="of whom; empty: of a unit"),
    sa.Column("unit_id", sa.BigInteger, comment="of which team; empty: of a person"),
    sa.Column(
        "day_no", sa.Integer, nullable=False, comment="day it happened, or first of its period"
    ),
    sa.Column("period_days", sa.Integer, comment="length of the period; empty: an event"),
    sa.Column("closed_day", sa.Integer, comment="day an open case was closed"),
    sa.Column("value", sa.Double, comment="a measured value"),
    sa.Column("numerator", sa.Double, comment="a count"),
    sa.Column("denominator", sa.Double, comment="what it is counted per"),
    sa.Column("dimensions", sa.Text, comment="further columns, as JSON"),
    *_provenance(),
    sa.Index(None, "tenant_id", "metric_id", "day_no"),
    sa.Index(None, "tenant_id", "source", "stream", "source_key"),
)

learning_path = sa.Table(
    "learning_path",
    metadata,
    _number(),
    _tenant(),
    sa.Column("key", sa.Text, nullable=False, comment="what commands and reports call it"),
    sa.Column("name", sa.Text, nullable=False, comment="what people read"),
    sa.Column("complete_rule", sa.Text, nullable=False, comment="when it is done, as JSON"),
    sa.Column("cost_fixed", sa.Double, comment="once"),
    sa.Column("cost_per_learner", sa.Double, comment="each"),
    sa.Column("hours_per_learner", sa.Double, comment="time taken from work, each"),
    sa.Column("goal", sa.Text, comment="what it is meant to lead to"),
    sa.UniqueConstraint("tenant_id", "key"),
)

path_item = sa.Table(
    "path_item",
    metadata,
    _number(),
    _tenant(),
    sa.Column("path_id", sa.BigInteger, nullable=False, index=True, comment="the path"),
    sa.Column("activity", sa.Text, nullable=False, comment="IRI of an activity, or its beginning"),
    sa.Column("is_prefix", sa.SmallInteger, nullable=False, comment="1: every IRI that begins so"),
)

actor_link = sa.Table(
    "actor_link",
    metadata,
    _number(),
    _tenant(),
    sa.Column("actor_id", sa.BigInteger, nullable=False, index=True, comment="term of the agent"),
    sa.Column("person_id", sa.BigInteger, nullable=False, index=True, comment="who that is"),
    sa.Column("rule", sa.SmallInteger, nullable=False, comment="which rule of who is who, 1 to 7"),
    sa.Column("confidence", sa.Double, nullable=False, comment="0 to 1"),
    sa.Column("evidence", sa.Text, nullable=False, comment="what the rule rests on"),
    sa.Column(
        "valid_from", sa.Integer, nullable=False, comment="first day the identifier was theirs"
    ),
    sa.Column("valid_to", sa.Integer, comment="first day it no longer was; empty: still"),
    sa.Column("decided_by", sa.Text, comment="who decided, if a person did"),
    sa.Column("run_id", sa.BigInteger, nullable=False, comment="the run that found it"),
    sa.Column(
        "superseded_run", sa.BigInteger, comment="the run that took it back; empty: in force"
    ),
)

never_link = sa.Table(
    "never_link",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("actor_id", sa.BigInteger, primary_key=True, comment="term of the agent"),
    sa.Column("person_id", sa.BigInteger, primary_key=True, comment="who it is not"),
    sa.Column("decided_by", sa.Text, nullable=False, comment="who said so"),
    sa.Column("decided_at", sa.BigInteger, nullable=False, comment="when"),
)

unresolved_actor = sa.Table(
    "unresolved_actor",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "actor_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="term of a learner's agent of whom nobody knows who it is",
    ),
    sa.Column("reason", sa.Text, nullable=False, comment="`unknown`, `conflict` or `suggestion`"),
    sa.Column("evidence", sa.Text, nullable=False, comment="what stands in the way, in words"),
    sa.Column("candidates", sa.Text, nullable=False, comment="numbers of persons, as JSON"),
    sa.Column("run_id", sa.BigInteger, nullable=False, comment="the run that found it"),
)
