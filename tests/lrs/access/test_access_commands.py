"""`verkan keys` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from lrs.access.ring import find_key
from lrs.cli import main
from lrs.settings import Settings
from lrs.store.database import Database

Run = Callable[[Sequence[str]], tuple[int, str, str]]


@pytest.fixture
def verkan(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on this database; return its exit status, output and errors."""
    place = ["--home", settings.home]
    if settings.database_url:
        place += ["--database-url", settings.database_url]

    def run(arguments: Sequence[str]) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*place, *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_create_prints_a_key_that_works(verkan: Run, settings: Settings) -> None:
    status, out, _ = verkan(["keys", "create", "--name", "Moodle", "--json"])
    made = json.loads(out)
    database = Database(settings)
    found = find_key(database, settings, made["key"], made["secret"])
    database.close()
    assert status == 0
    assert set(made) == {"key", "secret", "endpoint"}
    assert made["endpoint"] == "http://127.0.0.1:8080/xapi"
    assert found is not None
    assert found.scopes == {"all"}


def test_create_for_people_says_that_the_secret_is_shown_once(verkan: Run) -> None:
    _, out, err = verkan(["keys", "create", "--name", "Moodle"])
    assert out.splitlines()[0].startswith("endpoint")
    assert "once" in err


def test_create_takes_several_scopes(verkan: Run) -> None:
    scopes = ["--scope", "statements/write", "--scope", "state"]
    verkan(["keys", "create", "--name", "H5P", *scopes])
    _, out, _ = verkan(["keys", "list", "--json"])
    assert json.loads(out)[0]["scopes"] == ["state", "statements/write"]


def test_create_refuses_an_unknown_scope(verkan: Run) -> None:
    status, _, err = verkan(["keys", "create", "--name", "H5P", "--scope", "everything"])
    assert status == 2
    assert "statements/write" in err


def test_list_shows_no_secret(verkan: Run) -> None:
    _, made, _ = verkan(["keys", "create", "--name", "Moodle", "--json"])
    _, plain, _ = verkan(["keys", "list"])
    _, as_json, _ = verkan(["keys", "list", "--json"])
    secret = json.loads(made)["secret"]
    assert "Moodle" in plain
    assert secret not in plain + as_json


def test_revoke_shows_in_the_list(verkan: Run) -> None:
    _, made, _ = verkan(["keys", "create", "--name", "Moodle", "--json"])
    key = json.loads(made)["key"]
    assert verkan(["keys", "revoke", key])[0] == 0
    assert verkan(["keys", "revoke", key])[1] == f"{key} was revoked before\n"
    _, plain, _ = verkan(["keys", "list"])
    assert "revoked 20" in plain


def test_revoking_an_unknown_key_says_what_to_do(verkan: Run) -> None:
    status, _, err = verkan(["keys", "revoke", "nobody"])
    assert status == 2
    assert "verkan keys list" in err


def test_an_empty_list_says_how_to_make_a_key(verkan: Run) -> None:
    status, out, err = verkan(["keys", "list"])
    assert (status, out) == (0, "")
    assert "verkan keys create" in err
