"""No question about statements reads more than it needs, however many are stored before.

PostgreSQL chooses how to answer by what it knows of the tables, and chooses anew once it has counted
them: so it is asked of a full store, after `ANALYZE`, many times, and tells itself what it did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from store_making import TENANT, VERBS, body, pointing, voiding, write

from lrs.settings import Settings
from lrs.store.arrivals import first_arrival
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.importing import import_statements
from lrs.store.reading import recent_bodies, statement_by_id, statements, statements_after
from lrs.store.watching import Watch, latest
from lrs.xapi.agents import normal_form
from lrs.xapi.queries import StatementQuery

ANN, TEACHER = (
    str(normal_form({"mbox": f"mailto:{name}@example.org"})) for name in ("p3", "teacher")
)
_MADE, _TIMES = 200, 150
_STORED = _MADE * _TIMES
_FEW = 3_000
"""Rows that answering one question may read, of 30,000 statements that name 150,000 things."""
_COUNTED = 10_100
"""Rows that may be counted, to see by which filter to begin: these counts have an end."""
_AGAIN = 12
"""After so many times PostgreSQL may hold on to one plan for all values."""


class Told:
    """What PostgreSQL says of how it answered."""

    def __init__(self, database: Database) -> None:
        self.read: list[tuple[int, str]] = []

        @event.listens_for(database.engine, "connect")
        def _prepare(dbapi: Any, _record: object) -> None:
            dbapi.add_notice_handler(self._note)
            for setting in (
                "LOAD 'auto_explain'",
                "SET auto_explain.log_min_duration = 0",
                "SET auto_explain.log_analyze = on",
                "SET auto_explain.log_timing = off",
                "SET auto_explain.log_format = json",
                "SET client_min_messages = log",
            ):
                dbapi.execute(setting)
            dbapi.commit()

    def _note(self, told: Any) -> None:
        _, _, plan = told.message_primary.partition("plan:\n")
        if plan:
            found = json.loads(plan)
            self.read += [(rows, found["Query Text"]) for rows in _rows(found["Plan"])]

    def most(self, ask: Callable[[], object]) -> tuple[int, str]:
        """Return the most rows that a step read while something was asked, and of which query."""
        self.read.clear()
        for _ in range(_AGAIN):
            ask()
        assert self.read, "nothing was told"
        return max((rows, query) for rows, query in self.read if not _is_short_count(rows, query))


def _is_short_count(rows: int, query: str) -> bool:
    return query.startswith("SELECT count(*)") and "LIMIT" in query and rows < _COUNTED


def _rows(plan: dict[str, Any]) -> Iterator[int]:
    removed = sum(value for key, value in plan.items() if key.startswith("Rows Removed"))
    yield int((plan["Actual Rows"] + removed) * plan["Actual Loops"])
    for below in plan.get("Plans", ()):
        yield from _rows(below)


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    """What is stored: few name much, many name little."""
    rare = {"id": "https://example.org/rare"}
    return [
        body(
            actor={"mbox": f"mailto:p{n % 40}@example.org"},
            verb={"id": VERBS + ("passed", "failed", "experienced")[n % 3]},
            object=rare if n == 7 else {"id": f"https://example.org/exam/{n % 25}"},
            context={
                "registration": str(UUID(int=n % 50, version=4)),
                "contextActivities": {"parent": [{"id": "https://example.org/course"}]},
                "instructor": {"mbox": "mailto:teacher@example.org"},
            },
            id=None,
        )
        for n in range(_MADE)
    ]


_COPIES = (
    # The same again under other numbers and ids.
    "INSERT INTO statement (tenant_id, seq, statement_id, stored_at, timestamp_at, day_no, actor_id, "
    "verb_id, activity_id, authority_id, version) "
    "SELECT tenant_id, seq + k * :made, decode(md5(seq || '-' || k), 'hex'), stored_at + k * :made, "
    "timestamp_at, day_no, actor_id, verb_id, activity_id, authority_id, version "
    "FROM statement, generate_series(1, :times) k",
    "INSERT INTO statement_body (tenant_id, seq, body) SELECT tenant_id, seq + k * :made, body "
    "FROM statement_body, generate_series(1, :times) k",
    "INSERT INTO ref (term_id, scope, seq, verb_id, tenant_id, roles, run) "
    "SELECT term_id, scope, seq + k * :made, verb_id, tenant_id, roles, run "
    "FROM ref, generate_series(1, :times) k",
)


@pytest.fixture
def full(
    make_settings: Callable[[str], Settings], made: list[dict[str, Any]]
) -> Iterator[tuple[Database, Told]]:
    """A store with many statements, and what PostgreSQL tells of it."""
    with closing(Database(make_settings("postgresql"))) as database:
        told = Told(database)
        write(database, *made)
        with database.write() as conn:
            for copy in _COPIES:
                conn.execute(sa.text(copy), {"made": _MADE, "times": _TIMES - 1})
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            # As it does by itself, and not the small tables: they never change enough.
            conn.exec_driver_sql("ANALYZE statement, statement_body, ref, term")
        yield database, told


def _queries() -> Iterator[StatementQuery]:
    course, exam = "https://example.org/course", "https://example.org/exam/3"
    registration = str(UUID(int=9, version=4))
    for given in (
        {},
        {"verb": VERBS + "passed"},
        {"activity": exam},
        {"activity": "https://example.org/rare"},
        {"activity": course, "related_activities": True},
        {"agent": ANN},
        {"agent": TEACHER, "related_agents": True},
        {"registration": registration},
        {"agent": ANN, "verb": VERBS + "passed"},
        {"activity": course, "related_activities": True, "verb": VERBS + "failed"},
    ):
        for ascending in (False, True):
            yield StatementQuery(limit=50, ascending=ascending, **given)


def test_a_page_of_any_filter_reads_a_page(full: tuple[Database, Told]) -> None:
    database, told = full
    for query in _queries():
        assert told.most(lambda query=query: statements(database, TENANT, query)) < (_FEW,), query


def test_a_follower_reads_what_follows(full: tuple[Database, Told]) -> None:
    database, told = full
    for above in (0, _STORED // 2, _STORED - 100):

        def follow(above: int = above) -> None:
            assert statements_after(database, TENANT, above, limit=100)
            statements_after(database, TENANT, above, up_to=above + 50, limit=100)

        assert told.most(follow) < (_FEW,), above


def test_the_newest_are_read_from_the_end(full: tuple[Database, Told]) -> None:
    database, told = full

    def arrived() -> None:
        with database.read() as conn:
            assert first_arrival(conn, TENANT, above=_STORED - 10)[0] is not None

    assert told.most(arrived) < (_FEW,)
    for bounds in ({}, {"above": _STORED - 10}, {"before": _STORED // 2}, {"before": 100}):
        for watch in (Watch(), Watch(verb="passed"), Watch(actor="p3@")):
            asked = lambda watch=watch, bounds=bounds: latest(database, TENANT, watch, **bounds)  # noqa: E731
            assert told.most(asked) < (_FEW,), (watch, bounds)
    assert told.most(lambda: recent_bodies(database, TENANT, ANN)) < (_FEW,)


def test_storing_looks_only_at_what_it_meets(full: tuple[Database, Told]) -> None:
    database, told = full
    again = [body() for _ in range(20)]
    write(database, *again)
    target = again[0]["id"]

    def store() -> None:
        write(database, *(body() for _ in range(20)))
        write(database, *again)
        write(database, pointing(target))
        gone = body()
        write(database, gone)
        write(database, voiding(gone["id"]))
        assert statement_by_id(database, TENANT, UUID(target), voided=False) is not None

    assert told.most(store) < (_FEW,)


def test_a_full_check_goes_through_the_store_once(full: tuple[Database, Told]) -> None:
    database, told = full
    told.read.clear()
    check_store(database, full=True)
    pages = [rows for rows, query in told.read if "LIMIT" in query and "body" in query]
    assert len(pages) > _STORED // 1_000
    assert max(pages) < _FEW


def test_an_import_leaves_a_store_that_knows_its_size(
    make_settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    with closing(Database(make_settings("postgresql"))) as database:
        file = tmp_path / "many.ndjson"
        lines = (orjson.dumps(body(id=str(UUID(int=n, version=4)))) for n in range(10_000))
        file.write_bytes(b"\n".join(lines))
        assert import_statements(database, TENANT, file).stored == 10_000
        with database.read() as conn:
            size = sa.text("SELECT reltuples FROM pg_class WHERE relname = 'statement'")
            assert conn.execute(size).scalar_one() == 10_000
