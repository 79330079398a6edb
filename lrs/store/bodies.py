"""How a statement's row and its body are read together."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from lrs.store.schema import statement, statement_body

OF_ITS_STATEMENT = sa.and_(
    statement_body.c.tenant_id == statement.c.tenant_id,
    statement_body.c.seq == statement.c.seq,
)
"""The condition of a join of `statement_body` to `statement`."""


def numbered(
    *, above: int | None = None, up_to: int | None = None
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions that statements joined with their bodies have numbers in these bounds.

    They are said of both. PostgreSQL may join the two in the order of their numbers, and what is
    only said of the one has it read the bodies from the tenant's first one on: all of them, for
    each page near the end.
    """
    for seq in (statement.c.seq, statement_body.c.seq):
        if above is not None:
            yield seq > above
        if up_to is not None:
            yield seq <= up_to
