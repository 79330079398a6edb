"""Who was where, and who learned when, is packed between reports, and never makes one say anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from care_company import (
    HANDED_OVER,
    PATH,
    SIZE,
    TEAMS,
    course,
    outcomes_file,
    people_file,
    said,
    store,
)

from analytics import cells, packing
from analytics.cells import refresh_cells
from analytics.facts import refresh_facts
from analytics.impact import impact, population
from analytics.packing import refresh_learners
from analytics.store import bases, packed, stage
from analytics.store.bases import bases_of
from analytics.store.exposure import stage_path
from analytics.store.learned import learning_on, packed_learning
from analytics.store.people import stage_people
from analytics.store.staff import People, learners_in, packed_staff, staff_in
from connectors.importing import import_outcomes, import_paths, import_people
from connectors.paths import learning_path
from connectors.resolving import resolve_actors
from connectors.store.schema import actor_link, employment, membership, person, sync_run
from lrs.store.database import Database

PEOPLE = TEAMS * SIZE
YEAR = (648, 659)
Columns = list[list[int]]


@pytest.fixture
def known(database: Database, tmp_path: Path) -> Path:
    """A folder; its people, outcomes and who completed are in the store."""
    import_people(database, 1, people_file(tmp_path / "people.csv", corrected=False))
    import_outcomes(database, 1, outcomes_file(tmp_path / "outcomes.csv"))
    store(database, 1, course()[0])
    refresh(database)
    return tmp_path


def refresh(database: Database) -> bool:
    """Bring everything up to date, as before a report; return whether learners were packed anew."""
    refresh_facts(database, 1)
    resolve_actors(database, 1)
    refresh_cells(database, 1)
    return refresh_learners(database, 1, PATH)


def plain(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "made_at"}


def columns(*arrays: Any) -> Columns:
    return [array.tolist() for array in arrays]


def packed_people(database: Database) -> Columns | None:
    """Return what is packed of people as a report reads it; None: it reads the records."""
    with database.read() as conn:
        staff = packed_staff(conn, 1)
    return None if staff is None else columns(*staff.employed, *staff.member, staff.unit)


def people_now(database: Database) -> Columns:
    """Return the same from the records."""
    with database.read() as conn, stage.staged(conn):
        stage_people(conn, 1)
        staff = staff_in(conn)
    return columns(*staff.employed, *staff.member, staff.unit)


def packed_of_path(database: Database) -> tuple[Any, Columns] | None:
    with database.read() as conn:
        found = packed_learning(conn, 1, learning_path(conn, 1, PATH))
    return None if found is None else (found[0], columns(*found[1]))


def path_now(database: Database) -> tuple[Any, Columns]:
    with database.read() as conn, stage.staged(conn):
        path = learning_path(conn, 1, PATH)
        stage_path(conn, 1, path)
        return learning_on(conn, 1, path), columns(*learners_in(conn))


def test_people_are_packed_as_the_records_have_them(database: Database, known: Path) -> None:
    assert packed_people(database) == people_now(database)
    import_people(database, 1, people_file(known / "later.csv", corrected=True))
    assert packed_people(database) is None  # an import that it does not know of
    refresh(database)
    assert packed_people(database) == people_now(database)


def test_imports_that_touch_no_staff_leave_people_packed(
    database: Database, known: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "pack_people", pytest.fail)
    monkeypatch.setattr(cells, "stage_people", pytest.fail)
    path = known / "more.csv"
    path.write_text("metric,person_id,period,value\ncalls,P1,2024-12,99\n", "utf-8")
    import_outcomes(database, 1, path)
    assert packed_people(database) is None
    refresh(database)
    assert packed_people(database) == people_now(database)


def test_an_import_under_way_is_looked_at_again(database: Database, known: Path) -> None:
    """What it has written by now is packed, and what it writes later too."""
    with database.write() as conn:
        run = sa.insert(sync_run).values(tenant_id=1, source="x", stream="x", started_at=2**60)
        number = conn.execute(run.returning(sync_run.c.id)).scalar_one()
    for who in (3, 4):
        with database.write() as conn:
            one = sa.select(person.c.id).where(person.c.source_key == f"P{who}").scalar_subquery()
            for table in (employment, membership):
                gone = sa.update(table).where(table.c.person_id == one)
                conn.execute(gone.values(superseded_run=number))
        refresh(database)
        assert packed_people(database) == people_now(database)


def test_who_is_taken_out_of_the_records_is_in_no_page(database: Database, known: Path) -> None:
    """What is packed of somebody who is erased goes with the next report."""
    with database.write() as conn:
        gone = conn.execute(sa.select(person.c.id).where(person.c.source_key == "P1")).scalar_one()
        for table in (employment, membership, actor_link):
            conn.execute(sa.delete(table).where(table.c.person_id == gone))
        run = sa.insert(sync_run).values(
            tenant_id=1, source="erasing", stream="x", started_at=1, ended_at=2**60
        )
        conn.execute(run)
    impact(database, 1, PATH, "calls")
    with database.read() as conn:
        stages = (packed.EMPLOYED, packed.MEMBER, packed.BASIS, packed.learner(PATH))
        named = [set(packed.unpack(conn, 1, one)[0].tolist()) for one in stages]
    assert [gone in people for people in named] == [False] * 4
    assert [len(people) for people in named[:3]] == [PEOPLE - 1] * 3


def test_learners_follow_what_is_said_later(database: Database, known: Path) -> None:
    _, late, gone = course()
    assert packed_of_path(database) == path_now(database)
    assert not refresh(database)
    before = packed_of_path(database)
    for more in (late, gone[1:], [said(PEOPLE - 1, "completed", "2024-09-03T10:00:00Z")]):
        store(database, 1, more)
        refresh_facts(database, 1)
        assert packed_of_path(database) is None
        assert refresh(database)
        assert packed_of_path(database) == path_now(database) != before
        before = packed_of_path(database)


def test_learners_follow_their_links_and_the_rule(database: Database, known: Path) -> None:
    """Another's mail address, and another rule of when the path is completed."""
    store(database, 1, [said(HANDED_OVER, "completed", "2024-09-03T10:00:00Z")])
    assert refresh(database)
    before = packed_of_path(database)
    import_people(database, 1, people_file(known / "later.csv", corrected=True))
    assert refresh(database)
    assert before != packed_of_path(database) == path_now(database)
    rule = f'[[path]]\nid = "{PATH}"\nactivities = ["{PATH}"]\ncomplete = "passed"\n'
    (known / "paths.toml").write_text(rule, "utf-8")
    import_paths(database, 1, known / "paths.toml")
    assert packed_of_path(database) is None
    assert refresh(database)
    learning, _ = packed_of_path(database) or (None, [])
    assert learning.completed == 0
    assert packed_of_path(database) == path_now(database)


