"""What the analytics keep beside the statements: sums, in integers and doubles only; and reports.

A fact row is a sum over one actor, activity, verb and day. Rows are appended by each refresh and
summed when read, so a refresh touches only what is new; voided statements are appended negative.
What an outcome comes to by team and month (`kept_*`) is made anew for the months that changed; who was
in which team, and who learned what when, is kept packed (`packed_*`), a page of many lines at a time.
"""

from __future__ import annotations

import sqlalchemy as sa

from lrs.store.schema import BigCounter, metadata

activity_fact = sa.Table(
    "activity_fact",
    metadata,
    sa.Column("id", BigCounter, primary_key=True, comment="number of the row"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("actor_id", sa.BigInteger, nullable=False, comment="term of the learner"),
    sa.Column("activity_id", sa.BigInteger, nullable=False, comment="term of the activity"),
    sa.Column("verb_id", sa.BigInteger, nullable=False, comment="term of the verb"),
    sa.Column("day_no", sa.Integer, nullable=False, comment="day, UTC"),
    sa.Column("n", sa.BigInteger, nullable=False, comment="statements"),
    sa.Column("completed", sa.BigInteger, nullable=False, comment="of them with completion true"),
    sa.Column("incomplete", sa.BigInteger, nullable=False, comment="of them with completion false"),
    sa.Column("succeeded", sa.BigInteger, nullable=False, comment="of them with success true"),
    sa.Column("failed", sa.BigInteger, nullable=False, comment="of them with success false"),
    sa.Column("scored", sa.BigInteger, nullable=False, comment="of them with a scaled score"),
    sa.Column("score_sum", sa.Double, nullable=False, comment="sum of the scaled scores"),
    sa.Column("duration_s", sa.Double, nullable=False, comment="sum of the durations, seconds"),
    sa.Index(None, "tenant_id", "activity_id", "actor_id"),
)

fact_watermark = sa.Table(
    "fact_watermark",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="last statement the facts hold"),
)

calendar = sa.Table(
    "calendar",
    metadata,
    sa.Column(
        "day_no", sa.Integer, primary_key=True, autoincrement=False, comment="days since 1970"
    ),
    sa.Column(
        "month_ix", sa.Integer, nullable=False, index=True, comment="months since January 1970"
    ),
)

report = sa.Table(
    "report",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("path", sa.Text, primary_key=True, comment="key of the learning path"),
    sa.Column("outcome", sa.Text, primary_key=True, comment="key of the metric"),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column(
        "data_state", sa.Text, nullable=False, comment="what it was made from, to see it is stale"
    ),
    sa.Column("body", sa.Text, nullable=False, comment="the answer, as JSON"),
)

kept_outcome = sa.Table(
    "kept_outcome",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("metric_id", sa.BigInteger, primary_key=True, comment="what was measured"),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column(
        "whole",
        sa.SmallInteger,
        nullable=False,
        comment="1: all there; 0: being made, or broke off",
    ),
    sa.Column("kind", sa.Text, nullable=False, comment="kind of the metric then"),
    sa.Column(
        "read_as",
        sa.Text,
        nullable=False,
        comment="how records become observations; empty: not kept",
    ),
    sa.Column("first_ix", sa.Integer, nullable=False, comment="first month, and the lowest bit's"),
    sa.Column("last_ix", sa.Integer, nullable=False, comment="last month"),
    sa.Column("upto_run", sa.BigInteger, nullable=False, comment="newest import it knows of"),
    sa.Column(
        "upto_end",
        sa.BigInteger,
        nullable=False,
        comment="when the last of them ended, microseconds",
    ),
)

kept_month = sa.Table(
    "kept_month",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("metric_id", sa.BigInteger, primary_key=True, comment="what was measured"),
    sa.Column("period", sa.Integer, primary_key=True, comment="month, since January 1970"),
    sa.Column("units", sa.BigInteger, nullable=False, comment="people with a record"),
    sa.Column("one_each", sa.SmallInteger, nullable=False, comment="1: none of them has two"),
)

