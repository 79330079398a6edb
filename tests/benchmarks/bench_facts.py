"""CPU seconds of keeping activity facts and reports fresh: what is new costs, what is old does not.

    python tests/benchmarks/bench_facts.py [--statements 1000000] [--only sqlite|postgresql]

All facts from nothing; then 10,000 new statements (a third of them dated long ago), 1,000 voided, a
late correction of the staff history, and nothing at all. Each is told as CPU seconds and in plain
sums over all statements in the same run. At the end the facts are made from nothing once more and
must be the same.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import sqlalchemy as sa
from bench_panel import PATH, STATEMENTS, TENANT, Clock, _id16, databases, fill, plain_sum

from analytics.facts import refresh_facts
from analytics.impact.asking import ask
from analytics.impact.making import make_record
from analytics.store.schema import activity_fact, fact_watermark
from lrs.store.database import Database

NEW, VOIDED = 10_000, 1_000
SUMS = ("n", "completed", "scored", "score_sum", "duration_s")


def bench(database: Database, people: int) -> None:
    """Fill, and print a line a step."""
    fill(database, people)
    scan = plain_sum(database, "statement", "day_no")
    rows = people * STATEMENTS
    print(f"{database.engine.dialect.name}: {rows:,} statements; a plain sum {scan:.2f} s CPU")
    clock = Clock(database)

    def timed(what: str, work: Callable[[], object]) -> None:
        began = clock.spent()
        work()
        spent = clock.spent() - began
        print(f"  {what:44} {spent:7.2f} s CPU {spent / scan:8.2f} × plain sum", flush=True)

    timed("facts from nothing", lambda: refresh_facts(database, TENANT))
    timed("a report", lambda: _report(database))
    _add(database, rows + 100, NEW)
    timed(f"facts, {NEW:,} new statements", lambda: refresh_facts(database, TENANT))
    _void(database, rows + 100 + NEW, VOIDED)
    timed(f"facts, {VOIDED:,} statements voided", lambda: refresh_facts(database, TENANT))
    timed("facts, nothing new", lambda: refresh_facts(database, TENANT))
    _correct(database)
    timed("facts, staff history corrected", lambda: refresh_facts(database, TENANT))
    timed("the report after the correction", lambda: _report(database))
    kept = _facts(database)
    with database.write() as conn:
        conn.execute(sa.delete(activity_fact))
        conn.execute(sa.delete(fact_watermark))
    refresh_facts(database, TENANT)
    print(f"  facts made from nothing are the same: {_facts(database) == kept}", flush=True)


def _report(database: Database) -> None:
    with database.read() as conn:
        make_record(conn, ask(conn, TENANT, PATH, "calls", None), min_group=8)


def _add(database: Database, after: int, count: int) -> None:
    """Add statements of people there are, every third dated 200 days before the others."""
    with database.write() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO statement (tenant_id, seq, statement_id, stored_at, timestamp_at, day_no,"
                " actor_id, verb_id, activity_id, authority_id, version, completion, duration_s) "
                f"SELECT 1, seq + :shift, {_id16(conn, 'seq + :shift')}, 0, 0, "
                "CASE WHEN seq % 3 = 0 THEN 19900 ELSE 20100 END, actor_id, verb_id, activity_id, 1, "
                "10, 1, 30.0 FROM statement WHERE seq > 10 AND seq <= 10 + :count"
            ),
            {"shift": after, "count": count},
        )


def _void(database: Database, after: int, count: int) -> None:
    """Void every hundredth statement, by statements about statements."""
    with database.write() as conn:
        conn.execute(
            sa.text(
                "INSERT INTO statement (tenant_id, seq, statement_id, stored_at, timestamp_at, day_no,"
                " verb_id, authority_id, version) "
                f"SELECT 1, seq / 100 + :shift, {_id16(conn, 'seq / 100 + :shift')}, 0, 0, 20100, 1, "
                "1, 10 FROM statement WHERE seq % 100 = 0 AND seq <= 100 * :count"
            ),
            {"shift": after + 100, "count": count},
        )
        conn.execute(
            sa.text(
                "UPDATE statement SET voided_by = seq / 100 + :shift "
                "WHERE seq % 100 = 0 AND seq <= 100 * :count"
            ),
            {"shift": after + 100, "count": count},
        )


def _correct(database: Database) -> None:
    """Move a hundred people to another team, from a day long past."""
    with database.write() as conn:
        conn.execute(sa.text("UPDATE membership SET unit_id = 1 WHERE person_id <= 100"))


def _facts(database: Database) -> list[tuple[object, ...]]:
    """Return the facts summed up, by verb and day."""
    f = activity_fact.c
    key = (f.verb_id, f.day_no)
    actors = sa.func.count(sa.distinct(f.actor_id))
    sums = (sa.func.sum(f[name]) for name in SUMS)
    with database.read() as conn:
        query = sa.select(*key, actors, *sums).where(f.tenant_id == TENANT)
        found = conn.execute(query.group_by(*key).order_by(*key)).all()
    return [tuple(map(float, row)) for row in found]


def main() -> None:
    """Measure each database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    with databases(given.only) as opened:
        for database, _ in opened:
            bench(database, max(given.statements // STATEMENTS, 1_000))
            database.close()


if __name__ == "__main__":
    main()
