"""`make bench`: how quick the record store is on this machine, in one table.

    python tests/benchmarks/bench.py [--stored 1000000] [--scale 1] [--part posts …] [--database sqlite]

A real `verkan serve` with the settings it ships with (every commit reaches the disk). First so many
statements are imported, exported and added up as facts (`files.py`), backed up and checked
(`backups.py`); then, with those stored, every filter is asked (`reads.py`) and statements are posted
(`posts.py`), by the other server too (`servers.py`). Each figure stands beside the same work done by
the database alone in the same run, and beside the figure of the run before. A million stored takes about ten minutes a database, ten million
(``--stored 10000000 --part facts --part reads``) half an hour; ``--stored 20000 --scale 0.1`` is for a try.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent)]

from backups import measure_backups  # noqa: E402
from figures import KEPT, Figure, keep, kept, table  # noqa: E402
from files import measure_exports, measure_facts, measure_import  # noqa: E402
from places import places, sync_ms  # noqa: E402
from posts import measure_alone, measure_posts  # noqa: E402
from reads import measure_reads  # noqa: E402
from rich.console import Console  # noqa: E402
from servers import measure_servers  # noqa: E402
from serving import serving  # noqa: E402

PARTS = ("files", "facts", "backups", "reads", "posts", "servers")
WORKERS = {"sqlite": 1, "postgresql": 2}


def measure(kind: str, stored: int, scale: float, parts: list[str]) -> Iterator[Figure]:
    """Run the parts on one kind of database; reads and posts find what was imported."""
    with places(kind) as place:
        settings = place.new()
        imported = list(measure_import(place, settings, stored)) if stored else []
        if "files" in parts and stored:
            yield from imported
            yield from measure_exports(place, settings, stored)
        if "facts" in parts and stored:
            yield from measure_facts(place, settings, stored)
        if "backups" in parts and stored:
            yield from measure_backups(place, settings, stored)
        if {"reads", "posts"} & set(parts):
            with serving(replace(settings, workers=WORKERS[kind])) as served:
                if "reads" in parts and stored:
                    yield from measure_reads(kind, served)
                if "posts" in parts:
                    yield from measure_posts(place, served, scale)
        if "servers" in parts:
            yield from measure_servers(place, replace(settings, workers=WORKERS[kind]), scale)
        if "posts" in parts and WORKERS[kind] > 1:
            with serving(settings) as served:
                yield from measure_alone(place, served, scale)


def main() -> int:
    """Measure, show, and keep the figures; 1 when a request failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=1_000_000, help="statements stored before")
    parser.add_argument("--scale", type=float, default=1.0, help="how much to post; 0.1 for a try")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--database", choices=sorted(WORKERS), action="append")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where figures are kept as JSON")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 170)
    conditions = {
        "stored": asked.stored,
        "scale": asked.scale,
        "sync_ms": sync_ms(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }
    last, figures = kept(asked.kept), []
    for kind in asked.database or WORKERS:
        for one in measure(kind, asked.stored, asked.scale, asked.part or list(PARTS)):
            figures.append(one)
            console.print(f"{one.key}: {one.value:,.1f}", highlight=False)
    title = f"{asked.stored:,} stored; one sync to disk {conditions['sync_ms']:.2f} ms"
    console.print(table(figures, title, last))
    keep(asked.kept, figures, conditions)
    console.print(f"kept in {asked.kept}; «last» is against the run before")
    return 1 if any(one.value for one in figures if one.unit == "answers") else 0


if __name__ == "__main__":
    sys.exit(main())
