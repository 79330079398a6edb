"""What SQLite has logged is brought to the database itself beside those who write."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from store_making import body, pages, write

from lrs.settings import Settings
from lrs.store import checkpoints
from lrs.store import database as databases
from lrs.store.database import Database


@pytest.fixture
def lite(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    """A store on SQLite."""
    with closing(Database(make_settings("sqlite"))) as database:
        yield database


@pytest.fixture
def brought_in(lite: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same, with what brings in the log whenever a few rows were written."""
    monkeypatch.setattr(databases, "_MUCH", 20)
    stop = checkpoints.start(lite)
    yield lite
    stop()


def _in_the_file_alone(database: Database, folder: Path) -> int:
    """Return how many statements are there without the log."""
    copy = folder / "copy.db"
    shutil.copy(str(database.engine.url.database), copy)
    with closing(sqlite3.connect(copy)) as alone:
        try:
            return int(alone.execute("SELECT count(*) FROM statement").fetchone()[0])
        except sqlite3.OperationalError:  # the tables are in the log
            return 0


def _soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_much_that_was_written_is_brought_in(brought_in: Database, tmp_path: Path) -> None:
    for _ in range(10):
        write(brought_in, body(), body())
    assert _soon(lambda: _in_the_file_alone(brought_in, tmp_path) > 10)
    assert len(pages(brought_in)) == 20


def test_the_log_is_begun_anew(brought_in: Database) -> None:
    log = Path(f"{brought_in.engine.url.database}-wal")
    write(brought_in, *(body() for _ in range(40)))
    sizes = []
    for _ in range(30):
        write(brought_in, *(body() for _ in range(10)))
        sizes.append(log.stat().st_size)
        time.sleep(0.02)
    assert sizes[-1] == sizes[10]  # it has the room that it needs
    assert len(pages(brought_in)) == 340


def test_a_reader_keeps_nobody_from_writing(brought_in: Database, tmp_path: Path) -> None:
    write(brought_in, body())
    with brought_in.read() as conn:
        there = conn.exec_driver_sql("SELECT count(*) FROM statement")
        assert there.scalar_one() == 1
        for _ in range(10):
            write(brought_in, body(), body())
        assert conn.exec_driver_sql("SELECT count(*) FROM statement").scalar_one() == 1
    for _ in range(10):
        write(brought_in, body(), body())
    assert _soon(lambda: _in_the_file_alone(brought_in, tmp_path) > 30)


def test_nobody_is_told_where_nothing_brings_in(lite: Database) -> None:
    stop = checkpoints.start(lite)
    assert lite.much_was_written is not None
    stop()
    assert lite.much_was_written is None
    write(lite, *(body() for _ in range(40)))
    assert len(pages(lite)) == 40


def test_a_fault_is_logged_and_does_not_last(
    brought_in: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(checkpoints, "_AFTER_A_FAULT_S", 0.01)
    with brought_in.turn():  # so long that it is given up
        monkeypatch.setattr(brought_in._turn, "_timeout_s", 0.05)
        assert brought_in.much_was_written is not None
        brought_in.much_was_written()
        time.sleep(0.3)
    monkeypatch.setattr(brought_in._turn, "_timeout_s", 5.0)
    for _ in range(10):
        write(brought_in, body(), body())
    assert _soon(lambda: _in_the_file_alone(brought_in, tmp_path) > 10)
    assert "log_not_brought_in" in "".join(capsys.readouterr())


def test_postgresql_needs_none(make_settings: Callable[..., Settings]) -> None:
    with closing(Database(make_settings("postgresql"))) as database:
        stop = checkpoints.start(database)
        assert database.much_was_written is None
        stop()
