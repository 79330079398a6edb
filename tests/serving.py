"""A real `verkan serve` process for tests that speak HTTP to it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lrs.access.keys import make_key
from lrs.settings import Settings, load
from lrs.store.database import Database

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
VERKAN = Path(sys.executable).with_name("verkan")


@dataclass(frozen=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A running server, and a key to it that may do everything."""

    url: str
    endpoint: str
    key: str
    secret: str
    settings: Settings
    process: subprocess.Popen[str]
    log: Path
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = {
            "Authorization": basic(self.key, self.secret),
            "X-Experience-API-Version": "1.0.3",
        }

    def connection(self, timeout: float = 30) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """Send one request, signed in; a header given as None is left out, JSON is made of objects."""
        sent = {
            **self.headers,
            **({"Content-Type": "application/json"} if body is not None else {}),
        }
        sent |= headers or {}
        packed = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.connection()
        try:
            connection.request(
                method, path, packed, {k: v for k, v in sent.items() if v is not None}
            )
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def log_lines(self) -> list[dict[str, Any]]:
        """What the server has logged so far."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(20)


def basic(key: str, secret: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def begin(settings: Settings, log: Path) -> tuple[subprocess.Popen[str], str]:
    """Start `verkan serve` at the port of the settings; return it, once it answers, and its address."""
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [VERKAN, "serve", "--port", str(settings.port)],
            env=_environment(settings),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    said = process.stdout.readline()  # it says its address when it is ready
    if "http://" not in said:
        end(process)
        raise AssertionError(log.read_text())
    return process, said.split()[2]


def begin_granian(settings: Settings, log: Path) -> subprocess.Popen[str]:
    """Start what `deploy/granian.conf` says at the port of the settings; return it once it answers."""
    lines = (DEPLOY / "granian.conf").read_text("utf-8").splitlines()
    (said,) = (line.partition("=")[2] for line in lines if re.fullmatch("ExecStart=.+", line))
    options = f"--port {settings.port} --workers {settings.workers}"
    assert "--port 8080 --workers 2" in said
    command = said.replace("--port 8080 --workers 2", options).split()
    command[0] = str(VERKAN.with_name("granian"))
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command, env=_environment(settings), stdout=stderr, stderr=stderr, text=True
        )
    while process.poll() is None:
        time.sleep(0.05)
        asking = http.client.HTTPConnection("127.0.0.1", settings.port, timeout=30)
        # It listens before it can answer.
        with closing(asking), suppress(OSError, http.client.HTTPException):
            asking.request("GET", "/health/live")
            if asking.getresponse().read():
                return process
    raise AssertionError(log.read_text())


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def end(process: subprocess.Popen[str]) -> None:
    """Stop a server, if it is not stopped yet."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Run `verkan serve` with these settings on a free port until the block ends."""
    log = settings.home_folder / "serve.log"
    process, url = begin(replace(settings, port=0), log)
    try:
        port = int(url.rpartition(":")[2])
        yield _served(replace(settings, port=port), url, process, log)
    finally:
        end(process)


@contextmanager
def serving_by_granian(settings: Settings) -> Iterator[Served]:
    """Run the same under Granian, as `deploy/` does behind nginx, until the block ends."""
    settings = replace(settings, port=free_port())
    log = settings.home_folder / "serve.log"
    process = begin_granian(settings, log)
    try:
        yield _served(settings, f"http://127.0.0.1:{settings.port}", process, log)
    finally:
        end(process)


def _environment(settings: Settings) -> dict[str, str]:
    given = {f"VERKAN_{name.upper()}": str(value) for name, value in asdict(settings).items()}
    return {**os.environ, **given, "VERKAN_LOG_FORMAT": "json", "PYTHONWARNINGS": "error"}


def _served(settings: Settings, url: str, process: subprocess.Popen[str], log: Path) -> Served:
    database = Database(settings)
    made = make_key(database, settings, name="Tests")
    database.close()
    return Served(url, f"{url}/xapi", made.key, made.secret, settings, process, log)


@pytest.fixture(scope="session")
def store_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Served]]:
    """Return ``f(kind)``: a server for the whole run on that kind of database, shared by tests."""
    running: dict[str, Served] = {}
    with ExitStack() as stack:

        def on(kind: str) -> Served:
            if kind not in running:
                given = {"home": str(tmp_path_factory.mktemp("store")), "log_level": "warning"}
                if kind == "postgresql":
                    given["database_url"] = _new_database(request.getfixturevalue("postgres"))
                running[kind] = stack.enter_context(serving(load(given)))
            return running[kind]

        yield on


def _new_database(server: sa.URL) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"shared_{uuid.uuid4().hex}"
    with engine.connect() as conn:
        conn.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    """A running server on a fresh database: the test runs once on each kind."""
    with serving(settings) as running:
        yield running


@pytest.fixture
def serve_on(make_settings: Callable[..., Settings]) -> Iterator[Callable[..., Served]]:
    """Return ``f(kind, **settings)``: a running server with these settings."""
    with ExitStack() as stack:
        yield lambda kind, **given: stack.enter_context(serving(make_settings(kind, **given)))
