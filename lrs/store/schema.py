"""The tables of the record store.

The body of a statement is kept as it was received; beside it stands a narrow row of what queries
and facts need. Everything a statement names (agents, verbs, activities) is an integer from ``term``,
a registration one of its own (`lrs.store.registrations`); ``ref`` says which statement names what, in the order queries read it, many in a
row where one thing is named by many (`lrs.store.runs`), and ``ref_waiting`` the same of the newest
statements, not in order yet (`lrs.store.waiting`).
``seq`` counts a tenant's statements in the order of commit: it is the order of paging.

Instants are microseconds since 1970-01-01 UTC; days are whole days since then. Every table carries
its tenant, and every column says in its comment what it is for.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rowids only for a column declared INTEGER, which holds 64 bits there.
BigCounter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# 16 bytes on both databases, not 32 or 36 letters.
Id16 = sa.LargeBinary(16).with_variant(postgresql.BYTEA(), "postgresql")


tenant = sa.Table(
    "tenant",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="number used in every other table"),
    sa.Column("name", sa.Text, nullable=False, unique=True, comment="name on the command line"),
    sa.Column("created_at", sa.BigInteger, nullable=False, comment="when it was made"),
)

access_key = sa.Table(
    "access_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="number of the key"),
    sa.Column(
        "tenant_id", sa.ForeignKey("tenant.id"), nullable=False, comment="whose data it opens"
    ),
    sa.Column("name", sa.Text, nullable=False, comment="what the administrator calls it"),
    sa.Column(
        "key", sa.Text, nullable=False, unique=True, comment="the public half, sent as user name"
    ),
    sa.Column(
        "secret_mac", sa.LargeBinary, nullable=False, comment="HMAC-SHA256 of the secret half"
    ),
    sa.Column("scopes", sa.Text, nullable=False, comment="xAPI scopes, parted by spaces"),
    sa.Column(
        "authority", sa.Text, nullable=False, comment="agent put as authority of its statements"
    ),
    sa.Column("created_at", sa.BigInteger, nullable=False, comment="when it was made"),
    sa.Column("expires_at", sa.BigInteger, comment="when it stops working; empty: never"),
    sa.Column("revoked_at", sa.BigInteger, comment="when it was taken back"),
    sa.Column(
        "lenient",
        sa.SmallInteger,
        nullable=False,
        server_default="0",
        comment="1: known faults of senders are repaired, and that is recorded",
    ),
    sa.Column(
        "partial",
        sa.SmallInteger,
        nullable=False,
        server_default="0",
        comment="1: the good statements of a batch are stored, the others refused one by one",
    ),
    sa.Column(
        "deduplicate",
        sa.SmallInteger,
        nullable=False,
        server_default="0",
        comment="1: a statement without id that was stored before is not stored again",
    ),
    sa.Column("origins", sa.Text, comment="web origins that may post with it; empty: any"),
    sa.Column("limit_per_minute", sa.Integer, comment="requests a minute; empty: no limit"),
    sa.Column("replaces", sa.Integer, comment="the key that this one takes over from"),
)

term = sa.Table(
    "term",
    metadata,
    sa.Column("id", BigCounter, primary_key=True, comment="the integer used everywhere else"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("kind", sa.SmallInteger, nullable=False, comment="agent, verb, activity"),
    sa.Column(
        "digest", Id16, nullable=False, comment="16 bytes of SHA-256 of value, to be unique by"
    ),
    sa.Column("value", sa.Text, nullable=False, comment="IRI, or an agent's identifier"),
    sa.UniqueConstraint("tenant_id", "kind", "digest"),
)

definition = sa.Table(
    "definition",
    metadata,
    sa.Column(
        "term_id",
        BigCounter,
        sa.ForeignKey("term.id"),
        primary_key=True,
        comment="activity or verb",
    ),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("body", sa.Text, nullable=False, comment="merged definition or display, as JSON"),
)

authority = sa.Table(
    "authority",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="number used in statement"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("digest", Id16, nullable=False, comment="16 bytes of SHA-256 of body"),
    sa.Column("body", sa.Text, nullable=False, comment="the agent or group, as JSON"),
    sa.UniqueConstraint("tenant_id", "digest"),
)

statement = sa.Table(
    "statement",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="order of commit"
    ),
    sa.Column("statement_id", Id16, nullable=False, comment="the UUID"),
    sa.Column(
        "stored_at", sa.BigInteger, nullable=False, comment="`stored`; never falls along seq"
    ),
    sa.Column("timestamp_at", sa.BigInteger, nullable=False, comment="`timestamp`"),
    sa.Column("day_no", sa.Integer, nullable=False, comment="day of timestamp, UTC"),
    sa.Column("actor_id", sa.BigInteger, comment="term of the actor; empty: anonymous group"),
    sa.Column("verb_id", sa.BigInteger, nullable=False, comment="term of the verb"),
    sa.Column("activity_id", sa.BigInteger, comment="term of the object, if it is an activity"),
    sa.Column("authority_id", sa.Integer, nullable=False, comment="who vouches for it"),
    sa.Column("key_id", sa.Integer, comment="access key that brought it; empty: an import"),
    sa.Column("version", sa.SmallInteger, nullable=False, comment="specification version"),
    sa.Column("completion", sa.SmallInteger, comment="result.completion: 1, 0, or empty"),
    sa.Column("success", sa.SmallInteger, comment="result.success: 1, 0, or empty"),
    sa.Column("score_scaled", sa.Double, comment="result.score.scaled"),
    sa.Column("duration_s", sa.Double, comment="result.duration in seconds"),
    sa.Column("voided_by", sa.BigInteger, comment="seq of the statement that voids this one"),
    sa.UniqueConstraint("tenant_id", "statement_id"),
    sa.Index(None, "tenant_id", "stored_at"),
    # Facts of statements that were voided later are taken back; almost no row is in this index.
    sa.Index(
        "ix_statement_voided",
        "tenant_id",
        "voided_by",
        sqlite_where=sa.text("voided_by IS NOT NULL"),
        postgresql_where=sa.text("voided_by IS NOT NULL"),
    ),
)

statement_body = sa.Table(
    "statement_body",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="which statement"
    ),
    sa.Column("body", sa.LargeBinary, nullable=False, comment="the JSON as it was received, UTF-8"),
)

ref = sa.Table(
    "ref",
    metadata,
    sa.Column(
        "term_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="what is named; below 0: a registration, which is no term",
    ),
    sa.Column("scope", sa.SmallInteger, primary_key=True, comment="found directly or as related"),
    sa.Column(
        "seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="which statement"
    ),
    sa.Column(
        "verb_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="verb of the statement, or of one it points to, for filters on both",
    ),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column(
        "roles",
        sa.Integer,
        nullable=False,
        comment="bits: as what the statement names it; 0: only a statement it points to does",
    ),
    sa.Column(
        "run",
        sa.Text,
        comment="those that the row stands for, with verbs and roles; empty: only seq",
    ),
    sqlite_with_rowid=False,
)

ref_waiting = sa.Table(
    "ref_waiting",
    metadata,
    sa.Column("id", BigCounter, primary_key=True, comment="number of the row"),
    sa.Column("term_id", sa.BigInteger, nullable=False, comment="as in ref, like the rest"),
    sa.Column("scope", sa.SmallInteger, nullable=False, comment="found directly or as related"),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="which statement"),
    sa.Column("verb_id", sa.BigInteger, nullable=False, comment="verb of the statement"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("roles", sa.Integer, nullable=False, comment="bits: as what it is named"),
    sa.Column("run", sa.Text, comment="those that the row stands for"),
)

statement_ref = sa.Table(
    "statement_ref",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "target_id", Id16, primary_key=True, comment="UUID that is pointed to, stored yet or not"
    ),
    sa.Column(
        "seq",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="the statement whose object is that StatementRef; it voids when its verb does",
    ),
)

refused = sa.Table(
    "refused",
    metadata,
    sa.Column("id", BigCounter, primary_key=True, comment="number of the refusal"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("key_id", sa.Integer, comment="access key it came with; empty: an import"),
    sa.Column("refused_at", sa.BigInteger, nullable=False, comment="when"),
    sa.Column(
        "origin", sa.Text, nullable=False, comment="`http`, or the file and line it came from"
    ),
    sa.Column("code", sa.Text, nullable=False, comment="code of the error"),
    sa.Column("path", sa.Text, comment="JSON path of the fault"),
    sa.Column("message", sa.Text, nullable=False, comment="what is wrong"),
    sa.Column("digest", Id16, nullable=False, comment="16 bytes of SHA-256, to be unique by"),
    sa.Column(
        "body", sa.LargeBinary, nullable=False, comment="what was refused, as it was received"
    ),
    sa.Column("version", sa.SmallInteger, comment="specification version it was sent under"),
    sa.Column("replayed_at", sa.BigInteger, comment="when it was stored after all"),
    sa.UniqueConstraint("tenant_id", "origin", "digest"),
    sa.Index(None, "tenant_id", "refused_at"),
)

import_state = sa.Table(
    "import_state",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "digest", Id16, primary_key=True, comment="which file: 16 bytes of SHA-256 of its content"
    ),
    sa.Column("line", sa.BigInteger, nullable=False, comment="lines done, to go on from"),
    sa.Column("stored", sa.BigInteger, nullable=False, comment="statements stored so far"),
    sa.Column("duplicate", sa.BigInteger, nullable=False, comment="statements that were there"),
    sa.Column("rejected", sa.BigInteger, nullable=False, comment="statements refused so far"),
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "kind", sa.SmallInteger, primary_key=True, comment="state, agent profile, activity profile"
    ),
    sa.Column(
        "activity_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="term of the activity; 0: none",
    ),
    sa.Column(
        "agent_id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="term of the agent; 0: none",
    ),
    sa.Column("registration", Id16, primary_key=True, comment="the UUID; no bytes: none"),
    sa.Column("digest", Id16, primary_key=True, comment="16 bytes of SHA-256 of name"),
    sa.Column("name", sa.Text, nullable=False, comment="stateId or profileId"),
    sa.Column("content_type", sa.Text, nullable=False, comment="as it was sent"),
    sa.Column("etag", sa.Text, nullable=False, comment="SHA-1 of content, in hex"),
    sa.Column("updated_at", sa.BigInteger, nullable=False, comment="when it was last changed"),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="the document"),
    # A person's documents are found, to be read out or erased, without reading the rest.
    sa.Index(None, "tenant_id", "agent_id"),
)

attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("sha2", sa.Text, primary_key=True, comment="hash of content, in lower case hex"),
    sa.Column("content_type", sa.Text, nullable=False, comment="as it was sent"),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="the attachment"),
)

attachment_use = sa.Table(
    "attachment_use",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("sha2", sa.Text, primary_key=True, comment="which attachment"),
    sa.Column(
        "seq",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="a statement that has it",
    ),
    # An attachment goes when the last statement that has it does.
    sa.Index(None, "tenant_id", "seq"),
)

repair = sa.Table(
    "repair",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column(
        "seq", sa.BigInteger, primary_key=True, autoincrement=False, comment="which statement"
    ),
    sa.Column("rules", sa.Text, nullable=False, comment="what was repaired: paths and rules, JSON"),
    sa.Column("received", sa.LargeBinary, nullable=False, comment="the statement before it"),
)

fingerprint = sa.Table(
    "fingerprint",
    metadata,
    sa.Column("tenant_id", sa.Integer, primary_key=True, comment="whose data"),
    sa.Column("key_id", sa.Integer, primary_key=True, comment="the key it came with"),
    sa.Column("digest", Id16, primary_key=True, comment="of a statement that came without id"),
    sa.Column("statement_id", Id16, nullable=False, comment="the id it was given"),
    sa.Column("seen_at", sa.BigInteger, nullable=False, comment="when it was stored"),
    sa.Index(None, "tenant_id", "seen_at"),
)

forwarding = sa.Table(
    "forwarding",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, comment="number of the target"),
    sa.Column("tenant_id", sa.Integer, nullable=False, index=True, comment="whose data"),
    sa.Column("name", sa.Text, nullable=False, comment="what the administrator calls it"),
    sa.Column("kind", sa.Text, nullable=False, comment="`xapi`, `webhook` or `pull`"),
    sa.Column("url", sa.Text, nullable=False, comment="where to, or where from"),
    sa.Column("secret_ref", sa.Text, comment="where its secret is: env:NAME or file:PATH"),
    sa.Column("user_name", sa.Text, comment="key at the other store"),
    sa.Column("filter", sa.Text, nullable=False, comment="which statements, as JSON"),
    sa.Column("enabled", sa.SmallInteger, nullable=False, comment="1: it runs"),
    sa.Column("position", sa.BigInteger, nullable=False, comment="last seq taken up, or a date"),
    sa.Column("cursor", sa.Text, comment="where pulling goes on"),
    sa.Column("created_at", sa.BigInteger, nullable=False, comment="when it was made"),
    sa.Column("last_done_at", sa.BigInteger, comment="when something last went well"),
    sa.Column("last_error", sa.Text, comment="what last went wrong"),
    sa.UniqueConstraint("tenant_id", "name"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", BigCounter, primary_key=True, comment="number of the delivery"),
    sa.Column("tenant_id", sa.Integer, nullable=False, comment="whose data"),
    sa.Column("target_id", sa.Integer, nullable=False, comment="where it is to go"),
    sa.Column("from_seq", sa.BigInteger, nullable=False, comment="first statement in it"),
    sa.Column("to_seq", sa.BigInteger, nullable=False, comment="last statement in it"),
    sa.Column("state", sa.Text, nullable=False, comment="`waiting` or `dead`"),
    sa.Column("tries", sa.Integer, nullable=False, comment="how often it was tried"),
    sa.Column("next_at", sa.BigInteger, nullable=False, comment="when it is tried next"),
    sa.Column("error", sa.Text, comment="what went wrong last"),
    sa.Column("made_at", sa.BigInteger, nullable=False, comment="when it was made"),
    sa.Index(None, "target_id", "state", "next_at"),
)
