"""Whole files: import, export, and the facts that follow, each beside the database alone.

The commands run as a person runs them, in processes of their own, whose time and largest memory the
system tells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa
from figures import Figure, at_most
from places import Place, most_memory_of_all_mb
from raw import insert_raw, read_rows
from traffic import Traffic

from lrs.settings import Settings
from lrs.store.database import Database

VERKAN = Path(sys.executable).with_name("verkan")
_SAMPLE = 50_000
_FEW = 10_000
_TENANT = 1
# The goals are for a million statements; what is not about their number scales with them.
_IMPORT_S = {"sqlite": 120, "postgresql": 60}
_EXPORT_S = 30


@dataclass(frozen=True)
class _Ran:
    seconds: float
    cpu: float
    memory_mb: float


def write_file(path: Path, number: int, seed: int) -> Path:
    """Write that many statements, one a line."""
    made = Traffic(seed)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(number):
            file.write(json.dumps(made.statement(), separators=(",", ":")) + "\n")
    return path


def measure_import(place: Place, settings: Settings, number: int) -> Iterator[Figure]:
    """Import that many statements into an empty store."""
    kind, millions = place.kind, number / 1e6
    file = write_file(place.folder / "statements.ndjson", number, 11)
    ran = _run(settings, "statements", "import", str(file))
    raw = _raw_import_s(place, settings, number)
    goal = at_most(_IMPORT_S[kind] * millions)
    yield _figure(kind, f"import of {number:,}", ran, raw, goal)
    yield Figure(kind, "memory of the import", ran.memory_mb, "MB", beside="largest")
    file.unlink()


def measure_exports(place: Place, settings: Settings, number: int) -> Iterator[Figure]:
    """Export what was imported, in each form."""
    kind, millions = place.kind, number / 1e6
    for form in ("ndjson", "parquet"):
        out = place.folder / f"out.{form}"
        ran = _run(settings, "statements", "export", "--format", form, "--out", str(out))
        raw = _raw_export_s(settings)
        goal = at_most(_EXPORT_S * millions)
        yield _figure(kind, f"export of {number:,}, {form}", ran, raw, goal)
        yield Figure(kind, f"memory of the export, {form}", ran.memory_mb, "MB", beside="largest")
        out.unlink()


def _figure(kind: str, name: str, ran: _Ran, raw: float, goal: object) -> Figure:
    beside = f"{ran.cpu:.1f} s CPU"
    return Figure(kind, name, ran.seconds, "s", raw, raw / ran.seconds, goal, beside)  # type: ignore[arg-type]


def measure_facts(place: Place, settings: Settings, number: int) -> Iterator[Figure]:
    """Make the facts of all that was imported, and bring them up to what is imported then."""
    from analytics.facts import refresh_facts

    database = Database(settings)

    def refreshed() -> float:
        before = time.process_time() + _server_cpu(place)
        refresh_facts(database, _TENANT)
        return time.process_time() + _server_cpu(place) - before

    first = refreshed()
    yield Figure(place.kind, f"facts of {number:,}", first, "s CPU")
    more = write_file(place.folder / "more.ndjson", _FEW, 12)
    _run(settings, "statements", "import", str(more))
    name = f"facts after {_FEW:,} more"
    yield Figure(place.kind, name, refreshed(), "s CPU", goal=at_most(0.3))
    database.close()


def _server_cpu(place: Place) -> float:
    """Return what the processes of a PostgreSQL server of our own have used; 0 without one."""
    if place.kind == "sqlite":
        return 0.0
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue  # it has ended
        if name.startswith("postgres"):
            ticks += sum(int(value) for value in fields.split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _raw_import_s(place: Place, settings: Settings, number: int) -> float:
    """Return how long the database alone takes for as many rows, told from some of them."""
    database = Database(settings)
    rows = read_rows(database, max(0, number - _SAMPLE), 1_000)
    database.close()
    alone = Database(place.new())
    seconds = insert_raw(alone, rows)
    alone.close()
    return seconds * number / rows.statements


def _raw_export_s(settings: Settings) -> float:
    """Return how long it takes to read every body in order and write it to a file."""
    database = Database(settings)
    query = sa.text("SELECT body FROM statement_body ORDER BY tenant_id, seq")
    began = time.perf_counter()
    with database.read() as conn, (settings.home_folder / "raw").open("wb") as file:
        for (body,) in conn.execution_options(yield_per=1_000).execute(query):
            file.write(bytes(body) + b"\n")
    seconds = time.perf_counter() - began
    (settings.home_folder / "raw").unlink()
    database.close()
    return seconds


def _run(settings: Settings, *command: str) -> _Ran:
    given = {f"VERKAN_{name.upper()}": str(value) for name, value in asdict(settings).items()}
    began, largest = time.perf_counter(), 0.0
    process = subprocess.Popen(
        [VERKAN, *command], env={**os.environ, **given}, stdout=subprocess.DEVNULL
    )
    # What `wait4` tells as the largest counts the parent too, from which the process was made.
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        largest = max(largest, most_memory_of_all_mb(process.pid))
        time.sleep(0.05)
    _, status, used = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"verkan {' '.join(command)} ended with {process.returncode}")
    return _Ran(time.perf_counter() - began, used.ru_utime + used.ru_stime, largest)
