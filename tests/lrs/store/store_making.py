"""Makes statements for the tests of the store: small, valid, each different from the last."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from lrs.store.database import Database
from lrs.store.reading import statements
from lrs.store.runs import part_around
from lrs.store.schema import ref, statement
from lrs.store.waiting import put_in_order
from lrs.store.writing import Written, write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.queries import StatementQuery
from lrs.xapi.statement import Statement
from lrs.xapi.terms import Scope, SpecVersion

AUTHORITY = {
    "objectType": "Agent",
    "account": {"homePage": "https://lrs.example.org", "name": "tests"},
}
VERBS = "http://adlnet.gov/expapi/verbs/"
TENANT = 1


def body(**given: Any) -> dict[str, Any]:
    """Return a statement as JSON: Ann passed an exam, unless told otherwise."""
    made: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": "mailto:ann@example.org"},
        "verb": {"id": VERBS + "passed"},
        "object": {"id": "https://example.org/exam"},
        "timestamp": "2026-01-05T09:30:00.000Z",
    }
    made.update(given)
    return {key: value for key, value in made.items() if value is not None}


def pointing(target: str, *, verb: str = "confirmed", **given: Any) -> dict[str, Any]:
    """Return a statement whose object is a reference to another one."""
    return body(
        verb={"id": VERBS + verb}, object={"objectType": "StatementRef", "id": target}, **given
    )


def voiding(target: str, **given: Any) -> dict[str, Any]:
    """Return a statement that voids another one."""
    return pointing(target, verb="voided", **given)


def checked(*bodies: Mapping[str, Any], version: SpecVersion = SpecVersion.V1_0) -> list[Statement]:
    """Return statements ready to be stored."""
    return check_batch(orjson.dumps(list(bodies)), version)


def write(
    database: Database,
    *bodies: Mapping[str, Any],
    tenant: int = TENANT,
    authority: Mapping[str, Any] = AUTHORITY,
    version: SpecVersion = SpecVersion.V1_0,
) -> list[Written]:
    """Store statements as a POST would."""
    sent = checked(*bodies, version=version)
    return write_statements(database, tenant, sent, authority=authority, key_id=None)


def pages(database: Database, tenant: int = TENANT, **query: Any) -> list[dict[str, Any]]:
    """Return everything that a query finds, following `more` to the end."""
    page = statements(database, tenant, StatementQuery(**query))
    found = list(page.statements)
    while page.more is not None:
        page = statements(database, tenant, None, cursor=page.more)
        found.extend(page.statements)
    return [orjson.loads(one) for one in found]


def one_by_one(database: Database) -> None:
    """Let each row of ``ref`` stand for one statement, so that a test can change what finds that."""
    with database.write() as conn:
        put_in_order(conn)
        terms = list(conn.execute(sa.select(ref.c.term_id).distinct()).scalars())
        for seq in conn.execute(sa.select(statement.c.seq)).scalars().all():
            part_around(conn, terms, map(int, Scope), seq)


def ids(found: list[dict[str, Any]]) -> list[str]:
    """Return the ids of statements."""
    return [one["id"] for one in found]
