"""What is brought up to date bit by bit is what it would be if it were made from nothing."""

from __future__ import annotations

import uuid
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from care_company import PATH, Statement, course, outcomes_file, people_file, said, store, voids

from analytics.facts import refresh_facts
from analytics.impact import impact, report_list, stored_report
from analytics.store.schema import (
    activity_fact,
    fact_watermark,
    kept_outcome,
    packed_learners,
    packed_people,
)
from connectors.importing import import_outcomes, import_people
from lrs.access.tenants import make_tenant
from lrs.store.database import Database


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "made_at"}


def from_nothing(database: Database, tenant_id: int) -> dict[str, Any]:
    with database.write() as conn:
        made = (activity_fact, fact_watermark, kept_outcome, packed_people, packed_learners)
        for table in made:
            conn.execute(sa.delete(table).where(table.c.tenant_id == tenant_id))
    return plain(impact(database, tenant_id, PATH, "calls"))


def newest_fact(database: Database) -> int:
    with database.read() as conn:
        return int(conn.execute(sa.select(sa.func.max(activity_fact.c.id))).scalar_one())


@pytest.fixture
def known(database: Database, tmp_path: Path) -> Path:
    """A folder; its people and outcomes are in the store."""
    import_people(database, 1, people_file(tmp_path / "people.csv", corrected=False))
    import_outcomes(database, 1, outcomes_file(tmp_path / "outcomes.csv"))
    return tmp_path


def test_report_brought_up_to_date_is_the_one_from_nothing(database: Database, known: Path) -> None:
    """After each of: late and back-dated statements, voidings, a correction, another's mail."""
    first, late, gone = course()
    store(database, 1, first)
    made = [plain(impact(database, 1, PATH, "calls"))]
    for more in (late, gone):
        store(database, 1, more)
        made.append(plain(impact(database, 1, PATH, "calls")))
        assert made[-1] == from_nothing(database, 1)
    import_people(database, 1, people_file(known / "later.csv", corrected=True))
    made.append(plain(impact(database, 1, PATH, "calls")))
    assert made[-1] == from_nothing(database, 1)
    assert all(one != other for one, other in pairwise(made))
    _had_it_been_known(database, known, made[-1], [*first, *late, *gone])


def _had_it_been_known(
    database: Database, folder: Path, told: dict[str, Any], statements: list[Statement]
) -> None:
    """Another tenant is told everything at once, the corrected history only, in reverse."""
    with database.write() as conn:
        other = make_tenant(conn, "other")
    import_people(database, other, people_file(folder / "other.csv", corrected=True))
    import_outcomes(database, other, folder / "outcomes.csv")
    store(database, other, statements[::-1])
    found = plain(impact(database, other, PATH, "calls"))
    for key in ("estimate", "n", "completion", "exposure", "event_study", "window"):
        assert found[key] == told[key], key


def test_a_late_correction_of_staff_touches_no_fact(database: Database, known: Path) -> None:
    store(database, 1, course()[0])
    before = impact(database, 1, PATH, "calls")
    newest = newest_fact(database)
    import_people(database, 1, people_file(known / "later.csv", corrected=True))
    assert refresh_facts(database, 1) == 0
    assert plain(impact(database, 1, PATH, "calls")) != plain(before)
    assert newest_fact(database) == newest


def test_a_statement_on_another_path_leaves_the_report_as_it_is(
    database: Database, known: Path
) -> None:
    store(database, 1, course()[0])
    made = impact(database, 1, PATH, "calls")
    elsewhere = said(1, "completed", "2024-05-01T10:00:00Z")
    store(database, 1, [elsewhere | {"object": {"id": "https://example.org/other"}}])
    assert stored_report(database, 1, PATH, "calls") == made


def test_a_list_without_patience_takes_in_newer_data_a_report_at_a_time(
    database: Database, known: Path
) -> None:
    """Whoever opens the first page does not wait for all; nothing is shown as new that is not."""
    first, late, _ = course()
    paths = [PATH, f"{PATH}/b", f"{PATH}/a"]

    def about(path: str, statements: list[Statement]) -> list[Statement]:
        return [s | {"id": str(uuid.uuid4()), "object": {"id": path}} for s in statements]

    def shown() -> list[str]:
        found = report_list(database, 1, patience_s=0)
        assert [record["path"]["id"] for record in found] == sorted(paths)
        return [record["path"]["id"] for record in found if record.get("newer_data")]

    for path in paths:
        store(database, 1, about(path, first))
        impact(database, 1, path, "calls")
    assert shown() == []
    before = {path: stored_report(database, 1, path, "calls") for path in paths}
    for path in paths:
        store(database, 1, about(path, late))
    assert shown() == sorted(paths[1:])
    old = next(r for r in report_list(database, 1, patience_s=0) if r.get("newer_data"))
    assert plain(old) | {"family": None, "newer_data": None} == (
        plain(before[old["path"]["id"]] or {}) | {"family": None, "newer_data": None}
    )
    assert shown() == []
    assert [plain(r) for r in report_list(database, 1)] == [
        plain(r) for r in report_list(database, 1, patience_s=0)
    ]


def test_a_report_whose_path_is_gone_keeps_none_from_being_taken_up(
    database: Database, known: Path
) -> None:
    first, late, _ = course()
    store(database, 1, [only := said(0, "completed", "2024-05-03T10:00:00Z")])
    store(database, 1, [s | {"object": {"id": f"{PATH}/b"}} for s in first])
    for path in (PATH, f"{PATH}/b"):
        impact(database, 1, path, "calls")
    store(database, 1, [voids(only), *(s | {"object": {"id": f"{PATH}/b"}} for s in late)])
    (found,) = report_list(database, 1, patience_s=0)
    assert "newer_data" not in found
