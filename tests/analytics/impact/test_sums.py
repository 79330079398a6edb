"""The two passes are one text, and one result, on SQLite, PostgreSQL and DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
import sqlalchemy as sa

from analytics.estimators.panel import NEVER
from analytics.store import sums
from lrs.store.database import Database

COHORTS = (5, 8, NEVER)
WEIGHTS = "(8, 1, 0.25, 1.0, -0.5), (8, 5, 0.5, 0.0, 2.0), (5, 2, 0.75, 0.125, 0.25)"


def texts() -> list[str]:
    """What each database is given, in order; the last part asks."""
    chance = np.random.default_rng(4)
    rows = ", ".join(
        f"({COHORTS[cluster % 3]}, {cluster}, {period}, {chance.integers(0, 64) / 8}, 2.0)"
        for cluster in range(12)
        for period in range(1, 7)
        for _ in range(3)
    )
    seen = sa.table("seen", *map(sa.column, ("cohort", "cluster", "period", "num", "den")))
    names = ("cohort", "cluster", "period", "rows", "num", "den", "num2")
    added = sa.table("added", *map(sa.column, names))
    weights = sa.table("weights", *map(sa.column, ("cohort", "period", "mean", "w0", "w1")))
    doubles = "mean DOUBLE PRECISION, w0 DOUBLE PRECISION, w1 DOUBLE PRECISION"
    made = [
        "CREATE TEMPORARY TABLE seen (cohort INTEGER, cluster BIGINT, period INTEGER, "
        "num DOUBLE PRECISION, den DOUBLE PRECISION)",
        f"INSERT INTO seen VALUES {rows}",
        f"CREATE TEMPORARY TABLE weights (cohort INTEGER, period INTEGER, {doubles})",
        f"INSERT INTO weights VALUES {WEIGHTS}",
        f"CREATE TEMPORARY TABLE added AS {sums.text_of(sums.by_cluster(seen))}",
    ]
    asked = (
        sums.cells(added),
        sums.clusters(added),
        sums.scores(added, weights, 2),
        sums.in_order(sums.each(added)).order_by(added.c.period),
        sums.in_several_cohorts(added),
    )
    return [*made, *map(sums.text_of, asked)]


@pytest.fixture
def on_duckdb() -> list[list[tuple[object, ...]]]:
    """The answers of DuckDB."""
    with duckdb.connect() as db:
        return [db.execute(text).fetchall() for text in texts()][-5:]


def test_one_text_has_the_same_sums_on_every_database(
    database: Database, on_duckdb: list[list[tuple[object, ...]]]
) -> None:
    with database.write() as conn:
        *made, cells, clusters, scores, ordered, crossed = texts()
        for text in made:
            conn.exec_driver_sql(text)
        asked = (cells, clusters, scores, ordered, crossed)
        found = [[tuple(row) for row in conn.exec_driver_sql(text)] for text in asked]
    assert found == on_duckdb
    assert len(found[2]) == 12
    assert found[4] == [(0,)]
