"""On PostgreSQL statements are stored while the thread that asked goes on."""

from __future__ import annotations

import select
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa
from store_making import AUTHORITY, TENANT, body, checked, ids, pages, write

from lrs.settings import Settings
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.in_one_piece import OnePiece
from lrs.store.reading import consistent_through
from lrs.store.rows import Incoming
from lrs.store.schema import statement
from lrs.store.turns import take_turn
from lrs.store.unwaited import Ended, Unwaited
from lrs.store.writing import as_one_piece, complete, prepare


@pytest.fixture
def database(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    opened = Database(make_settings("postgresql"))
    write(opened, body())  # so that what they name is known
    yield opened
    opened.close()


def a_piece(database: Database, sent: Sequence[dict[str, Any]]) -> OnePiece:
    incoming = [Incoming(one, as_authority(AUTHORITY)) for one in checked(*sent)]
    batches = complete(database, TENANT, [prepare(database, TENANT, incoming, 1)])
    numbered = [each.prepared.numbered for each in batches if each.prepared.numbered]
    piece = as_one_piece(database, TENANT, batches, numbered)
    assert piece is not None
    return piece


def ended(wire: Unwaited, begun: Ended | None = None, within_s: float = 20) -> Ended:
    """Go on when there is something to go on with, until the end."""
    found, until = begun, time.monotonic() + within_s
    while found is None:
        assert time.monotonic() < until
        wanted = select.POLLIN | (select.POLLOUT if wire.waits_to_write else 0)
        ready = select.poll()
        ready.register(wire.fileno(), wanted)
        assert bool(ready.poll(5_000))
        assert wire.is_ready()
        found = wire.go_on()
    return found


def test_a_piece_is_stored_and_its_turn_is_told(database: Database) -> None:
    sent = [body() for _ in range(3)]
    with closing(Unwaited(database)) as wire:
        assert not wire.is_ready()
        assert wire.go_on() is None
        found = ended(wire, wire.begin(a_piece(database, sent)))
        assert ended(wire, wire.begin(a_piece(database, [body()]))).turn is not None
    assert found.turn is not None
    assert ids(pages(database, ascending=True))[1:4] == ids(sent)
    with database.read() as conn:
        stamps = conn.execute(
            sa.select(statement.c.seq, statement.c.stored_at).order_by(statement.c.seq)
        ).all()
    assert tuple(stamps[1]) == found.turn
    assert stamps[3].stored_at == found.turn.stored_at + 2 <= consistent_through(database, TENANT)


def test_nobody_waits_for_the_turn_of_another(database: Database) -> None:
    sent = [body()]
    with closing(Unwaited(database)) as wire:
        with database.write() as conn:
            take_turn(database, conn, TENANT)
            began = time.monotonic()
            assert wire.begin(a_piece(database, sent)) is None
            for _ in range(100):
                assert wire.go_on() is None
            assert time.monotonic() - began < 5
        assert ended(wire).turn is not None
    assert ids(pages(database))[0] == sent[0]["id"]


def test_what_is_larger_than_any_buffer_is_written_as_it_is_taken(database: Database) -> None:
    large = {"https://example.org/large": "x" * 1_500_000}
    sent = [body(result={"extensions": large}) for _ in range(8)]
    with closing(Unwaited(database)) as wire:
        assert wire.begin(a_piece(database, sent)) is None
        assert wire.waits_to_write
        assert ended(wire).turn is not None
        assert not wire.waits_to_write
    assert {*ids(pages(database))} >= {*ids(sent)}


def test_what_stands_in_the_way_is_told_and_stores_nothing(database: Database) -> None:
    taken = body()
    with closing(Database(database.settings)) as other:
        write(other, taken)
    with closing(Unwaited(database)) as wire:
        found = ended(wire, wire.begin(a_piece(database, [body(), taken])))
        assert found == Ended(None)
        assert len(ids(pages(database))) == 2
        assert TENANT in database.hindered
        database.hindered.clear()
        assert ended(wire, wire.begin(a_piece(database, [body()]))).turn is not None


def test_a_connection_that_breaks_is_told_and_the_piece_can_be_stored_again(
    database: Database,
) -> None:
    sent = [body()]
    with closing(Unwaited(database)) as wire:
        with database.write() as conn:
            take_turn(database, conn, TENANT)
            assert wire.begin(a_piece(database, sent)) is None
            conn.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(Exception, match=r"terminat|closed|connection"):
            ended(wire)
    assert len(ids(pages(database))) == 1
    assert write(database, *sent)[0].id == uuid.UUID(sent[0]["id"])


def test_who_breaks_off_leaves_nothing_half_stored(database: Database) -> None:
    wire = Unwaited(database)
    with database.write() as conn:
        take_turn(database, conn, TENANT)
        assert wire.begin(a_piece(database, [body()])) is None
        wire.close()
        wire.close()
    assert write(database, body())[0].new
    assert len(ids(pages(database))) in (2, 3)  # the server may have heard of it in time
