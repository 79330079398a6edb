"""How a statement's row and its body are read together."""

from __future__ import annotations

import sqlalchemy as sa

from lrs.store.schema import statement, statement_body


def body_of(statements: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return the condition that a body is that of a row of `statement`, or of some of its rows."""
    return sa.and_(
        statement_body.c.tenant_id == statements.c.tenant_id,
        statement_body.c.seq == statements.c.seq,
    )


OF_ITS_STATEMENT = body_of(statement)


def some_statements(
    tenant_id: int | sa.BindParameter[int],
    *wanted: sa.ColumnElement[bool],
    limit: int | sa.BindParameter[int],
    newest: bool = False,
) -> sa.Subquery:
    """Return the first statements that meet some conditions, or the last, to join others to.

    They are chosen before anything is joined to them. PostgreSQL may otherwise hold that few will be
    left by the joins, and then, to find a page of them, join all that the tenant has.
    """
    order = statement.c.seq.desc() if newest else statement.c.seq
    chosen = sa.select(statement).where(statement.c.tenant_id == tenant_id, *wanted)
    return chosen.order_by(order).limit(limit).subquery("some")
