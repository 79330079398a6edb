"""What goes to PostgreSQL together: in order, whole or not at all, and the connection is fit after it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lrs.errors import StoreUnavailable
from lrs.settings import Settings
from lrs.store.arrays import inserting
from lrs.store.asking import Question, ask
from lrs.store.bulk import Insert, insert_all
from lrs.store.database import Database
from lrs.store.schema import metadata, tenant

_OWN = sa.func.pg_backend_pid()
_NAMES = ("id", "name", "created_at")
_GIVEN = sa.select(sa.bindparam("given", type_=sa.Text).label("given"))


@pytest.fixture
def database(make_settings: Callable[..., Settings]) -> Any:
    opened = Database(make_settings("postgresql"))
    yield opened
    opened.close()


def _tenants(*numbers: int) -> Insert:
    rows = [value for n in numbers for value in (n, f"tenant {n}", n)]
    return Insert(tenant, _NAMES, rows)


def _insert(
    database: Database, *inserts: Insert, ends: bool = False, then: type[Exception] | None = None
) -> None:
    with database.write() as conn:
        insert_all(conn, inserts, ends=ends)
        if then is not None:
            raise then


def _backend(database: Database) -> int:
    with database.read() as conn:
        return int(conn.execute(sa.select(_OWN)).scalar_one())


def _numbers(database: Database) -> list[int]:
    with database.read() as conn:
        query = sa.select(tenant.c.id).where(tenant.c.id >= 100).order_by(tenant.c.id)
        return list(conn.execute(query).scalars())


@pytest.mark.parametrize(
    ("kind", "given", "back"),
    [
        (sa.BigInteger, 2**62, 2**62),
        (sa.Text, "på “nl”", "på “nl”"),
        (sa.Text, None, None),
        (sa.LargeBinary, b"\x00\xff", b"\x00\xff"),
        (postgresql.ARRAY(sa.BigInteger), [1, -2, 2**62], [1, -2, 2**62]),
        (postgresql.ARRAY(sa.SmallInteger), [1, -2], [1, -2]),
        (postgresql.ARRAY(postgresql.BYTEA), [b"", b"\x00\xff"], [b"", b"\x00\xff"]),
        (postgresql.ARRAY(sa.Text), ["a", "", "å{},\\"], ["a", "", "å{},\\"]),
        (postgresql.ARRAY(sa.Text), [], []),
    ],
)
def test_a_value_arrives_as_it_was_sent(
    database: Database, kind: Any, given: Any, back: Any
) -> None:
    query = sa.select(sa.bindparam("given", type_=kind).label("given"))
    with database.read() as conn:
        assert ask(conn, [Question(query, {"given": given})]) == [[(back,)]]


def test_answers_stand_in_the_order_of_the_questions(database: Database) -> None:
    query = sa.select(tenant.c.id).where(
        tenant.c.id == sa.any_(sa.bindparam("wanted", type_=postgresql.ARRAY(sa.Integer)))
    )
    with database.write() as conn:
        insert_all(conn, [_tenants(100, 101, 102)])
        asked = [
            Question(query, {"wanted": [102]}),
            Question(query, {"wanted": []}),
            Question(_GIVEN, {"given": "x"}),
            Question(query, {"wanted": [100]}),
        ]
        assert ask(conn, asked) == [[(102,)], [], [("x",)], [(100,)]]


def test_what_is_larger_than_any_buffer_goes_both_ways(database: Database) -> None:
    large = "x" * 8_000_000
    with database.read() as conn:
        answers = ask(conn, [Question(_GIVEN, {"given": large})] * 3)
    assert [len(rows[0][0]) for rows in answers] == [8_000_000] * 3


@pytest.mark.parametrize("rows", [(100,), (100, 101)])
def test_a_failed_one_undoes_those_before_it(database: Database, rows: tuple[int, ...]) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        _insert(database, _tenants(*rows), _tenants(*rows), ends=True)
    assert _numbers(database) == []
    _insert(database, _tenants(*rows))
    assert _numbers(database) == list(rows)


def test_the_end_may_go_along(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        _insert(database, _tenants(100), then=ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        _insert(database, _tenants(101), ends=True, then=ZeroDivisionError)  # comes too late
    assert _numbers(database) == [101]


def test_what_the_commit_itself_meets_is_told_and_undoes_all(database: Database) -> None:
    with database.write() as conn:
        conn.exec_driver_sql(
            "CREATE TABLE late (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)"
        )
    numbers = [sa.text(f"INSERT INTO late VALUES ({number})") for number in (1, 2, 1)]

    def insert(queries: Sequence[sa.TextClause]) -> None:
        with database.write() as conn:
            ask(conn, [Question(query, {}) for query in queries], ends=True)

    with pytest.raises(sa.exc.IntegrityError):
        insert(numbers)
    insert(numbers[:2])
    with pytest.raises(sa.exc.IntegrityError):
        insert(numbers[2:])
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT id FROM late ORDER BY id").scalars().all() == [1, 2]


@pytest.mark.parametrize("known", ["some", "none"])
@pytest.mark.parametrize("begun", ["by us", "by the driver"])
def test_what_the_driver_forgot_is_prepared_once_more(
    database: Database, begun: str, known: str
) -> None:
    """After a rollback the driver has all forgotten that was prepared on the connection."""
    later = Question(sa.select(sa.bindparam("n", type_=sa.Integer).label("n")), {"n": 7})
    with database.write() as conn:
        asked = [Question(_GIVEN, {"given": "x"}), later]
        assert ask(conn, asked) == [[("x",)], [(7,)]]
    with database.engine.connect() as conn:  # the same one: it is the only one in the pool
        for _ in range(10):  # so often that the driver prepares it, too
            conn.execute(sa.select(sa.func.count()).select_from(tenant))
        conn.rollback()
        if begun == "by the driver":
            conn.execute(sa.select(sa.func.count()).select_from(tenant))
        first = _GIVEN if known == "some" else _GIVEN.add_columns(sa.literal(1).label("one"))
        ((row,),) = ask(conn, [Question(first, {"given": "y"})])
        assert row[0] == "y"
        assert ask(conn, [later]) == [[(7,)]]
        conn.commit()


def test_a_connection_that_breaks_is_told_plainly_and_replaced(database: Database) -> None:
    def end() -> None:
        with database.write() as conn:
            insert_all(conn, [_tenants(100)])
            ask(conn, [Question(sa.select(sa.func.pg_terminate_backend(_OWN)), {})])

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            end()
        assert _numbers(database) == []


@pytest.mark.parametrize("after_s", [0.0005, 0.002, 0.3])
def test_an_interrupt_undoes_at_once_and_leaves_the_connection_fit(
    database: Database, after_s: float
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def work() -> None:
        with database.write() as conn:
            insert_all(conn, [_tenants(100)])
            signal.setitimer(signal.ITIMER_REAL, after_s)
            for _ in range(1_000):
                ask(conn, [Question(_GIVEN, {"given": "x"})] * 3)
            ask(conn, [Question(sa.select(sa.func.pg_sleep(30)), {})])

    connected = _backend(database)
    former = signal.signal(signal.SIGALRM, stop)
    try:
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            work()
        assert time.monotonic() - began < 20
    finally:
        signal.signal(signal.SIGALRM, former)
    assert _backend(database) == connected
    _insert(database, _tenants(101))
    assert _numbers(database) == [101]


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_there_is_a_way_to_write_every_column(table: sa.Table) -> None:
    names = tuple(column.name for column in table.columns)
    for rows in (1, 2):
        sent = inserting(Insert(table, names, [None] * len(names) * rows))
        assert len(sent.values) == len(names)
