"""The engines of the two databases: how each is connected to, and what it promises at a commit.

Both bring what is acknowledged to the disk first (``synchronous``, ``synchronous_commit``), and
neither is waited for without end.
"""

from __future__ import annotations

import select
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event

from lrs.errors import BadSettings
from lrs.settings import Settings
from lrs.store.bulk import run_on_sqlite

_CACHE_KB = 4_000
_CACHE_OF_THE_WRITER_KB = 16_000
_LONGEST_LOG = 48_000
"""Pages; who makes SQLite's log longer brings it in while others wait (`lrs.store.checkpoints`)."""


class Engines(NamedTuple):
    """The engines of one database: the same one for both on PostgreSQL."""

    reading: sa.Engine
    writing: sa.Engine


def make_engines(settings: Settings) -> Engines:
    """Return the engines of the database that the settings name; nothing is connected yet."""
    try:
        url = sa.make_url(settings.url)
    except sa.exc.ArgumentError as exc:
        raise BadSettings(
            "database_url is not an address",
            where="database_url",
            hint="postgresql://user:password@host/name",
        ) from exc
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, settings)
    if url.get_backend_name() != "postgresql":
        raise BadSettings(
            f"{url.get_backend_name()} is not a database Verkan runs on",
            where="database_url",
            hint="SQLite (leave it empty) or PostgreSQL",
        )
    try:
        engine = _postgresql(url, settings)
    except ModuleNotFoundError as exc:
        raise BadSettings(
            "the PostgreSQL driver is not installed", hint="pip install 'verkan[postgres]'"
        ) from exc
    return Engines(engine, engine)


# After how long a server that answers nothing counts as away; what the address says comes first.
_AWAY_AFTER = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# What is acknowledged is on the disk: a server set to be quicker than that is asked to wait.
_ON_THE_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)


def _postgresql(url: sa.URL, settings: Settings) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=settings.threads,
        max_overflow=settings.threads + 1,  # what the server's own thread keeps
        connect_args={name: value for name, value in _AWAY_AFTER.items() if name not in url.query},
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: object) -> None:
        dbapi.execute(_ON_THE_DISK)
        dbapi.commit()

    @event.listens_for(engine, "checkout")
    def _look(dbapi: Any, _record: object, _proxy: object) -> None:
        # To ask would take a third of the time of a short transaction. What a server tells an idle
        # connection unasked is its end: it is made anew.
        if dbapi.closed or _has_something_to_read(dbapi.fileno()):
            raise sa.exc.DisconnectionError

    return engine


def _has_something_to_read(file: int) -> bool:
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    return bool(waiting.poll(0))


def _sqlite(url: sa.URL, settings: Settings) -> Engines:
    """One connection writes and keeps much; the others find what it wrote in memory of the system.

    What one connection writes, the others must read again: so it is best that always the same writes.
    """
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    threads = settings.threads
    reading = _sqlite_engine(url, settings, connections=threads, cache_kb=_CACHE_KB)
    writing = _sqlite_engine(
        url, settings, connections=1, cache_kb=_CACHE_OF_THE_WRITER_KB, begin="BEGIN IMMEDIATE"
    )
    return Engines(reading, writing)


def _sqlite_engine(
    url: sa.URL, settings: Settings, *, connections: int, cache_kb: int, begin: str = "BEGIN"
) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=connections,
        max_overflow=connections - 1,
        pool_use_lifo=True,
        connect_args={"timeout": settings.busy_timeout_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # transactions are begun below, not guessed by the driver
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"wal_autocheckpoint = {_LONGEST_LOG}",
            f"cache_size = -{cache_kb}",
            "temp_store = MEMORY",
        ):
            dbapi.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(conn: sa.Connection) -> None:
        run_on_sqlite(conn, begin)

    return engine
