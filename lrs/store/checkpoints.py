"""Brings what SQLite has logged to where it belongs, beside those who write.

SQLite writes ahead to a log, and whoever commits when the log has become long brings all of it to the
database itself, while everybody waits: two tenths of a second, of which half is the disk. So a server
does it in a thread: most of it while others write, again and again until little is left, and the last
of it in the turn to write, so that the log is begun anew. Nothing is safer or less safe for it: what
is acknowledged is in the log, and on the disk, either way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from lrs.log import fault_fields
from lrs.store.database import Database

_STOP_S = 5.0
_AFTER_A_FAULT_S = 30.0
_MOST_TIMES = 4
_FEW = 200
"""Pages of the log."""
_log = structlog.get_logger("lrs.store")


def start(database: Database) -> Callable[[], None]:
    """Begin to do so beside a server; return what ends it."""
    return _Checkpoints(database).stop if database.is_sqlite else lambda: None


def bring_in(database: Database) -> bool:
    """Bring in all that is logged; False, and told in our own log, if that could not be done.

    Nobody else need know: SQLite does it itself in the end.
    """
    try:
        # Waits for the disk only when nobody has written meanwhile, which in a short one is likely.
        done = 0
        for _ in range(_MOST_TIMES):
            before, done = done, _checkpoint(database)
            if 0 <= done - before < _FEW:
                break
        with database.turn():
            _checkpoint(database)
    except Exception as exc:  # a full disk, say
        _log.warning("log_not_brought_in", **fault_fields(exc))
        return False
    return True


def _checkpoint(database: Database) -> int:
    """Bring in what can be without anybody waiting; return how many pages of the log that is."""
    connection: Any = database.engine.raw_connection()
    try:
        ((_, _, done),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        connection.close()
    return int(done)


class _Checkpoints:
    """The thread that does it when it is told that much was written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told = threading.Event()
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()
        database.much_was_written = self._told.set

    def stop(self) -> None:
        """Let the thread end."""
        self._database.much_was_written = None
        self._ends = True
        self._told.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        while self._told.wait() and not self._ends:
            self._told.clear()
            if not bring_in(self._database):
                self._told.wait(_AFTER_A_FAULT_S)
