"""Targets on the pages: how each stands, added, changed, paused and removed by who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lrs.forwarding import outbox
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.standing import Standing, standings
from lrs.forwarding.targets import Target, add_target
from lrs.store.database import Database

HERE = "http://localhost:8080"
FORM: dict[str, Any] = {"base_url": HERE, "headers": {"Sec-Fetch-Site": "same-origin"}}
GIVEN = {
    "kind": "webhook",
    "name": "Hook",
    "url": "https://example.org/hook",
    "secret": "env:VERKAN_TARGET_1_HOOK",
    "verbs": "http://adlnet.gov/expapi/verbs/completed\n\nhttp://adlnet.gov/expapi/verbs/passed\n",
    "voided": "on",
}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def standing(database: Database) -> Standing:
    with database.read() as conn:
        (found,) = standings(conn, 1)
    return found


def test_a_target_is_added_and_shown(client: FlaskClient, database: Database) -> None:
    assert client.get("/forwarding/new?kind=webhook", base_url=HERE).status_code == 200
    made = client.post("/forwarding", data=GIVEN, **FORM)
    form = standing(database).target.form
    assert (form.name, form.kind, len(form.choice.verbs)) == ("Hook", Kind.WEBHOOK, 2)
    page = client.get(made.headers["Location"], base_url=HERE).text
    assert "https://example.org/hook" in page
    assert "Hook" in client.get("/forwarding", base_url=HERE).text


def test_a_target_is_changed_paused_and_removed(client: FlaskClient, database: Database) -> None:
    one = client.post("/forwarding", data=GIVEN, **FORM).headers["Location"]
    assert client.post(one, data={**GIVEN, "verbs": ""}, **FORM).status_code == 302
    assert standing(database).target.form.choice.is_everything
    client.post(f"{one}/enabled", data={"enabled": "no"}, **FORM)
    assert standing(database).state() == "off"
    assert "paused" in client.get("/forwarding", base_url=HERE).text
    client.post(f"{one}/enabled", data={"enabled": "yes"}, **FORM)
    assert standing(database).state() == "working"
    assert client.get(f"{one}/remove", base_url=HERE).status_code == 200
    client.post(f"{one}/remove", **FORM)
    with database.read() as conn:
        assert standings(conn, 1) == []
    assert client.get(one, base_url=HERE).status_code == 404


def test_secrets_of_the_server_cannot_be_named_here(
    client: FlaskClient, database: Database
) -> None:
    made = client.post("/forwarding", data={**GIVEN, "secret": "file:/etc/passwd"}, **FORM)
    assert made.status_code == 400
    with database.read() as conn:
        assert standings(conn, 1) == []


def test_a_secret_named_by_the_command_line_stays_when_the_rest_is_changed(
    client: FlaskClient, database: Database
) -> None:
    form = TargetForm("Hook", Kind.WEBHOOK, "https://example.org/hook", secret_ref="env:ANY")
    target, _ = add_target(database, 1, form)
    changed = {**GIVEN, "name": "Other", "secret": "env:ANY"}
    assert client.post(f"/forwarding/{target.id}", data=changed, **FORM).status_code == 302
    found = standing(database).target.form
    assert (found.name, found.secret_ref) == ("Other", "env:ANY")


def refused(database: Database, store: Callable[..., None], statement: dict[str, Any]) -> Target:
    form = TargetForm("There", Kind.XAPI, "https://lrs.example.org/xapi")
    target, _ = add_target(database, 1, form)
    store(statement)
    taken = outbox.take_up(database, target)
    assert isinstance(taken, outbox.TakenUp)
    outbox.refuse(database, target, taken, "400 <it> is wrong", tries=0)
    return target


def test_what_was_refused_there_is_shown_sent_again_and_let_go(
    client: FlaskClient, database: Database, store: Callable[..., None]
) -> None:
    statement = {
        "actor": {"mbox": "mailto:ann@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/a"},
    }
    target = refused(database, store, statement)
    one = f"/forwarding/{target.id}"
    assert "400 &lt;it&gt; is wrong" in client.get(one, base_url=HERE).text
    client.post(f"{one}/dead", data={"do": "retry"}, **FORM)
    assert (standing(database).dead, standing(database).waiting) == (0, 1)
    with database.read() as conn:
        waiting = outbox.first_waiting(conn, target.id)
    assert waiting is not None
    outbox.refuse(database, target, outbox.statements_of(database, target, waiting), "no", tries=0)
    client.post(f"{one}/dead", data={"do": "drop", "id": str(waiting.id)}, **FORM)
    assert (standing(database).dead, standing(database).waiting) == (0, 0)
    assert client.post(f"{one}/dead", data={"do": "eat"}, **FORM).status_code == 400


def test_who_may_not_change_sees_how_targets_stand_and_no_form(
    small_app: Callable[..., Flask],
) -> None:
    app = small_app(administration="off")
    client = app.test_client()
    database = app.extensions["verkan"].database
    form = TargetForm("There", Kind.XAPI, "https://lrs.example.org/xapi")
    target, _ = add_target(database, 1, form)
    for page in ("/forwarding", f"/forwarding/{target.id}", "/forwarding/new"):
        shown = client.get(page, base_url=HERE)
        assert shown.status_code == 200
        assert "<form" not in shown.text
    assert client.post("/forwarding", data=GIVEN, **FORM).status_code == 403
