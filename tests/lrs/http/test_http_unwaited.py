"""What the thread that reads has stored while it goes on, and what it leaves to others."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import orjson
import pytest
import sqlalchemy as sa
from wiring import a_statement, new_id

from lrs.errors import VerkanError
from lrs.http.unwaited import Unwaiting, Ways
from lrs.settings import Settings
from lrs.store import writing
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.rows import Incoming
from lrs.store.schema import statement
from lrs.store.turns import Turn, take_turn
from lrs.store.writing import Batch, prepare, write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.statement import Statement
from lrs.xapi.terms import SpecVersion

TENANT, OTHER_TENANT = 1, 2
AUTHORITY = {"objectType": "Agent", "mbox": "mailto:tests@example.org"}


def body(**given: Any) -> dict[str, Any]:
    return a_statement(id=new_id(), **given)


def checked(*bodies: dict[str, Any]) -> list[Statement]:
    return check_batch(orjson.dumps(bodies), SpecVersion.V1_0)


def write(database: Database, *bodies: dict[str, Any]) -> None:
    write_statements(database, TENANT, checked(*bodies), authority=AUTHORITY, key_id=1)


class Sent(NamedTuple):
    """What somebody sent."""

    incoming: list[Incoming]
    key_id: int = 1
    batch: Batch | None = None


class Around:
    """The server around it: its connections, and what it was told."""

    def __init__(self, database: Database) -> None:
        self.connections: dict[int, Any] = {}
        self.stored: list[tuple[int, list[Sent]]] = []
        self.refused: list[tuple[list[Sent], VerkanError]] = []
        self.others: list[tuple[int, list[Sent]]] = []
        self.behind = 0
        ways: Ways[Sent] = Ways(
            self._store, self._refuse, self._leave, lambda do: do(), lambda: self.behind
        )
        self.unwaiting = Unwaiting(database, self.connections, ways)
        assert not self.unwaiting.takes(TENANT)  # it connects only now
        assert self.unwaiting.takes(TENANT)

    def _store(self, tenant_id: int, sent: Sequence[Sent], turn: Turn) -> None:
        assert turn.seq > 0
        self.stored.append((tenant_id, [*sent]))

    def _refuse(self, sent: Sequence[Sent], fault: VerkanError) -> None:
        self.refused.append(([*sent], fault))

    def _leave(self, tenant_id: int, sent: Sequence[Sent]) -> None:
        self.others.append((tenant_id, [*sent]))

    def put(self, *sent: Sent) -> None:
        for each in sent:
            assert self.unwaiting.takes(TENANT)
            self.unwaiting.put(TENANT, each)

    def go_on(self, seconds: float = 5, until: Callable[[], object] = lambda: False) -> None:
        """Do what a server does between requests."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            for number, one in [*self.connections.items()]:
                ready = select.poll()
                ready.register(number, select.POLLIN | (select.POLLOUT if one.writable() else 0))
                if ready.poll(20):
                    one.handle_read_event()


