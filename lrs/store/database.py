"""The connection to SQLite or PostgreSQL, and whose turn it is to write.

SQLite has one writer. A thread that wants to write takes the turn of its process and then that of
the folder (`flock`), so that two processes queue instead of failing with "database is locked".
PostgreSQL needs no turn here; the order of commit is held per tenant where statements are written.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from lrs.settings import Settings
from lrs.store.engines import make_engines
from lrs.store.faults import told_plainly, turn_not_given
from lrs.store.memory import Memory
from lrs.store.together import Together

_MUCH = 150_000
"""Rows; so many make SQLite's log some 40,000 pages long."""


class Database:
    """Engines with the two ways to use it: `read` and `write`, each one transaction."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine, self.writer = make_engines(settings)
        """Those who read, and who writes: on PostgreSQL the same."""
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.memory = Memory()
        self.together = Together()
        self.hindered: set[int] = set()
        """Tenants whose last batch met something that was there: often the next one does, too."""
        self.much_was_written: Callable[[], None] | None = None
        """On SQLite: whom to tell, after a commit, that much was written since the last time."""
        self._changes = 0
        self._turn = (
            _Turn(self.engine.url.database, settings.busy_timeout_s) if self.is_sqlite else None
        )

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction; where all its queries must agree, see `one_moment`."""
        with told_plainly(), self.engine.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(
        self, *, first: Callable[[sa.Connection], None] | None = None
    ) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that is committed at the end, or rolled back whole.

        ``first`` is done before anything else: on PostgreSQL in a transaction of its own, whose
        locks are over when this one begins; on SQLite, where nobody else writes, in the same one.
        """
        with told_plainly():
            if self._turn is None:
                with self.engine.connect() as conn:
                    if first is not None:
                        with conn.begin():
                            first(conn)
                    with conn.begin():
                        yield conn
                return
            with self._turn.taken(), self.writer.connect() as conn:
                with conn.begin():
                    if first is not None:
                        first(conn)
                    yield conn
                self._note_changes(conn)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let nobody write, on SQLite, in any process."""
        if self._turn is None:
            yield
        else:
            with told_plainly(), self._turn.taken():
                yield

    def _note_changes(self, conn: sa.Connection) -> None:
        if self.much_was_written is None:
            return
        raw: Any = conn.connection.driver_connection
        changes: int = raw.total_changes  # since it was connected, which may have been anew
        if changes < self._changes or changes - self._changes >= _MUCH:
            self._changes = changes
            self.much_was_written()

    def nobody_writes(self) -> bool:
        """Return whether, on SQLite, no writer was under way at this moment in any process."""
        return self._turn is None or self._turn.is_free()

    def disconnect(self) -> None:
        """Give back every connection; who comes next connects anew."""
        self.engine.dispose()
        self.writer.dispose()

    def close(self) -> None:
        """Give back every connection, for good."""
        self.disconnect()
        if self._turn is not None:
            self._turn.close()


class _Turn:
    """The right to write to one SQLite file: within the process, then across processes."""

    def __init__(self, database: str | None, timeout_s: float) -> None:
        self._thread = threading.Lock()
        self._timeout_s = timeout_s
        self._file = (
            os.open(f"{database}.turn", os.O_RDWR | os.O_CREAT, 0o600) if database else None
        )

    @contextmanager
    def taken(self) -> Iterator[None]:
        deadline = time.monotonic() + self._timeout_s
        if not self._thread.acquire(timeout=self._timeout_s):
            raise turn_not_given(self._timeout_s)
        try:
            self._lock_file(deadline)
            try:
                yield
            finally:
                self._unlock_file()
        finally:
            self._thread.release()

    def is_free(self) -> bool:
        if not self._thread.acquire(blocking=False):
            return False
        try:
            free = self._try_lock()
            if free:
                self._unlock_file()
            return free
        finally:
            self._thread.release()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _lock_file(self, deadline: float) -> None:
        pause = 0.0005
        while not self._try_lock():
            if time.monotonic() > deadline:
                raise turn_not_given(self._timeout_s)
            time.sleep(pause)
            pause = min(pause * 2, 0.02)

    def _try_lock(self) -> bool:
        if self._file is None:
            return True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock_file(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
