"""`verkan demo` end to end: the right verdicts, by the same doors as a customer's data, once."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from analytics.demo import build as building
from analytics.demo.commands import demo
from analytics.demo.files import PAIRS
from analytics.demo.training import CONVERSATIONS, MENTORS, SECURITY
from analytics.impact import stored_report
from lrs.errors import BadInput
from lrs.settings import Settings, load
from lrs.store.database import Database
from lrs.store.migrate import load_tables, open_database
from lrs.store.reading import count
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

TENANT = 1

Records = dict[str, dict[str, Any]]


def _quiet(_: str) -> None:
    """Tell nobody."""


def _broken_off(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with the demo in it, whose first build was broken off half-way."""
    database = open_database({"home": str(tmp_path_factory.mktemp("demo"))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_post", _broken_off)
        with pytest.raises(KeyboardInterrupt):
            building.build(database, _quiet)
    assert _records(database) == {}
    assert building.build(database, _quiet)
    yield database
    database.close()


def _records(database: Database) -> Records:
    found = {path: stored_report(database, TENANT, path, outcome) for path, outcome in PAIRS}
    return {path: record for path, record in found.items() if record}


@pytest.fixture(scope="module")
def records(built: Database) -> Records:
    return _records(built)


def _rows(database: Database) -> dict[str, int]:
    with database.read() as conn:
        return {
            table.name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in load_tables().sorted_tables
        }


def test_the_path_that_works_is_found_and_graded_b(records: Records) -> None:
    record = records[CONVERSATIONS]
    assert (record["verdict"], record["grade"], record["flags"]) == ("improved", "B", [])
    assert record["estimate"]["low"] < 0.82 < record["estimate"]["high"]  # 0.9, then 0.8
    assert record["exposure"]["level"] == "team"


def test_the_path_that_does_nothing_is_not_praised(records: Records) -> None:
    record = records[SECURITY]
    assert record["verdict"] == "no_detectable_effect"
    assert round(record["completion"]["share"], 2) == 0.94
    assert record["estimate"]["low"] < 1 < record["estimate"]["high"]


def test_before_and_after_would_have_praised_it(records: Records) -> None:
    naive = records[SECURITY]["naive"]["before_after"]
    assert naive["percent"] < -30
    assert naive["p"] < 0.001


def test_six_people_are_too_few_to_tell(records: Records) -> None:
    record = records[MENTORS]
    assert (record["verdict"], record["grade"]) == ("cannot_tell", "D")
    assert "small_sample" in record["flags"]


def test_statements_came_by_both_doors(built: Database) -> None:
    lines = (built.settings.home_folder / "demo" / "statements.ndjson").read_text("utf-8")
    with built.read() as conn:
        assert count(conn, TENANT) == len(lines.splitlines()) + building.POSTED


def test_nobody_of_the_staff_is_left_unresolved(records: Records) -> None:
    assert records[CONVERSATIONS]["people"]["unresolved_actors"] == 3  # the consultants
    assert records[SECURITY]["people"]["unresolved_actors"] == 0
    assert records[MENTORS]["people"]["resolved_actors"] is None  # six, which is few


def test_a_second_build_writes_nothing(built: Database, records: Records) -> None:
    before = _rows(built)
    assert building.build(built, _quiet) is False
    assert _rows(built) == before
    assert _records(built) == records


def test_postgresql_gives_the_same_reports(
    make_settings: Callable[..., Settings], records: Records
) -> None:
    database = Database(make_settings("postgresql"))
    assert building.build(database, _quiet)
    found = _records(database)
    assert building.build(database, _quiet) is False
    database.close()
    for path, record in found.items():
        for part in ("verdict", "grade", "flags", "completion", "exposure", "sentence"):
            assert record[part] == records[path][part]


def test_a_store_with_other_statements_is_left_alone(database: Database) -> None:
    body = {
        "actor": {"mbox": "mailto:ada@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.com/course"},
    }
    checked = check_batch(json.dumps(body).encode(), SpecVersion.V1_0)
    authority = {"mbox": "mailto:lms@example.com"}
    write_statements(database, TENANT, checked, authority=authority, key_id=None)
    before = _rows(database)
    with pytest.raises(BadInput, match="not the made-up company's") as caught:
        building.build(database, _quiet)
    assert "--home" in (caught.value.hint or "")
    assert _rows(database) == before


def test_a_taken_port_is_told_before_the_work(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(demo, ["--port", port], obj={"home": str(tmp_path)})
    assert isinstance(result.exception, BadInput)
    assert not (load({"home": str(tmp_path)}, {}).home_folder / "demo").exists()
