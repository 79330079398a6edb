"""CPU seconds and peak memory of `verkan evaluate` on a large file of people by month.

    python tests/benchmarks/bench_large.py [--people 1000000 10000000] [--by team person] [--as csv]
                                           [--where file memory]

The file is made by DuckDB: teams of 25, rolled out in waves with some never, 24 months, one outcome.
Measured is the whole command as a user runs it, imports included; beside it stands a plain sum of
the same rows by DuckDB, in the same minute and with as many threads. ``--where file memory`` has it
left in its file, and read into memory, whatever the size from which the command does one or the other.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

import duckdb

from analytics.store.columns import THREADS

MONTHS, PER_TEAM = 24, 25
WRITTEN = {
    "parquet": "COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER",
    "csv.gz": "FORMAT csv, HEADER, COMPRESSION gzip",
}
GOALS = {1_000_000: (5, 400), 10_000_000: (20, 700)}
PLAIN_SUM = "import sys, duckdb; d = duckdb.connect(config={'threads': int(sys.argv[2])}); " + (
    "d.execute('SET enable_progress_bar = false'); "
    "d.execute(f\"SELECT count(*), sum(calls) FROM '{sys.argv[1]}'\").fetchall()"
)
NOTHING = "import duckdb"
FROM_ROWS = {"file": 0, "memory": 10**12}
PLACED = (
    "from analytics.designs import large_panel as l; from lrs.cli import main; "
    "l.LARGE = l.LARGE_CSV = l.LARGE_PACKED = {}; main()"
)


def write(path: Path, people: int) -> None:
    """Make the file, a row a person and month."""
    with duckdb.connect(config={"memory_limit": "1GB"}) as db:
        db.execute("SET enable_progress_bar = false")
        db.execute(
            "CREATE TABLE m AS SELECT t, (2024 + t // 12) || '-' || lpad((t % 12 + 1)::VARCHAR, 2, '0')"
            f" AS month FROM range({MONTHS}) r (t)"
        )
        db.execute(
            f"COPY (SELECT p.k AS person, (p.k // {PER_TEAM})::INTEGER AS team, m.month, "
            f"CASE WHEN p.k // {PER_TEAM} % 5 < 3 THEN s.month ELSE '' END AS start, "
            "10 + ((p.k * 7919 + m.t * 104729 + p.k * m.t) % 1000) * 0.01::DOUBLE "
            f"+ (p.k // {PER_TEAM} * 31 % 97) * 0.02::DOUBLE "
            f"+ CASE WHEN p.k // {PER_TEAM} % 5 < 3 AND m.t >= s.t THEN 0.3::DOUBLE ELSE 0 END AS calls "
            f"FROM range({people}) p (k) JOIN m s ON s.t = 6 + 3 * (p.k // {PER_TEAM} % 3), m) "
            f"TO '{path}' ({WRITTEN[path.name.partition('.')[2]]})"
        )


def apart(write: Callable[[Path, int], None], file: Path, people: int) -> None:
    """Write a file in a process of its own, for the peak of a child begins with what its parent holds."""
    writer = multiprocessing.get_context("spawn").Process(target=write, args=(file, people))
    writer.start()
    writer.join()
    if writer.exitcode:
        raise SystemExit("the file could not be written")


def used(*arguments: str) -> tuple[float, float]:
    """Run Python with these arguments; return its CPU seconds and its most memory, in MB."""
    child = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit("the command failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def bench(folder: Path, people: int, by: list[str], written: str, where: list[str]) -> None:
    """Print a line for each way people are clustered, and for each place the table is to be in."""
    file = folder / f"people{people}.{written}"
    apart(write, file, people)
    start = used("-c", NOTHING)[0]
    for level, place in product(by, where or [""]):
        scan = used("-c", PLAIN_SUM, str(file), str(THREADS))[0] - start
        spec = {"design": "panel", "data": file.name, "unit": "person", "time": "month"}
        spec |= {
            "start": "start",
            "outcome": "calls",
            "kpi": {"kind": "continuous", "better": "up"},
        }
        spec |= {"cluster": "team"} if level == "team" else {}
        path = folder / "spec.json"
        path.write_text(json.dumps(spec))
        command = ("-c", PLACED.format(FROM_ROWS[place])) if place else ("-m", "lrs.cli")
        seconds, memory = used(
            *command, "evaluate", str(path), "--json", str(folder / "answer.json")
        )
        answer = json.loads((folder / "answer.json").read_text())
        goal = GOALS.get(people) if written == "parquet" and place != "memory" else None
        print(
            f"{people:>11,} people × {MONTHS} months, {answer['n']['clusters']:,} clusters ({level})"
            f"{', in ' + place if place else ''}: "
            f"{seconds:5.1f} s CPU, {seconds / scan:5.1f} × a plain sum ({scan:.2f} s); "
            f"peak {memory:.0f} MB" + (f"; goal {goal[0]} s, {goal[1]} MB" if goal else ""),
            flush=True,
        )
    file.unlink()


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--by", nargs="+", choices=("team", "person"), default=["team", "person"])
    parser.add_argument("--as", dest="written", choices=list(WRITTEN), default="parquet")
    parser.add_argument("--where", nargs="+", choices=list(FROM_ROWS), default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for people in given.people:
            bench(Path(name), people, given.by, given.written, given.where)


if __name__ == "__main__":
    main()