def test_a_statement_elsewhere_leaves_learners_packed(database: Database, known: Path) -> None:
    elsewhere = said(1, "completed", "2024-05-01T10:00:00Z")
    store(database, 1, [elsewhere | {"object": {"id": "https://example.org/other"}}])
    assert not refresh(database)
    assert packed_of_path(database) == path_now(database)


@contextmanager
def unpacked() -> Iterator[None]:
    """Let reports read the records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "packed_staff", lambda *_: None)
        patch.setattr(population, "packed_learning", lambda *_: None)
        patch.setattr(bases, "is_packed", lambda *_: False)
        yield


@pytest.mark.parametrize("by", [None, "team", "person"])
def test_a_report_says_the_same_of_what_is_packed(
    database: Database, known: Path, by: str | None
) -> None:
    import_people(database, 1, people_file(known / "later.csv", corrected=True))
    store(database, 1, course()[1])
    made = plain(impact(database, 1, PATH, "calls", by=by))
    with unpacked():
        assert plain(impact(database, 1, PATH, "calls", by=by)) == made
    assert made["people"]["basis"] == {"source": 1.0, "observed": 0.0, "assumed": 0.0}


def test_how_dates_are_known_is_counted_alike(database: Database, known: Path) -> None:
    with database.write() as conn:
        for table, basis, every in ((employment, "observed", 3), (membership, "assumed", 5)):
            some = sa.update(table).where(table.c.person_id % every == 0)
            conn.execute(some.values(basis=basis))
        conn.execute(sa.delete(packing.packed_people))
    refresh(database)

    def counted() -> dict[str, int]:
        with database.read() as conn, stage.staged(conn):
            return bases_of(People(conn, 1, packed_staff(conn, 1)), 1, *YEAR)

    found = counted()
    with unpacked():
        assert counted() == found
    assert sum(found.values()) == 2 * PEOPLE
    assert min(found.values()) > 0


@pytest.mark.parametrize("lines", [1, 3, 4, 100])
def test_pages_are_put_together_again(
    database: Database, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "LINES", lines)
    stages = (packed.MEMBER, packed.learner("a"), packed.learner("b"))
    for size in (9, 4, 0):  # fewer pages leave none behind
        with database.write() as conn:
            given = [
                [np.arange(size) * (at + 2) ** 9 % 2**31 for at, _ in enumerate(one.kinds)]
                for one in stages
            ]
            for one, numbers in zip(stages, given, strict=True):
                packed.pack(conn, 1, one, numbers)
            for one, numbers in zip(stages, given, strict=True):
                assert columns(*packed.unpack(conn, 1, one)) == columns(*numbers)
