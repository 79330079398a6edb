"""The database in trouble: told plainly, nothing half-stored, and it goes on when the trouble ends."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from failing import fail_after_inserting
from wiring import MakeWire, Wire, a_statement


def limit_pages(wire: Wire, pages: int) -> None:
    """Let the SQLite file grow no further, as on a full disk."""

    def limit(dbapi: Any, _record: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count = {pages}").close()

    sa.event.listen(wire.database.writer, "connect", limit)
    wire.database.disconnect()
    wire.limit = limit  # type: ignore[attr-defined]


def lift(wire: Wire) -> None:
    sa.event.remove(wire.database.writer, "connect", wire.limit)  # type: ignore[attr-defined]
    wire.database.disconnect()


def test_a_full_disk_is_507_reads_go_on_and_room_ends_it(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite")
    kept = [a_statement() for _ in range(5)]
    wire.post(kept)
    limit_pages(wire, 1)  # the file is larger already: it stays, and grows no more
    large = [a_statement(result={"response": "x" * 20_000}) for _ in range(20)]
    reply = wire.post(large)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (507, "store_full")
    assert reply.headers["Retry-After"]
    assert {each["id"] for each in wire.stored()} == {each["id"] for each in kept}
    lift(wire)
    assert wire.post(large).status_code == 200
    assert len(wire.stored()) == 25


def test_lost_connections_to_postgresql_are_made_anew(make_wire: MakeWire) -> None:
    wire = make_wire("postgresql")
    assert wire.post(a_statement()).status_code == 200
    end_connections(wire)
    assert wire.post(a_statement()).status_code == 200
    assert len(wire.stored()) == 2


def end_connections(wire: Wire) -> None:
    """End every connection of the application, as a restart of the server does."""
    engine = sa.create_engine(
        wire.database.engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_crash_while_writing_leaves_nothing_behind(
    make_wire: MakeWire, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_ids: set[str]) -> None:
        raise RuntimeError("here, when the rows are in and not committed")

    wire = make_wire(kind)
    with monkeypatch.context() as patched:
        fail_after_inserting(patched, wire.database, fails)
        assert wire.post([a_statement() for _ in range(5)]).status_code == 500
    with wire.database.read() as conn:
        for table in ("statement", "statement_body", "ref"):
            assert conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table
    assert wire.post(a_statement()).status_code == 200
