"""Tenants: made once, listed with their keys, called by another name."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from lrs.access.keys import list_keys, make_key, revoke_key
from lrs.access.tenants import list_tenants, new_tenant, rename_tenant, tenant_name
from lrs.cli import main
from lrs.errors import BadInput, Conflict, NotFound
from lrs.settings import Settings
from lrs.store.database import Database


def names(database: Database) -> list[str]:
    return [each.name for each in list_tenants(database)]


def test_a_tenant_is_made_once(database: Database) -> None:
    assert new_tenant(database, "Acme")
    assert not new_tenant(database, "Acme")
    assert names(database) == ["default", "Acme"]


def test_the_list_counts_the_keys_that_were_not_revoked(database: Database) -> None:
    new_tenant(database, "Acme")
    for name in ("Moodle", "Quiz"):
        made = make_key(database, database.settings, name=name, tenant="Acme")
    revoke_key(database, made.key)
    assert [each.keys for each in list_tenants(database)] == [0, 1]


def test_a_renamed_tenant_keeps_its_keys(database: Database) -> None:
    new_tenant(database, "Acme")
    made = make_key(database, database.settings, name="Moodle", tenant="Acme")
    rename_tenant(database, "Acme", "Acme Ltd")
    assert [key.key for key in list_keys(database, "Acme Ltd")] == [made.key]
    assert tenant_name(database, list_tenants(database)[1].id) == "Acme Ltd"
    with pytest.raises(NotFound):
        list_keys(database, "Acme")


def test_a_name_that_is_taken_is_refused(database: Database) -> None:
    new_tenant(database, "Acme")
    new_tenant(database, "Bolt")
    with pytest.raises(Conflict, match="Bolt"):
        rename_tenant(database, "Acme", "Bolt")
    rename_tenant(database, "Acme", "Acme")
    assert names(database) == ["default", "Acme", "Bolt"]


def test_the_default_tenant_keeps_its_name(database: Database) -> None:
    with pytest.raises(BadInput, match="keeps its name"):
        rename_tenant(database, "default", "Acme")
    assert names(database) == ["default"]


def test_an_unknown_tenant_is_told_with_those_there_are(database: Database) -> None:
    with pytest.raises(NotFound) as caught:
        rename_tenant(database, "nowhere", "Acme")
    assert "default" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["", " ", " Acme", "Acme\n", "a\0b", "x" * 201])
def test_a_name_that_cannot_be_read_is_refused(database: Database, name: str) -> None:
    with pytest.raises(BadInput):
        new_tenant(database, name)
    assert names(database) == ["default"]


def test_tenants_on_the_command_line(
    make_settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_settings("sqlite").home

    def verkan(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["--home", home, "tenants", *arguments])
        assert not ended.value.code
        return capsys.readouterr().out

    assert verkan("create", "Acme") == "the tenant Acme is made\n"
    assert verkan("create", "Acme") == "the tenant Acme was there before\n"
    verkan("rename", "Acme", "Bolt")
    assert [each["name"] for each in json.loads(verkan("list", "--json"))] == ["default", "Bolt"]
    assert "Bolt  0 keys  made 20" in verkan("list")
