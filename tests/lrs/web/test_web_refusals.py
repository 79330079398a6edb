"""What was refused, on the pages: told in plain words, stored after all, deleted only when meant."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lrs.access.keys import MadeKey, make_key
from lrs.access.tenants import new_tenant
from lrs.store.database import Database
from lrs.store.reading import count
from lrs.store.refusals import count_refusals

HERE = "http://localhost:8080"
FORM: dict[str, Any] = {"base_url": HERE, "headers": {"Sec-Fetch-Site": "same-origin"}}
AWAY: dict[str, Any] = {
    "base_url": "https://learning.example.org",
    "environ_base": {"REMOTE_ADDR": "192.0.2.7"},
}
VERBS = "http://adlnet.gov/expapi/verbs/"


def statement(**changes: Any) -> dict[str, Any]:
    base = {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": "mailto:ann@example.org"},
        "verb": {"id": f"{VERBS}completed"},
        "object": {"id": "https://example.org/a"},
    }
    return {**base, **changes}


def mended() -> dict[str, Any]:
    """A statement with a fault that can be repaired."""
    return statement(actor={"mbox": "bo@example.org"})


def post(client: FlaskClient, key: MadeKey, *bodies: dict[str, Any]) -> int:
    return client.post(
        "/xapi/statements",
        data=json.dumps(list(bodies)),
        content_type="application/json",
        auth=(key.key, key.secret),
        headers={"X-Experience-API-Version": "1.0.3"},
    ).status_code


def key_of(app: Flask, tenant: str = "default") -> MadeKey:
    here = app.extensions["verkan"]
    return make_key(here.database, here.settings, name="Moodle", tenant=tenant)


def waiting(database: Database, tenant_id: int = 1) -> int:
    with database.read() as conn:
        return count_refusals(conn, tenant_id)


def stored(database: Database, tenant_id: int = 1) -> int:
    with database.read() as conn:
        return count(conn, tenant_id)


def test_list_tells_reason_place_and_tool(app: Flask) -> None:
    client, key = app.test_client(), key_of(app)
    assert post(client, key, mended()) == 400
    page = client.get("/refused?lang=en", base_url=HERE).text
    assert "A statement in it breaks a rule of xAPI." in page
    assert "$[0].actor.mbox" in page
    assert "with the key Moodle" in page
    one = client.get("/refused/1?lang=en", base_url=HERE).text
    assert "bo@example.org" in one
    assert client.get("/refused/2", base_url=HERE).status_code == 404


def test_nothing_refused_is_said_so(app: Flask) -> None:
    assert "Nothing waits" in app.test_client().get("/refused?lang=en", base_url=HERE).text


def test_one_is_stored_after_all_when_its_fault_is_repaired(app: Flask, database: Database) -> None:
    client, key = app.test_client(), key_of(app)
    post(client, key, mended(), statement())
    first = client.post("/refused/1/replay?lang=en", **FORM)
    assert first.location == "/refused/1?stored=1&there=0&still=1"
    assert stored(database) == 1  # the one that had come along
    done = client.post("/refused/1/replay", data={"lenient": "on"}, **FORM)
    assert (done.status_code, done.location) == (302, "/refused?stored=1&there=0&still=0")
    assert stored(database) == 2
    assert waiting(database) == 0
    assert "stored since" in client.get("/refused?all=1&lang=en", base_url=HERE).text


def test_all_that_waits_is_stored_and_what_cannot_be_stays(app: Flask, database: Database) -> None:
    client, key = app.test_client(), key_of(app)
    for body in (mended(), mended(), statement(verb=7)):
        post(client, key, body)
    done = client.post("/refused/replay", data={"lenient": "on"}, **FORM)
    assert done.location == "/refused?stored=2&there=0&still=1"
    assert (stored(database), waiting(database)) == (2, 1)


def test_deleting_asks_first(app: Flask, database: Database) -> None:
    client, key = app.test_client(), key_of(app)
    post(client, key, mended())
    assert client.get("/refused/1/drop", base_url=HERE).status_code == 200
    assert waiting(database) == 1
    assert client.post("/refused/1/drop", **FORM).status_code == 302
    assert waiting(database) == 0


@pytest.mark.parametrize("path", ["/refused/1/replay", "/refused/replay", "/refused/1/drop"])
def test_readers_change_nothing(path: str, small_app: Callable[..., Flask]) -> None:
    app = small_app(pages="open")
    client = app.test_client()
    post(client, key_of(app), mended())
    assert client.post(path, headers=FORM["headers"], **AWAY).status_code == 403
    assert waiting(app.extensions["verkan"].database) == 1
    assert "<form" not in client.get("/refused", **AWAY).text


def test_a_tenant_sees_its_own(app: Flask, database: Database) -> None:
    client = app.test_client()
    new_tenant(database, "other")
    post(client, key_of(app, "other"), mended())
    assert "$[0]" not in client.get("/refused", base_url=HERE).text
    assert client.get("/refused/1", base_url=HERE).status_code == 404
    client.post("/tenants/show", data={"name": "other"}, **FORM)
    assert "$[0].actor.mbox" in client.get("/refused", base_url=HERE).text
