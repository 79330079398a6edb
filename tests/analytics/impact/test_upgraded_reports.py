"""A report on data of an earlier schema is, after the upgrade, what it is on the same data today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from earlier_schemas import Tables, earlier_schemas, make_at, put_rows, rows_of

from analytics.demo.build import build
from analytics.demo.files import PAIRS
from analytics.impact import impact
from lrs.store import migrate
from lrs.store.database import Database

TENANT = 1

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


def reports(database: Database) -> list[dict[str, Any]]:
    made = [impact(database, TENANT, path, outcome) for path, outcome in PAIRS]
    return [{name: part for name, part in one.items() if name != "made_at"} for one in made]


@pytest.mark.parametrize("revisions", earlier_schemas(), ids="+".join)
def test_reports_are_equal_after_an_upgrade(
    company: Database, rows: Tables, database: Database, revisions: tuple[str, ...]
) -> None:
    make_at(database, revisions)
    with database.write() as conn:
        put_rows(conn, rows)
    migrate.upgrade(database)
    assert reports(database) == reports(company)
