"""A report on data of an earlier schema is, after the upgrade, what it is on the same data today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from earlier_schemas import Tables, earlier_schemas, make_at, put_rows, rows_of, tables_of

from analytics.demo.build import build
from analytics.demo.files import PAIRS
from analytics.impact import impact
from analytics.store.schema import kept_outcome, plan_version, start_draw
from lrs.store import migrate
from lrs.store.database import Database

TENANT = 1

Record = dict[str, Any]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The made-up company, at this version's schema."""
    database = migrate.open_database({"home": str(tmp_path_factory.mktemp("company"))})
    build(database, lambda _: None)
    yield database
    database.close()


@pytest.fixture(scope="module")
def rows(company: Database) -> Tables:
    with company.read() as conn:
        return rows_of(conn)


@pytest.fixture(scope="module")
def today(company: Database, rows: Tables) -> dict[str, list[Record]]:
    """What is reported of that company, and without the plans that the first schema had no place for.

    It is asked once the rows are taken, for it puts the plans away.
    """
    found = {"planned": reports(company)}
    with company.write() as conn:
        for table in (plan_version, start_draw):
            conn.execute(sa.delete(table))
    return found | {"without a plan": reports(company)}


def reports(database: Database) -> list[Record]:
    made = [impact(database, TENANT, path, outcome) for path, outcome in PAIRS]
    return [{name: part for name, part in one.items() if name != "made_at"} for one in made]


@pytest.mark.parametrize("revisions", earlier_schemas(), ids="+".join)
def test_reports_are_equal_after_an_upgrade(
    rows: Tables,
    today: dict[str, list[Record]],
    database: Database,
    revisions: tuple[str, ...],
) -> None:
    make_at(database, revisions)
    with database.write() as conn:
        put_rows(conn, rows)
        kept = tables_of(conn).tables.get(kept_outcome.name)
        if kept is not None:  # as that version kept it
            conn.execute(
                sa.update(kept).values(read_as=sa.literal("1") + sa.func.substr(kept.c.read_as, 2))
            )
        plans = "planned" if plan_version.name in tables_of(conn).tables else "without a plan"
    migrate.upgrade(database)
    assert reports(database) == today[plans]
