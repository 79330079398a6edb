"""Keys and tenants on the pages: changed by who may, the secret shown once, the end asked for twice."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from lrs.access.keys import ListedKey, MadeKey, list_keys, make_key
from lrs.access.tenants import list_tenants
from lrs.store.database import Database

HERE = "http://localhost:8080"
FORM: dict[str, Any] = {"base_url": HERE, "headers": {"Sec-Fetch-Site": "same-origin"}}
AWAY: dict[str, Any] = {
    "base_url": "https://learning.example.org",
    "environ_base": {"REMOTE_ADDR": "192.0.2.7"},
}


@pytest.fixture
def key(app: Flask) -> MadeKey:
    here = app.extensions["verkan"]
    return make_key(here.database, here.settings, name="Moodle", scopes=["statements/write"])


def listed(database: Database, key: str) -> ListedKey:
    return next(each for each in list_keys(database, "default") if each.key == key)


def works(app: Flask, key: str, secret: str) -> bool:
    """Whether a fresh server takes the key: a running one notices within seconds."""
    from lrs.app import create_app

    here = app.extensions["verkan"]
    client = create_app(here.settings, here.database).test_client()
    version = {"X-Experience-API-Version": "1.0.3"}
    return client.get("/xapi/statements", auth=(key, secret), headers=version).status_code != 401


def test_keys_are_listed_with_what_they_may(app: Flask, key: MadeKey) -> None:
    page = app.test_client().get("/keys?lang=en", base_url=HERE).text
    assert "Moodle" in page
    assert "works" in page
    assert key.secret not in page


def test_settings_are_saved_and_shown(app: Flask, key: MadeKey, database: Database) -> None:
    client = app.test_client()
    given = {
        "lenient": "on",
        "deduplicate": "on",
        "origins": "https://learn.example.org\nhttps://other.example.org",
        "limit": "600",
    }
    assert client.post(f"/keys/{key.key}", data=given, **FORM).status_code == 302
    options = listed(database, key.key).options
    assert (options.lenient, options.partial, options.deduplicate) == (True, False, True)
    assert options.limit_per_minute == 600
    assert list(options.origins) == ["https://learn.example.org", "https://other.example.org"]
    assert 'value="600"' in client.get(f"/keys/{key.key}", base_url=HERE).text
    client.post(f"/keys/{key.key}", data={}, **FORM)
    assert not listed(database, key.key).options.lenient


@pytest.mark.parametrize("given", [{"limit": "many"}, {"limit": "-1"}, {"origins": "learn"}])
def test_a_setting_that_cannot_be_is_refused(
    app: Flask, key: MadeKey, database: Database, given: dict[str, str]
) -> None:
    before = listed(database, key.key).options
    assert app.test_client().post(f"/keys/{key.key}", data=given, **FORM).status_code == 400
    assert listed(database, key.key).options == before


def test_successor_is_shown_once_and_both_work(
    app: Flask, key: MadeKey, database: Database
) -> None:
    client = app.test_client()
    answer = client.post(f"/keys/{key.key}/rotate", data={"overlap": "1d"}, **FORM)
    assert answer.headers["Cache-Control"] == "no-store"
    found = {
        label: html.unescape(value)
        for label, value in re.findall(r'data-copy="([^"]+)">([^<]*)<', answer.text)
    }
    assert works(app, found["Key"], found["Secret"])
    assert works(app, key.key, key.secret)
    assert listed(database, found["Key"]).replaces == key.key
    assert found["Secret"] not in client.get(f"/keys/{found['Key']}", base_url=HERE).text


def test_taking_back_asks_first(app: Flask, key: MadeKey) -> None:
    client = app.test_client()
    assert client.get(f"/keys/{key.key}/revoke", base_url=HERE).status_code == 200
    assert works(app, key.key, key.secret)
    assert client.post(f"/keys/{key.key}/revoke", **FORM).status_code == 302
    assert not works(app, key.key, key.secret)
    assert "revoked" in client.get("/keys?lang=en", base_url=HERE).text


def test_a_key_that_is_not_there_is_not_found(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/keys/nobody", base_url=HERE).status_code == 404
    assert client.post("/keys/nobody/revoke", **FORM).status_code == 404


def test_readers_change_nothing(small_app: Callable[..., Flask]) -> None:
    app = small_app(pages="open")
    here = app.extensions["verkan"]
    key = make_key(here.database, here.settings, name="Moodle")
    client = app.test_client()
    assert "<form" not in client.get(f"/keys/{key.key}", **AWAY).text
    for path in (f"/keys/{key.key}", f"/keys/{key.key}/rotate", f"/keys/{key.key}/revoke"):
        assert client.post(path, headers=FORM["headers"], **AWAY).status_code == 403
    assert works(app, key.key, key.secret)


def test_a_new_tenant_is_shown_on_all_pages(app: Flask, key: MadeKey, database: Database) -> None:
    client = app.test_client()
    assert client.post("/tenants", data={"name": "Umeå"}, **FORM).status_code == 302
    assert "Moodle" not in client.get("/keys", base_url=HERE).text
    made = client.post("/setup", data={"tool": "any", "name": "Rise", "purpose": "send"}, **FORM)
    assert made.status_code == 200
    assert [each.name for each in list_keys(database, "Umeå")] == ["Rise"]
    client.post("/tenants/show", data={"name": "default"}, **FORM)
    assert "Moodle" in client.get("/keys", base_url=HERE).text


def test_a_tenant_twice_is_refused(app: Flask, database: Database) -> None:
    client = app.test_client()
    client.post("/tenants", data={"name": "north"}, **FORM)
    assert client.post("/tenants", data={"name": "north"}, **FORM).status_code == 409
    assert [each.name for each in list_tenants(database)] == ["default", "north"]


def test_a_reader_cannot_choose_a_tenant(small_app: Callable[..., Flask]) -> None:
    app = small_app(pages="open")
    here = app.extensions["verkan"]
    client = app.test_client()
    client.post("/tenants", data={"name": "north"}, **FORM)
    make_key(here.database, here.settings, name="Hidden", tenant="north")
    reader = app.test_client()
    reader.set_cookie("tenant", "2", domain="learning.example.org")
    assert "Hidden" not in reader.get("/keys", **AWAY).text
    assert "north" not in reader.get("/tenants", **AWAY).text
