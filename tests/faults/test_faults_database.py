"""The database goes away and comes back, and clocks jump: the server waits it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from posting import STATEMENTS, Senders, a_statement, assert_nothing_lost_or_doubled
from restarting import Mortal, OwnPostgres

from lrs.errors import StoreUnavailable
from lrs.settings import Settings
from lrs.store import turns
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.reading import consistent_through, every_statement
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

Settle = Callable[..., Settings]
TENANT = 1
AUTHORITY = {"account": {"homePage": "https://lrs.example.org", "name": "tests"}}


def test_a_postgresql_that_is_away_is_503_and_its_return_ends_it(
    own_postgres: OwnPostgres, durable_settings: Settle, mortal: Callable[[Settings], Mortal]
) -> None:
    served = mortal(durable_settings("postgresql")).served
    with Senders([served]) as senders:
        senders.wait_for_more(20)
        own_postgres.stop()
        senders.wait_for_status(503)
        for path in (STATEMENTS, "/health/ready"):
            reply = served.ask("GET", path)
            assert (reply.status, reply.json["error"]["code"]) == (503, "store_unavailable")
            assert int(reply.headers["Retry-After"]) > 0
        assert served.ask("GET", "/health/live").status == 200
        own_postgres.rise()
        senders.wait_for_more(20)
    assert set(senders.statuses) == {200, 503}, senders.errors
    assert_nothing_lost_or_doubled(served, senders)


@contextmanager
def _set_to(server: OwnPostgres, settings: Settings, option: str) -> Iterator[Database]:
    """Open a database whose own setting that is."""
    server.run(f'ALTER DATABASE "{sa.make_url(settings.url).database}" SET {option}')
    database = Database(settings)
    yield database
    database.close()


def test_a_postgresql_set_to_acknowledge_early_is_asked_not_to(
    own_postgres: OwnPostgres, durable_settings: Settle
) -> None:
    early = "synchronous_commit = off"
    with (
        _set_to(own_postgres, durable_settings("postgresql"), early) as database,
        database.read() as conn,
    ):
        assert conn.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_a_postgresql_that_only_gives_out_is_unavailable_to_writers(
    own_postgres: OwnPostgres, durable_settings: Settle
) -> None:
    """As a standby is, until it has taken over."""
    standby = "default_transaction_read_only = on"
    with _set_to(own_postgres, durable_settings("postgresql"), standby) as database:
        with pytest.raises(StoreUnavailable):
            write(database, [a_statement()])
        assert list(every_statement(database, TENANT)) == []


class _Clock:
    """The clock that `stored` is read from, on either database, moved by so many seconds."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._monkeypatch = monkeypatch
        self._machine = turns._machine_clock

    def set_off_by(self, seconds: int) -> None:
        if self._database.is_sqlite:
            moved = lambda: self._machine() + seconds * 1_000_000  # noqa: E731
            self._monkeypatch.setattr(turns, "_machine_clock", moved)
            return
        # A function of the same name that is found first, in every connection made from now on.
        with self._database.engine.begin() as conn:
            conn.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS moved")
            conn.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
                f" AS $$ SELECT pg_catalog.clock_timestamp() + interval '{seconds} seconds' $$"
            )
            name = self._database.engine.url.database
            conn.exec_driver_sql(
                f'ALTER DATABASE "{name}" SET search_path = moved, pg_catalog, public'
            )
        self._database.disconnect()


def test_stored_never_falls_however_the_clock_is_set(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock(database, monkeypatch)
    sent: list[str] = []
    for seconds in (0, 86_400, -86_400, 3_600, 0):
        clock.set_off_by(seconds)
        batch = [a_statement() for _ in range(3)]
        write(database, batch)
        sent += [one["id"] for one in batch]
        newest = max(one.stored_at for one in every_statement(database, TENANT))
        promised = consistent_through(database, TENANT)
        write(database, [last := a_statement()])
        sent.append(last["id"])
        stored = next(one for one in every_statement(database, TENANT) if str(one.id) == last["id"])
        assert newest < stored.stored_at > promised, "nothing comes below a bound that was given"
    kept = list(every_statement(database, TENANT))
    assert [str(one.id) for one in kept] == sent
    assert [one.stored_at for one in kept] == sorted({one.stored_at for one in kept})
    assert kept[-1].stored_at - kept[0].stored_at > 86_000_000_000, "the clock was moved"
    assert check_store(database).faults == []


def write(database: Database, batch: list[dict[str, object]]) -> None:
    statements = check_batch(json.dumps(batch).encode(), SpecVersion.V1_0)
    write_statements(database, TENANT, statements, authority=AUTHORITY, key_id=None)
