"""`verkan refusals` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import orjson
import pytest
from store_making import body, pages

from lrs.access.keys import make_key
from lrs.access.tenants import make_tenant
from lrs.cli import main
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.refusals import Refusal, keep_refusals, waiting_ids

Run = Callable[..., tuple[int, str, str]]
REFUSED_AT = 1_767_600_000_000_000


@pytest.fixture
def verkan(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on this database; return its exit status, output and errors."""
    place = ["--home", settings.home]
    if settings.database_url:
        place += ["--database-url", settings.database_url]

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*place, "refusals", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def kept(database: Database, settings: Settings) -> Sequence[int]:
    """One that holds by now, one that is repaired leniently, one that is no JSON."""
    make_key(database, settings, name="Moodle")
    raws = [orjson.dumps(body()), orjson.dumps(body(actor={"mbox": "ann@example.org"})), b"{"]
    for at, raw in enumerate(raws):
        with database.write() as conn:
            one = Refusal("http", "bad_statement", "$.actor.mbox", "no mailto", raw)
            keep_refusals(conn, 1, [one], at=REFUSED_AT + at, key_id=1)
    with database.read() as conn:
        return waiting_ids(conn, 1)


def test_list_shows_what_waits_the_latest_first(verkan: Run, kept: Sequence[int]) -> None:
    status, out, err = verkan("list")
    assert status == 0
    assert [int(line.split()[0]) for line in out.splitlines()] == sorted(kept, reverse=True)
    assert "2026-01-05T08:00:00Z  Moodle  bad_statement at $.actor.mbox: no mailto" in out
    assert "3 wait" in err


def test_list_by_instant_code_and_number(verkan: Run, kept: Sequence[int]) -> None:
    assert verkan("list", "--since", "2026-01-06")[1] == ""
    assert len(verkan("list", "--since", "2026-01-05")[1].splitlines()) == 3
    assert verkan("list", "--code", "conflict")[1] == ""
    assert len(verkan("list", "--limit", "2")[1].splitlines()) == 2


def test_show_gives_the_bytes(verkan: Run, kept: Sequence[int]) -> None:
    _, out, err = verkan("show", str(kept[2]))
    assert out == "{\n"
    assert "key_name: Moodle" in err
    assert json.loads(verkan("show", str(kept[2]), "--json")[1])["body"] == "{"


def test_replay_one(verkan: Run, kept: Sequence[int], database: Database) -> None:
    assert verkan("replay", str(kept[0])) == (0, "1 stored, 0 there already, 0 refused still\n", "")
    assert verkan("replay", str(kept[0]))[0] == 0
    assert len(pages(database)) == 1


def test_replay_all_tells_what_waits_still(
    verkan: Run, kept: Sequence[int], database: Database
) -> None:
    status, out, err = verkan("replay", "--all")
    assert (status, out) == (2, "1 stored, 0 there already, 2 refused still\n")
    assert "mail address" in err
    status, out, _ = verkan("replay", "--all", "--lenient", "--json")
    assert status == 2
    assert [each["stored"] for each in json.loads(out)] == [1, 0]
    assert len(pages(database)) == 2
    listed = json.loads(verkan("list", "--json")[1])
    assert (listed["waiting"], listed["repaired"]) == (1, {"mbox-form": 1})
    assert len(json.loads(verkan("list", "--all", "--json")[1])["refusals"]) == 3


def test_drop(verkan: Run, kept: Sequence[int]) -> None:
    assert verkan("drop", str(kept[0]))[1] == "1 dropped\n"
    assert verkan("drop", str(kept[0]))[1] == "0 dropped\n"
    assert verkan("drop", "--all")[1] == "2 dropped\n"


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize("given", [[], ["1", "--all"]])
def test_which_ones_is_to_be_said(verkan: Run, command: str, given: list[str]) -> None:
    status, _, err = verkan(command, *given)
    assert status == 2
    assert "--all" in err


def test_another_tenant_has_none_of_these(
    verkan: Run, kept: Sequence[int], database: Database
) -> None:
    with database.write() as conn:
        make_tenant(conn, "acme")
    acme = ("--tenant", "acme")
    assert verkan("list", *acme)[1] == ""
    assert verkan("show", str(kept[0]), *acme)[0] == 2
    assert verkan("replay", str(kept[0]), *acme)[0] == 2
    assert verkan("drop", str(kept[0]), *acme)[1] == "0 dropped\n"


def test_an_instant_that_is_none_is_told(verkan: Run) -> None:
    status, _, err = verkan("list", "--since", "yesterday")
    assert status == 2
    assert "2026-01-31" in err
