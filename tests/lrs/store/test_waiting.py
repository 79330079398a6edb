"""What finds the newest statements is asked wherever it lies, and put in order in good time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from store_making import TENANT, VERBS, body, ids, one_by_one, pages, pointing, voiding, write

from lrs.errors import StoreFull
from lrs.settings import Settings
from lrs.store import waiting
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.reading import recent_bodies
from lrs.store.runs import each_named
from lrs.store.schema import ref, ref_waiting
from lrs.xapi.agents import normal_form

_ANN, _BO = ({"mbox": f"mailto:{name}@example.org"} for name in ("ann", "bo"))
_EXAM, _COURSE = (f"https://example.org/{name}" for name in ("exam", "course"))
_VISIT = str(uuid.uuid4())
_QUERIES = (
    {},
    {"verb": VERBS + "failed"},
    {"agent": normal_form(_ANN)},
    {"agent": normal_form(_ANN), "related_agents": True},
    {"activity": _COURSE},
    {"activity": _COURSE, "related_activities": True, "verb": VERBS + "failed"},
    {"registration": _VISIT, "agent": normal_form(_BO)},
)


def _rows(database: Database, table: sa.Table) -> int:
    with database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _named(database: Database) -> int:
    with database.read() as conn:
        named = sa.select(sa.func.count()).select_from(each_named(conn.dialect.name))
        return int(conn.execute(named).scalar_one())


def _order(database: Database) -> None:
    with database.write() as conn:
        waiting.put_in_order(conn)


def _varied(number: int) -> dict[str, object]:
    return body(
        actor=_ANN if number % 3 else _BO,
        verb={"id": VERBS + ("failed" if number % 2 else "passed")},
        object={"id": _COURSE if number % 5 else _EXAM},
        context={
            "instructor": _ANN,
            "contextActivities": {"parent": [{"id": _COURSE}]},
            "registration": _VISIT if number % 4 else str(uuid.uuid4()),
        },
    )


def _soon(met: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not met() and time.monotonic() < until:
        time.sleep(0.01)
    return met()


@pytest.mark.parametrize("ordered", [0, 7, 20, 40])
@pytest.mark.parametrize("ascending", [False, True])
def test_every_query_finds_what_waits_beside_what_does_not(
    database: Database, ordered: int, ascending: bool
) -> None:
    sent = [_varied(number) for number in range(40)]
    write(database, *sent[:ordered])
    _order(database)
    write(database, *sent[ordered:])
    told = [
        [ids(pages(database, limit=limit, ascending=ascending, **query)) for limit in (3, 100)]
        for query in _QUERIES
    ]
    _order(database)
    for (few, many), query in zip(told, _QUERIES, strict=True):
        assert few == many == ids(pages(database, ascending=ascending, **query))
        assert many


def test_many_that_wait_are_put_in_order_by_those_who_write(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 30)
    left = []
    for number in range(20):
        write(database, _varied(number))
        left.append(_rows(database, ref_waiting))
    assert max(left) < 30
    assert _named(database) > 60
    assert check_store(database, full=True).faults == []


@pytest.mark.parametrize("ordered", [False, True])
def test_a_check_reads_what_waits(database: Database, ordered: bool) -> None:
    for number in range(5):
        write(database, _varied(number))
    if ordered:
        one_by_one(database)
    assert check_store(database, full=True).faults == []
    with database.write() as conn:
        table = ref if ordered else waiting.goes_to(conn)
        conn.execute(sa.delete(table).where(table.c.seq == 3))
    faults = check_store(database, full=True).faults
    assert any(fault.startswith("statements that their own verb does not find") for fault in faults)
    assert any(fault.startswith("rows of ref that are missing") for fault in faults)


def test_a_statement_about_another_one_is_found_by_both(database: Database) -> None:
    first = body(verb={"id": VERBS + "failed"})
    about, voids = pointing(first["id"], actor=_BO), voiding(first["id"], actor=_BO)
    for one in (first, about, voids):
        write(database, one)
    assert ids(pages(database, verb=VERBS + "failed")) == [voids["id"], about["id"]]
    assert check_store(database, full=True).faults == []


def test_the_newest_of_an_agent_are_told_while_they_wait(database: Database) -> None:
    write(database, body(actor=_BO))
    _order(database)
    write(database, body(actor=_BO), body(actor=_ANN))
    assert len(recent_bodies(database, TENANT, str(normal_form(_BO)))) == 2


def test_a_server_puts_in_order_what_waits_while_nobody_writes(database: Database) -> None:
    write(database, *map(_varied, range(5)))
    stop = waiting.start(database, look_s=0.01)
    try:
        assert _soon(lambda: _rows(database, ref_waiting) == 0)
        assert _named(database) > 20
        write(database, _varied(5))
        assert _soon(lambda: _rows(database, ref_waiting) == 0)
    finally:
        stop()
    assert len(pages(database)) == 6


@pytest.mark.parametrize("came", [-1, 0, 1, waiting._BUSY, waiting._BUSY + 1])
def test_where_much_comes_it_is_left_to_those_who_write(
    make_settings: Callable[..., Settings], came: int
) -> None:
    database = Database(make_settings("sqlite"))
    write(database, *map(_varied, range(5)))
    number = _rows(database, ref_waiting)
    few = 0 <= came <= waiting._BUSY
    assert waiting._put_few_in_order(database, number - came) == (0 if few else number)
    assert _rows(database, ref_waiting) == (0 if few else number)
    database.close()


def test_what_cannot_be_put_in_order_is_found_where_it_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def full(conn: sa.Connection) -> None:
        tried.append(conn)
        raise StoreFull("no room left", hint="free some room")

    monkeypatch.setattr(waiting, "put_in_order", full)
    write(database, body(actor=_BO))
    stop = waiting.start(database, look_s=0.01)
    try:
        assert _soon(lambda: bool(tried) or not database.is_sqlite)
        assert len(pages(database, agent=normal_form(_BO))) == 1
    finally:
        stop()
