"""`verkan forwarding`: targets and dead letters from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from receiving import ON_ONE_KIND, Receiver, Said
from store_making import VERBS, body, write

from lrs.errors import BadInput, Conflict, NotFound
from lrs.forwarding.commands import forwarding
from lrs.settings import Settings
from lrs.store.database import Database

Verkan = Callable[..., Result]


@pytest.fixture
def verkan(settings: Settings) -> Verkan:
    """Return ``f(*arguments)``, which runs a command; what it raises is raised."""
    given = {
        "home": settings.home,
        "database_url": settings.database_url,
        "outgoing_hosts": settings.outgoing_hosts,
    }

    def run(*arguments: str) -> Result:
        made = CliRunner().invoke(forwarding, arguments, obj=given)
        if made.exception is not None and not isinstance(made.exception, SystemExit):
            raise made.exception
        return made

    return run


def listed(verkan: Verkan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(verkan("list", "--json").stdout)
    return found


def test_a_target_is_added_changed_run_and_removed_each_twice(
    verkan: Verkan, database: Database, receiver: Receiver
) -> None:
    add = ("add", "hook", "--kind", "webhook", "--url", receiver.url, "--secret", "env:NOWHERE")
    assert "is added" in verkan(*add).stdout
    assert "was there already" in verkan(*add).stdout
    write(database, body(), body(verb={"id": VERBS + "failed"}))
    failed = verkan("run")
    assert (failed.exit_code, "env:NOWHERE" in failed.stdout) == (1, True)
    change = ("change", "hook", "--secret", "env:TARGET_SECRET", "--verb", VERBS + "failed")
    assert verkan(*change).stdout == verkan(*change).stdout
    done = json.loads(verkan("run", "hook", "--json").stdout)
    assert done == [{"name": "hook", "sent": 1, "stored": 0, "dead": 0, "error": None}]
    assert verkan("run").stdout == "hook: 0 sent, 0 stored, 0 refused\n"
    (found,) = listed(verkan)
    assert (found["verbs"], found["secret"]) == ([VERBS + "failed"], "env:TARGET_SECRET")
    assert "is removed" in verkan("remove", "hook").stdout
    assert "there is no" in verkan("remove", "hook").stdout
    assert listed(verkan) == []


def test_dead_letters_are_listed_sent_again_and_dropped(
    verkan: Verkan, database: Database, receiver: Receiver
) -> None:
    verkan("add", "there", "--kind", "xapi", "--url", f"{receiver.url}/xapi/statements")
    write(database, body(), body(), body())
    receiver.answering = lambda _: Said(400, body=b"no such thing")
    verkan("run")
    letters = json.loads(verkan("dead", "--json").stdout)
    assert [each["error"] for each in letters] == ["400 no such thing"] * 3
    assert {asked.path for asked in receiver.asked} == {"/xapi/statements"}
    assert verkan("retry", str(letters[0]["id"])).stdout == "1 are sent again\n"
    receiver.answering = lambda _: Said()
    assert "1 sent" in verkan("run").stdout
    assert verkan("drop", "--all", "--of", "there").stdout == "2 dropped\n"
    assert verkan("dead").stdout == ""
    for wrong in (("retry",), ("drop", "1", "--all")):
        with pytest.raises(BadInput, match="say which"):
            verkan(*wrong)


@ON_ONE_KIND
def test_what_cannot_be_is_refused_and_nothing_is_added(verkan: Verkan) -> None:
    good = ["add", "there", "--kind", "xapi", "--url", "https://lrs.example.org/xapi"]
    for wrong in (
        ["--secret", "hunter2"],
        ["--verb", "completed"],
        ["--activity", "*"],
        ["--agent", "ann"],
        ["--since", "yesterday"],
        ["--url", "http://lrs.example.org/xapi"],
        ["--url", "https://user:secret@lrs.example.org/xapi"],
        ["--url", "https://lrs.example.org/xapi?tenant=1"],
        ["--url", "https://["],
    ):
        with pytest.raises(BadInput):
            verkan(*good, *wrong)
    assert listed(verkan) == []
    verkan(*good)
    with pytest.raises(Conflict):
        verkan(*good, "--verb", VERBS + "passed")
    with pytest.raises(NotFound):
        verkan("change", "nobody", "--disable")
