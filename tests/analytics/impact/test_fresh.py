"""What is brought up to date bit by bit is what it would be if it were made from nothing."""

from __future__ import annotations

import csv
import uuid
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import sqlalchemy as sa

from analytics.facts import refresh_facts
from analytics.impact import impact, report_list, stored_report
from analytics.store.schema import activity_fact, fact_watermark, kept_outcome
from connectors.importing import import_outcomes, import_people
from lrs.access.tenants import make_tenant
from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

PATH = "https://example.org/paths/care"
VERBS = "http://adlnet.gov/expapi/verbs/"
AUTHORITY = {"objectType": "Agent", "mbox": "mailto:lms@example.org"}
TEAMS, SIZE, MONTHS = 18, 4, 12
STARTS = {0: "2024-05", 1: "2024-08"}  # by team; every third never
MOVED, HANDED_OVER = 5, 9  # persons
Statement = dict[str, Any]


def people_file(path: Path, *, corrected: bool) -> Path:
    """Write the staff history; the correction moves one person and gives a mail to another."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["person_id", "email", "team_id", "valid_from", "valid_to"])
        for n in range(TEAMS * SIZE):
            mail, team = f"p{n}@example.org", f"T{n // SIZE:02}"
            if corrected and n == MOVED:
                out.writerow([f"P{n}", mail, team, "2023-01-01", "2024-04-01"])
                out.writerow([f"P{n}", mail, "T02", "2024-04-01", ""])
            elif corrected and n == HANDED_OVER:
                out.writerow([f"P{n}", "", team, "2023-01-01", ""])
            elif corrected and n == HANDED_OVER + 1:
                out.writerow([f"P{n}", f"p{HANDED_OVER}@example.org", team, "2023-01-01", ""])
            else:
                out.writerow([f"P{n}", mail, team, "2023-01-01", ""])
    return path


def outcomes_file(path: Path) -> Path:
    """Write a figure a person and month."""
    chance = np.random.default_rng(8)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["metric", "person_id", "period", "value"])
        for n in range(TEAMS * SIZE):
            for month in range(1, MONTHS + 1):
                value = round(float(chance.normal(10, 1)), 2)
                out.writerow(["calls", f"P{n}", f"2024-{month:02}", value])
    return path


def said(person: int, verb: str, when: str) -> Statement:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:p{person}@example.org"},
        "verb": {"id": VERBS + verb},
        "object": {"id": PATH},
        "timestamp": when,
        "result": {"duration": "PT30M", "score": {"scaled": 0.75}},
    }


def voids(target: Statement) -> Statement:
    return {
        "actor": {"mbox": "mailto:admin@example.org"},
        "verb": {"id": VERBS + "voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def store(database: Database, tenant_id: int, statements: list[Statement]) -> None:
    checked = check_batch(orjson.dumps(statements), SpecVersion.V1_0)
    write_statements(database, tenant_id, checked, authority=AUTHORITY, key_id=None)


def course() -> tuple[list[Statement], list[Statement], list[Statement]]:
    """Return who completes, what comes late and is dated long before, and what is taken back."""
    trained = [n for n in range(TEAMS * SIZE) if n // SIZE % 3 in STARTS]
    first = [said(n, "completed", f"{STARTS[n // SIZE % 3]}-03T10:00:00Z") for n in trained]
    late = [said(n, "initialized", "2024-02-11T10:00:00Z") for n in trained[::2]]
    late += [said(n, "completed", "2024-03-20T10:00:00Z") for n in trained[:3]]
    return first, late, [voids(first[-1]), voids(late[0]), voids(late[-1])]


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "made_at"}


def from_nothing(database: Database, tenant_id: int) -> dict[str, Any]:
    with database.write() as conn:
        for table in (activity_fact, fact_watermark, kept_outcome):
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
