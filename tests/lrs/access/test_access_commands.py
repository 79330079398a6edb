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
    return running(settings, capsys)


@pytest.fixture
def lite(make_settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]) -> Run:
    """The same on SQLite alone: what is below the commands is tested on both."""
    return running(make_settings("sqlite"), capsys)


def running(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Run:
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


def made(lite: Run, *options: str) -> dict[str, str]:
    _, out, _ = lite(["keys", "create", "--name", "Quiz", "--json", *options])
    found: dict[str, str] = json.loads(out)
    return found


def listed(lite: Run) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(lite(["keys", "list", "--json"])[1])
    return found


def test_create_takes_an_end_origins_and_a_limit(lite: Run) -> None:
    origins = ["--origin", "https://a.example.org", "--origin", "https://b.example.org"]
    made(lite, "--expires-at", "2999-12-31", "--limit", "600", *origins)
    (key,) = listed(lite)
    assert key["expires_at"] == "3000-01-01T00:00:00+00:00"
    assert key["origins"] == ["https://a.example.org", "https://b.example.org"]
    assert key["limit_per_minute"] == 600
    assert key["state"] == "valid"
    assert "valid until 3000-01-01T00:00" in lite(["keys", "list"])[1]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (["--expires-in", "soon"], "expires_in"),
        (["--expires-at", "2020-01-01"], "expires_at"),
        (["--origin", "*"], "origins"),
    ],
)
def test_create_refuses_what_cannot_be_and_makes_nothing(
    lite: Run, options: list[str], where: str
) -> None:
    status, _, err = lite(["keys", "create", "--name", "Quiz", *options])
    assert status == 2
    assert f"where: {where}" in err
    assert listed(lite) == []


def test_rotate_prints_a_successor_that_works_beside_the_key(
    verkan: Run, settings: Settings
) -> None:
    old = made(verkan)
    new = json.loads(verkan(["keys", "rotate", old["key"], "--json"])[1])
    database = Database(settings)
    try:
        assert all(find_key(database, settings, each["key"], each["secret"]) for each in (old, new))
    finally:
        database.close()
    _, plain, _ = verkan(["keys", "list"])
    assert f"replaced by {new['key']}" in plain
    assert [key["replaces"] for key in listed(verkan)] == [None, old["key"]]


def test_rotate_with_no_overlap_shows_the_key_as_expired(lite: Run) -> None:
    old = made(lite)
    lite(["keys", "rotate", old["key"], "--overlap", "0d"])
    assert [key["state"] for key in listed(lite)] == ["expired", "valid"]
    assert "expired 20" in lite(["keys", "list"])[1]


def test_rotating_twice_says_which_key_to_rotate(lite: Run) -> None:
    old = made(lite)
    new = json.loads(lite(["keys", "rotate", old["key"], "--json"])[1])
    status, _, err = lite(["keys", "rotate", old["key"]])
    assert status == 2
    assert new["key"] in err


def test_set_changes_what_is_named_and_nothing_else(lite: Run) -> None:
    key = made(lite, "--origin", "https://a.example.org", "--limit", "60")["key"]
    lite(["keys", "set", key, "--lenient", "--partial", "--deduplicate"])
    (found,) = listed(lite)
    assert [found[name] for name in ("lenient", "partial", "deduplicate")] == [True] * 3
    assert (found["origins"], found["limit_per_minute"]) == (["https://a.example.org"], 60)
    lite(["keys", "set", key, "--strict", "--atomic", "--no-deduplicate"])
    lite(["keys", "set", key, "--any-origin", "--limit", "0"])
    (found,) = listed(lite)
    assert [found[name] for name in ("lenient", "partial", "deduplicate")] == [False] * 3
    assert (found["origins"], found["limit_per_minute"]) == ([], None)


def test_setting_an_unknown_key_says_what_to_do(lite: Run) -> None:
    status, _, err = lite(["keys", "set", "nobody", "--lenient"])
    assert status == 2
    assert "verkan keys list" in err