kept_seen = sa.Table(
    "kept_seen",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("metric_id", sa.BigInteger, primary_key=True, comment="what was measured"),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, comment="of which person"),
    sa.Column("months", sa.BigInteger, nullable=False, comment="a bit a month with a record"),
    sa.Column(
        "nums",
        sa.LargeBinary,
        comment="what was measured in each of these months, 8 bytes each",
    ),
    sa.Column("dens", sa.LargeBinary, comment="what that is per, 8 bytes each; none: 1 each"),
    sqlite_with_rowid=False,
)

kept_cell = sa.Table(
    "kept_cell",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("metric_id", sa.BigInteger, primary_key=True, comment="what was measured"),
    sa.Column("period", sa.Integer, primary_key=True, comment="month, since January 1970"),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, comment="of which team's people"),
    sa.Column("rows", sa.BigInteger, nullable=False, comment="people observed"),
    sa.Column("num", sa.Double, nullable=False, comment="sum of what was measured"),
    sa.Column("den", sa.Double, nullable=False, comment="sum of what it is per"),
    sa.Column("num2", sa.Double, nullable=False, comment="sum of num × num / den"),
    sqlite_with_rowid=False,
)

packed_people = sa.Table(
    "packed_people",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column("made_as", sa.Text, nullable=False, comment="how it is packed"),
    sa.Column(
        "history_rows", sa.BigInteger, nullable=False, comment="rows of the staff history then"
    ),
    sa.Column("upto_run", sa.BigInteger, nullable=False, comment="newest import it knows of"),
    sa.Column(
        "upto_end",
        sa.BigInteger,
        nullable=False,
        comment="when the last of them ended, microseconds",
    ),
)

packed_learners = sa.Table(
    "packed_learners",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("path", sa.Text, primary_key=True, comment="key of the learning path"),
    sa.Column(
        "data_state", sa.Text, nullable=False, comment="what it was made from, to see it is stale"
    ),
    sa.Column("resolved", sa.BigInteger, nullable=False, comment="learners who are known people"),
    sa.Column("unresolved", sa.BigInteger, nullable=False, comment="and who are not"),
    sa.Column("completed", sa.BigInteger, nullable=False, comment="people who completed the path"),
    sa.Column("timed", sa.BigInteger, nullable=False, comment="of them with a time"),
    sa.Column("marked", sa.BigInteger, nullable=False, comment="of them with a score"),
    sa.Column("seconds", sa.Double, nullable=False, comment="sum of their times"),
    sa.Column("score_sum", sa.Double, nullable=False, comment="sum of their scores"),
    sa.Column("scored", sa.BigInteger, nullable=False, comment="how many scores that is"),
)

packed_page = sa.Table(
    "packed_page",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("stage", sa.Text, primary_key=True, comment="employed, member, basis or learner"),
    sa.Column("path", sa.Text, primary_key=True, comment="of which path; empty: of all"),
    sa.Column("page", sa.Integer, primary_key=True, comment="which, from 0"),
    sa.Column("lines", sa.Integer, nullable=False, comment="how many lines it has"),
    sa.Column(
        "body", sa.LargeBinary, nullable=False, comment="numbers, those of one column together"
    ),
)

plan_version = sa.Table(
    "plan_version",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("path", sa.Text, primary_key=True, comment="key of the learning path"),
    sa.Column(
        "number",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="1 is the first, the highest holds; none is ever changed",
    ),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column("locked", sa.SmallInteger, nullable=False, comment="1: from here on the plan binds"),
    sa.Column("reason", sa.Text, comment="why it was changed, or what was done"),
    sa.Column("body", sa.Text, nullable=False, comment="the plan, as JSON"),
)

start_draw = sa.Table(
    "start_draw",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("path", sa.Text, primary_key=True, comment="key of the learning path"),
    sa.Column(
        "number",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="1 is the first; a path that was drawn twice has a second",
    ),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when, microseconds"),
    sa.Column("seed", sa.BigInteger, nullable=False, comment="of the draw, to make it again"),
    sa.Column("reason", sa.Text, comment="why it was drawn once more"),
    sa.Column(
        "body", sa.Text, nullable=False, comment="teams, what they are even in, starts; as JSON"
    ),
)
