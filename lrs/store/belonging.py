"""What belongs to what: columns whose every value names a row of another table.

Most of these are no foreign keys of the database: to ask for each row again, while it is written,
that the term it was just given exists would cost every post. `verkan db check` asks instead. A
plug-in names a list of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.store.runs import each_named
from lrs.store.schema import (
    access_key,
    attachment,
    attachment_use,
    authority,
    definition,
    delivery,
    document,
    fingerprint,
    forwarding,
    ref,
    ref_waiting,
    refused,
    repair,
    statement,
    statement_body,
    statement_ref,
    term,
)


class Belongs(NamedTuple):
    """Every value of ``column`` is one of ``to``, in a row of the same tenant."""

    column: sa.Column[Any]
    to: sa.Column[Any]
    above: int | None = None
    """Only values above it name a row; an empty column never does."""
    rows: Callable[[str], sa.FromClause] | None = None
    """By the name of the database's dialect: the rows, where those of the table stand for many."""

    @property
    def told(self) -> str:
        """Return what the rows are that belong to nothing."""
        return f"rows of {self.column.table.name} without their {self.to.table.name} ({self.column.name})"

    def orphans(self, dialect: str) -> sa.Select[Any]:
        """Return the query for rows whose value is not there."""
        rows = self.column.table if self.rows is None else self.rows(dialect)
        column, other = rows.c[self.column.name], self.to.table.alias()
        there = other.c[self.to.name] == column
        if "tenant_id" in other.c:
            there &= other.c.tenant_id == rows.c.tenant_id
        query = sa.select(sa.literal(1).label("one")).select_from(rows)
        query = query.where(column.is_not(None), ~sa.exists().where(there).correlate(rows))
        return query if self.above is None else query.where(column > self.above)


_each_waiting = partial(each_named, table=ref_waiting)

BELONGING = (
    Belongs(access_key.c.replaces, access_key.c.id),
    Belongs(definition.c.term_id, term.c.id),
    Belongs(statement.c.seq, statement_body.c.seq),
    Belongs(statement.c.actor_id, term.c.id),
    Belongs(statement.c.verb_id, term.c.id),
    Belongs(statement.c.activity_id, term.c.id),
    Belongs(statement.c.authority_id, authority.c.id),
    Belongs(statement.c.key_id, access_key.c.id),
    Belongs(statement.c.voided_by, statement.c.seq),
    Belongs(statement_body.c.seq, statement.c.seq),
    Belongs(ref.c.seq, statement.c.seq, rows=each_named),
    Belongs(ref.c.term_id, term.c.id, above=0),
    Belongs(ref.c.verb_id, term.c.id, rows=each_named),
    Belongs(ref_waiting.c.seq, statement.c.seq, rows=_each_waiting),
    Belongs(ref_waiting.c.term_id, term.c.id, above=0),
    Belongs(ref_waiting.c.verb_id, term.c.id, rows=_each_waiting),
    Belongs(statement_ref.c.seq, statement.c.seq),
    Belongs(refused.c.key_id, access_key.c.id),
    Belongs(document.c.activity_id, term.c.id, above=0),
    Belongs(document.c.agent_id, term.c.id, above=0),
    Belongs(attachment.c.sha2, attachment_use.c.sha2),
    Belongs(attachment_use.c.sha2, attachment.c.sha2),
    Belongs(attachment_use.c.seq, statement.c.seq),
    Belongs(repair.c.seq, statement.c.seq),
    Belongs(fingerprint.c.key_id, access_key.c.id),
    Belongs(fingerprint.c.statement_id, statement.c.statement_id),
    Belongs(delivery.c.target_id, forwarding.c.id),
)
