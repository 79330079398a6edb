"""Who sends: for each target one at a time, however many processes serve the same database.

A claim ends with the process that holds it, killed or not, so nobody waits for the dead. On
PostgreSQL it is an advisory lock of a transaction that stays open while something is sent; it sees
no data, so it keeps nothing from being cleaned up, and it stands behind a pooler too. On SQLite a
process claims the sending for the whole folder (`flock`); its threads share it by target.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from lrs.store.database import Database

# The first half of the lock's key says what is locked, the second which target.
_LOCK_CLASS = 0x666F7277
_TRY = sa.select(
    sa.func.pg_try_advisory_xact_lock(_LOCK_CLASS, sa.bindparam("target_id", type_=sa.Integer))
)


class Claims:
    """The claims of one process on the targets of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = _Folder(database.engine.url.database) if database.is_sqlite else None

    @contextmanager
    def claimed(self, target_id: int) -> Iterator[bool]:
        """Yield whether the target is ours until the block ends."""
        if self._folder is not None:
            ours = self._folder.take(target_id)
            try:
                yield ours
            finally:
                if ours:
                    self._folder.give_back(target_id)
            return
        with self._database.read() as conn:
            yield bool(conn.execute(_TRY, {"target_id": target_id}).scalar_one())


class _Folder:
    """The claim on a SQLite file: the lock of the folder while any target of it is worked on."""

    def __init__(self, database: str | None) -> None:
        self._path = f"{database}.sending"
        self._mutex = threading.Lock()
        self._targets: set[int] = set()
        self._file = -1

    def take(self, target_id: int) -> bool:
        with self._mutex:
            if target_id in self._targets or not (self._targets or self._lock()):
                return False
            self._targets.add(target_id)
            return True

    def give_back(self, target_id: int) -> None:
        with self._mutex:
            self._targets.discard(target_id)
            if not self._targets:
                os.close(self._file)  # and with it the lock

    def _lock(self) -> bool:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            return False
        return True
