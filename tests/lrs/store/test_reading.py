"""Pages, cursors, bounds: what is given back and what it promises."""

from __future__ import annotations

import uuid

import orjson
import pytest
import sqlalchemy as sa
from store_making import AUTHORITY, TENANT, body, checked, ids, pages, write

from lrs.access.tenants import make_tenant
from lrs.errors import BadInput
from lrs.store.cursors import Cursor, read_cursor, write_cursor
from lrs.store.database import Database
from lrs.store.reading import (
    consistent_through,
    count,
    every_statement,
    statement_by_id,
    statements,
)
from lrs.store.schema import access_key
from lrs.store.watching import latest
from lrs.store.writing import write_statements
from lrs.xapi.queries import StatementQuery
from lrs.xapi.times import instant


def test_unknown_id_is_none(database: Database) -> None:
    assert statement_by_id(database, TENANT, uuid.uuid4(), voided=False) is None


def test_statement_of_another_tenant_is_not_found(database: Database) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    sent = body()
    (written,) = write(database, sent)
    assert statement_by_id(database, other, written.id, voided=False) is None
    assert pages(database, other, agent="mbox mailto:ann@example.org") == []
    assert latest(database, other) == []
    assert list(every_statement(database, other)) == []
    with database.read() as conn:
        assert (count(conn, TENANT), count(conn, other)) == (1, 0)


def test_page_without_statements_has_no_more(database: Database) -> None:
    page = statements(database, TENANT, StatementQuery())
    assert (page.statements, page.more, page.last_stored) == ([], None, None)


def test_page_that_is_exactly_full_has_no_more(database: Database) -> None:
    write(database, *(body() for _ in range(3)))
    assert statements(database, TENANT, StatementQuery(limit=3)).more is None
    assert statements(database, TENANT, StatementQuery(limit=2)).more is not None


def test_last_stored_is_the_newest_of_the_page(database: Database) -> None:
    write(database, *(body() for _ in range(3)))
    page = statements(database, TENANT, StatementQuery(limit=2, ascending=True))
    assert page.last_stored is not None
    assert orjson.loads(page.statements[-1])["stored"] == instant(page.last_stored)


@pytest.mark.parametrize(("limit", "expected"), [(0, 4), (3, 3), (99, 6)])
def test_page_holds_what_the_caller_and_the_settings_allow(
    make_settings: object, limit: int, expected: int
) -> None:
    database = Database(make_settings("sqlite", page_size=4, page_size_max=6))  # type: ignore[operator]
    write(database, *(body() for _ in range(8)))
    page = statements(database, TENANT, StatementQuery(limit=limit))
    database.close()
    assert len(page.statements) == expected


def test_statements_stored_while_paging_do_not_move_the_pages(database: Database) -> None:
    first = [body() for _ in range(5)]
    write(database, *first)
    page = statements(database, TENANT, StatementQuery(limit=2))
    write(database, *(body() for _ in range(5)))
    seen = list(page.statements)
    while page.more is not None:
        page = statements(database, TENANT, None, cursor=page.more)
        seen += page.statements
    assert ids([orjson.loads(one) for one in seen]) == [one["id"] for one in reversed(first)]


def test_cursor_brings_its_query_along() -> None:
    asked = Cursor(
        StatementQuery(
            agent="account https://hr.example.org Åsa",
            verb="http://example.org/v",
            activity="http://example.org/a",
            registration=str(uuid.uuid4()),
            related_activities=True,
            related_agents=True,
            since=1,
            until=2,
            limit=3,
            format="ids",
            attachments=True,
            ascending=True,
        ),
        past=7,
    )
    assert read_cursor(TENANT, write_cursor(TENANT, asked)) == asked


@pytest.mark.parametrize("token", ["", "x", "é", "AAAA", "AAAAAAAAAAAAAAAAAA==", "a b", "%00"])
def test_garbled_cursor_is_bad_input(token: str) -> None:
    with pytest.raises(BadInput) as told:
        read_cursor(TENANT, token)
    assert told.value.where == "more"


def test_every_change_of_a_cursor_is_noticed() -> None:
    token = write_cursor(TENANT, Cursor(StatementQuery(limit=5), past=12))
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(BadInput):
            read_cursor(TENANT, token[:place] + other + token[place + 1 :])
        with pytest.raises(BadInput):
            read_cursor(TENANT, token[:place])


def test_cursor_of_another_tenant_is_bad_input() -> None:
    token = write_cursor(TENANT, Cursor(StatementQuery(), past=1))
    with pytest.raises(BadInput):
        read_cursor(TENANT + 1, token)


def test_since_is_exclusive_and_until_inclusive_of_stored(database: Database) -> None:
    write(database, *(body() for _ in range(3)))
    first, second, third = every_statement(database, TENANT)
    later = pages(database, since=second.stored_at)
    assert ids(later) == [str(third.id)]
    earlier = pages(database, until=second.stored_at)
    assert ids(earlier) == [str(second.id), str(first.id)]


def test_consistent_through_covers_what_is_stored(database: Database) -> None:
    write(database, body())
    (stored,) = every_statement(database, TENANT)
    assert consistent_through(database, TENANT) >= stored.stored_at


def test_consistent_through_grows_without_statements(database: Database) -> None:
    earlier = consistent_through(database, TENANT)
    assert consistent_through(database, TENANT) >= earlier > 0


def test_latest_names_the_key_and_goes_on_from_a_number(database: Database) -> None:
    with database.write() as conn:
        key = conn.execute(
            sa.insert(access_key)
            .values(
                tenant_id=TENANT,
                name="Moodle",
                key="k",
                secret_mac=b"m",
                scopes="all",
                authority="{}",
                created_at=0,
            )
            .returning(access_key.c.id)
        ).scalar_one()
    write(database, body())
    write_statements(database, TENANT, checked(body()), authority=AUTHORITY, key_id=key)
    newest, oldest = latest(database, TENANT)
    assert (newest.key_name, oldest.key_name) == ("Moodle", None)
    assert latest(database, TENANT, before=newest.seq) == [oldest]
    assert newest.body["verb"]["id"].endswith("passed")


def test_every_statement_is_in_the_order_stored(database: Database) -> None:
    sent = [body() for _ in range(7)]
    write(database, *sent)
    assert [str(one.id) for one in every_statement(database, TENANT)] == [s["id"] for s in sent]
