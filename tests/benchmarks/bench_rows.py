"""CPU seconds and peak memory of `verkan evaluate` where each person has one row.

    python tests/benchmarks/bench_rows.py [--people 1000000] [--design randomised observational duration]
                                          [--as parquet csv]

The file is made by DuckDB: people of teams of 25, with what was so of them before in numbers and in words,
an outcome, and how long they stayed. Measured is the whole command as a user runs it, imports
included; beside it stands a plain sum of the same rows by DuckDB, in the same minute.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from bench_large import NOTHING, PLAIN_SUM, WRITTEN, apart, used

from analytics.store.columns import THREADS

CHOSEN = ["age", "site"]
"""Covariates: one of numbers, one of eight words."""
SPECS: dict[str, dict[str, Any]] = {
    "randomised": {
        "outcome": "calls",
        "treatment": "drawn",
        "covariates": CHOSEN,
        "kpi": {"kind": "continuous", "better": "up"},
    },
    "observational": {
        "outcome": "calls",
        "treatment": "chosen",
        "cluster": "team",
        "covariates": CHOSEN,
        "kpi": {"kind": "continuous", "better": "up"},
    },
    "duration": {
        "unit": "person",
        "exit": "stayed",
        "event": "left_us",
        "exposure": "chosen",
        "covariates": ["age"],
        "kpi": {"kind": "time_to_event", "better": "down"},
    },
}


def write(path: Path, people: int) -> None:
    """Make the file, a row a person."""
    with duckdb.connect(config={"memory_limit": "1GB"}) as db:
        db.execute("SET enable_progress_bar = false")
        db.execute(
            "COPY (SELECT *, 10 + dice % 1000 * 0.01::DOUBLE + age * 0.05 + 0.3 * drawn AS calls, "
            "1 + dice % 360 AS stayed, (dice % 10 < 4 - chosen)::INTEGER AS left_us FROM "
            "(SELECT k AS person, 'Team ' || k // 25 AS team, k * 7919 % 2 AS drawn, "
            "20 + k * 104729 % 45 AS age, 'Site ' || k * 31 % 8 AS site, "
            "(k * 104729 % 45 + k * 1299709 % 60 > 55)::INTEGER AS chosen, "
            f"k * 15485863 % 1000003 AS dice FROM range({people}) p (k))) "
            f"TO '{path}' ({WRITTEN[path.name.partition('.')[2]]})"
        )


def bench(folder: Path, people: int, designs: list[str], written: str) -> None:
    """Print a line for each design."""
    file = folder / f"people.{written}"
    apart(write, file, people)
    plain = PLAIN_SUM.replace("sum(calls)", "sum(calls), sum(stayed), sum(age)")
    start = used("-c", NOTHING)[0]
    for design in designs:
        scan = used("-c", plain, str(file), str(THREADS))[0] - start
        path = folder / "spec.json"
        path.write_text(json.dumps(SPECS[design] | {"design": design, "data": file.name}))
        seconds, memory = used("-m", "lrs.cli", "evaluate", str(path), "--json", str(path) + ".out")
        answer = json.loads(Path(str(path) + ".out").read_text())
        print(
            f"{answer['n']['units']:>11,} people, {design}, {written}: {seconds:5.1f} s CPU, "
            f"{seconds / scan:5.1f} × a plain sum ({scan:.2f} s); peak {memory:.0f} MB",
            flush=True,
        )
    file.unlink()


def main() -> None:
    """Measure each design, and each way the table may be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--design", nargs="+", choices=list(SPECS), default=list(SPECS))
    parser.add_argument("--as", dest="written", nargs="+", choices=list(WRITTEN))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for written in given.written or ["parquet", "csv"]:
            bench(Path(name), given.people, given.design, written)


if __name__ == "__main__":
    main()
