"""`verkan demo` end to end: the right verdicts, by the same doors as a customer's data, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from analytics.demo import build as building
from analytics.demo.files import PAIRS
from analytics.demo.training import CONVERSATIONS, MENTORS, SECURITY
from analytics.impact import stored_report
from lrs.errors import BadInput
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.migrate import load_tables
from lrs.store.reading import count
from lrs.store.writing import write_statements
from lrs.xapi.statement import check_batch
from lrs.xapi.terms import SpecVersion

TENANT = 1


@pytest.fixture
def built(database: Database) -> tuple[Database, list[str]]:
    """A store with the demo in it, and what its building told."""
    told: list[str] = []
    assert building.build(database, told.append)
    return database, told


def _records(database: Database) -> dict[str, dict[str, Any]]:
    found = {path: stored_report(database, TENANT, path, outcome) for path, outcome in PAIRS}
    return {path: record for path, record in found.items() if record}


def _rows(database: Database) -> dict[str, int]:
    with database.read() as conn:
        return {
            table.name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in load_tables().sorted_tables
        }


def test_the_three_reports_tell_the_truth(built: tuple[Database, list[str]]) -> None:
    """And a second build finds everything there and writes not a row."""
    database, told = built
    records = _records(database)
    conversations, security, mentors = (records[k] for k in (CONVERSATIONS, SECURITY, MENTORS))

    assert (conversations["verdict"], conversations["grade"]) == ("improved", "B")
    assert conversations["flags"] == []
    assert conversations["estimate"]["low"] < 0.81 < conversations["estimate"]["high"]
    assert conversations["exposure"]["level"] == "team"

    assert security["verdict"] == "no_detectable_effect"
    assert round(security["completion"]["share"], 2) == 0.94
    assert security["estimate"]["low"] < 1 < security["estimate"]["high"]

    assert (mentors["verdict"], mentors["grade"]) == ("cannot_tell", "D")
    assert "small_sample" in mentors["flags"]

    assert sum("grade" in line for line in told) == 3
    before = _rows(database)
    assert building.build(database, told.append) is False
    assert _rows(database) == before
    assert _records(database) == records


def test_statements_came_by_both_doors(built: tuple[Database, list[str]]) -> None:
    database, _ = built
    lines = (database.settings.home_folder / "demo" / "statements.ndjson").read_text("utf-8")
    with database.read() as conn:
        assert count(conn, TENANT) == len(lines.splitlines()) + building.POSTED


def test_before_and_after_would_have_praised_the_security_path(
    built: tuple[Database, list[str]],
) -> None:
    security = _records(built[0])[SECURITY]
    naive = security["naive"]["before_after"]
    naive = naive["att"] if isinstance(naive, dict) else naive
    assert naive < 0


def test_a_build_that_broke_off_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(building, "_post", fail)
        with pytest.raises(KeyboardInterrupt):
            building.build(database, lambda _: None)
    assert building.build(database, lambda _: None)
    assert len(_records(database)) == 3


def test_a_store_with_other_statements_is_left_alone(database: Database) -> None:
    body = json.dumps(
        {
            "actor": {"mbox": "mailto:ada@example.com"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://example.com/course"},
        }
    ).encode()
    write_statements(
        database,
        TENANT,
        check_batch(body, SpecVersion.V1_0),
        authority={"mbox": "mailto:lms@example.com"},
        key_id=None,
    )
    before = _rows(database)
    with pytest.raises(BadInput, match="not the made-up company's") as caught:
        building.build(database, lambda _: None)
    assert "--home" in (caught.value.hint or "")
    assert _rows(database) == before


@pytest.fixture
def taken_port() -> Iterator[int]:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_taken_port_is_told_before_the_work(tmp_path: Path, taken_port: int) -> None:
    from analytics.demo.commands import demo

    home = tmp_path / "home"
    result = CliRunner().invoke(demo, ["--port", str(taken_port)], obj={"home": str(home)})
    assert isinstance(result.exception, BadInput)
    assert not (home / "demo").exists()


def test_the_demo_command_needs_no_server(make_settings: Any) -> None:
    settings: Settings = make_settings("sqlite")
    from analytics.demo.commands import demo

    runner = CliRunner()
    first = runner.invoke(demo, ["--no-serve"], obj={"home": settings.home})
    again = runner.invoke(demo, ["--no-serve"], obj={"home": settings.home})
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert "here already" in again.output
    assert "here already" not in first.output