@pytest.fixture
def database(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    opened = Database(make_settings("postgresql"))
    write(opened, body())  # so that what they name is known
    yield opened
    opened.close()


@pytest.fixture
def around(database: Database) -> Iterator[Around]:
    made = Around(database)
    yield made
    made.unwaiting.close()
    assert made.connections == {}


def sent(*bodies: dict[str, Any], key_id: int = 1) -> Sent:
    incoming = [Incoming(one, as_authority(AUTHORITY)) for one in checked(*bodies)]
    return Sent(incoming, key_id)


def prepared(database: Database, *bodies: dict[str, Any]) -> Sent:
    one = sent(*bodies)
    return one._replace(batch=prepare(database, TENANT, one.incoming, one.key_id))


def test_what_comes_together_is_stored_together(around: Around, database: Database) -> None:
    several = [sent(body(), key_id=n // 2 + 1) for n in range(4)]
    several.insert(2, prepared(database, *(body() for _ in range(30))))
    around.behind = 5
    for each in several:
        around.behind -= 1
        around.put(each)
    around.go_on(until=lambda: sum(len(group) for _, group in around.stored) == 5)
    assert [each for _, group in around.stored for each in group] == several
    assert len(around.stored) <= 2
    told = [one.statement.id.bytes for each in several for one in each.incoming]
    with database.read() as conn:
        rows = conn.execute(sa.select(statement.c.statement_id).order_by(statement.c.seq)).scalars()
        assert [bytes(each) for each in rows][1:] == told


def test_nobody_waits_for_those_behind_that_went_another_way(around: Around) -> None:
    one = sent(body())
    around.behind = 3
    around.put(one)
    around.go_on(0.2)
    assert around.stored == []
    around.behind = 0
    around.unwaiting.begin()
    around.go_on(until=lambda: around.stored)
    assert around.stored == [(TENANT, [one])]


def test_who_waits_for_one_turn_keeps_no_other_waiting(around: Around, database: Database) -> None:
    first, second = sent(body()), sent(body())
    with database.write() as conn:
        take_turn(database, conn, TENANT)
        around.put(first, second)
        assert not around.unwaiting.takes(OTHER_TENANT)
        around.go_on(0.2)
        assert (around.stored, around.others) == ([], [])
    around.go_on(until=lambda: len(around.stored) == 2)
    assert around.stored == [(TENANT, [first]), (TENANT, [second])]
    assert around.unwaiting.takes(OTHER_TENANT)


def test_who_waited_too_long_for_a_turn_is_told_and_the_connection_is_of_use(
    make_settings: Callable[..., Settings],
) -> None:
    with closing(Database(make_settings("postgresql", busy_timeout_s=0.3))) as database:
        write(database, body())
        around = Around(database)
        one, two = sent(body()), sent(body())
        with database.write() as conn:
            take_turn(database, conn, TENANT)
            around.put(one)
            around.go_on(until=lambda: around.refused)
        ((refused, fault),) = around.refused
        assert (refused, fault.status) == ([one], 503)
        around.put(two)
        around.go_on(until=lambda: around.stored)
        assert (around.stored, around.others) == ([(TENANT, [two])], [])
        around.unwaiting.close()


def test_what_meets_something_is_left_to_others_and_so_is_the_next(
    around: Around, database: Database
) -> None:
    taken = body()
    with closing(Database(database.settings)) as other:
        write(other, taken)
    one, new = sent(taken), sent(body())
    around.put(one)
    around.go_on(until=lambda: around.others)
    assert around.others == [(TENANT, [one])]
    assert not around.unwaiting.takes(TENANT)
    write(database, body())  # which meets nothing
    around.put(new)
    around.go_on(until=lambda: around.stored)
    assert around.stored == [(TENANT, [new])]


def test_what_nobody_named_before_is_left_to_others(around: Around, database: Database) -> None:
    new, known = sent(body(verb={"id": "https://example.org/did"})), sent(body())
    around.put(new)
    assert around.others == [(TENANT, [new])]
    write(database, body(verb={"id": "https://example.org/did"}))
    around.put(new, known)
    around.go_on(until=lambda: len(around.stored) == 2)
    assert around.stored == [(TENANT, [new]), (TENANT, [known])]


def test_what_no_rule_foresaw_is_left_to_others(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    one, two = sent(body()), sent(body())
    with monkeypatch.context() as patched:
        patched.setattr(writing, "gather", fails)
        around.put(one)
    assert around.others == [(TENANT, [one])]
    around.put(two)
    around.go_on(until=lambda: around.stored)
    assert around.stored == [(TENANT, [two])]


@pytest.mark.parametrize("busy", [True, False])
def test_a_connection_that_ends_leaves_all_to_others_and_is_made_anew(
    around: Around, database: Database, *, busy: bool
) -> None:
    three = [sent(body()) for _ in range(3)]
    with database.write() as conn:
        take_turn(database, conn, TENANT)
        if busy:
            around.put(*three)
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        around.go_on(until=lambda: not around.connections)
    assert around.others == ([(TENANT, three)] if busy else [])
    assert not around.unwaiting.takes(TENANT)  # nor does it ask again and again
    time.sleep(1.1)
    assert not around.unwaiting.takes(TENANT)
    around.put(*three)
    around.go_on(until=lambda: sum(len(group) for _, group in around.stored) == 3)
    assert [each for _, group in around.stored for each in group] == three
