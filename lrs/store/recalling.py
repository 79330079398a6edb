"""What a server that starts remembers of what it, or another one, met before.

What senders say again and again is quick because it was met (`lrs.store.memory`, `lrs.xapi.phrases`): a server
that has just started had to look everything up again, and for its first ten thousands of statements took
a fourth more of the processor. So before it answers, it reads what was named last, and looks once more at the
statements that came last. It takes no longer for that than a second, and nothing for a new store.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from time import monotonic

import sqlalchemy as sa
import structlog

from lrs.log import fault_fields
from lrs.store.bodies import body_of, some_statements
from lrs.store.database import Database
from lrs.store.memory import MOST_DEFINITIONS, MOST_TERMS
from lrs.store.schema import definition, statement_body, tenant, term
from lrs.xapi.glancing import glanced
from lrs.xapi.naming import mark_of
from lrs.xapi.terms import SpecVersion

_OF_ALL = 0.8
"""So much of what may be remembered is, and there is room for what comes."""
_STATEMENTS = 6_000
_WITHIN_S = 1.0
_AT_ONCE = 1_000
_log = structlog.get_logger("lrs.store")


def recall(database: Database) -> None:
    """Remember what was named last, and the phrases said last; whatever fails is met later."""
    until = monotonic() + _WITHIN_S
    try:
        _recall_terms(database)
        _recall_definitions(database)
        for version, body in chain.from_iterable(_newest(database)):
            if monotonic() > until:
                return
            glanced(bytes(body), SpecVersion(version))
    except Exception as exc:  # a server that remembers nothing serves as well
        _log.warning("not_recalled", **fault_fields(exc))


def _recall_terms(database: Database) -> None:
    newest = sa.select(term.c.tenant_id, term.c.kind, term.c.value, term.c.id)
    newest = newest.order_by(term.c.id.desc()).limit(int(MOST_TERMS * _OF_ALL))
    with database.read() as conn:
        for tenant_id, kind, value, number in reversed(conn.execute(newest).all()):
            database.memory.terms.put((tenant_id, kind, value), number)


def _recall_definitions(database: Database) -> None:
    newest = sa.select(definition.c.term_id, definition.c.body)
    newest = newest.order_by(definition.c.term_id.desc()).limit(int(MOST_DEFINITIONS * _OF_ALL))
    with database.read() as conn:
        for number, body in reversed(conn.execute(newest).all()):
            database.memory.definitions.put(number, mark_of(body.encode()))


def _newest(database: Database) -> Iterator[list[tuple[int, bytes]]]:
    """Yield versions and bodies of the last statements of each tenant, as many of one as of another."""
    with database.read() as conn:
        tenants = conn.execute(sa.select(tenant.c.id).limit(_STATEMENTS)).scalars().all()
        for tenant_id in tenants:
            chosen = some_statements(tenant_id, limit=_STATEMENTS // len(tenants), newest=True)
            bodies = sa.select(chosen.c.version, statement_body.c.body)
            rows = conn.execute(bodies.join(statement_body, body_of(chosen)))
            while some := [(version, body) for version, body in islice(rows, _AT_ONCE)]:
                yield some
