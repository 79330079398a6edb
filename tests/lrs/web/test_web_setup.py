"""The set-up page: what each tool asks for, a key that works, and the light of the first statement."""

from __future__ import annotations

import html
import re
import uuid
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from lrs.access.keys import list_keys
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.refusals import Refusal, keep_refusals
from lrs.web.tools import PURPOSES, TOOLS

MakeApp = Callable[..., Flask]
HERE = "http://localhost:8080"
SENT = {"base_url": HERE, "headers": {"Sec-Fetch-Site": "same-origin"}}


def make(app: Flask, **form: str) -> TestResponse:
    """Make a key the way the form does."""
    given = {"tool": "any", "name": "A tool", "purpose": "course", **form}
    return app.test_client().post("/setup?lang=en", data=given, **SENT)


def values(page: str) -> dict[str, str]:
    """The values to copy, by what the tool calls them."""
    found = re.findall(r'data-copy="([^"]+)">([^<]*)<', page)
    return {html.unescape(label): html.unescape(value) for label, value in found}


def look(app: Flask, page: str) -> Any:
    """Look once, as the script of the page does."""
    url, above = re.findall(r'data-(?:url|above)="([^"]*)"', page)[::-1]
    return app.test_client().get(f"{html.unescape(url)}&above={above}&lang=en", base_url=HERE).json


def post(app: Flask, key: str, secret: str, body: Any) -> int:
    """Post a statement the way a tool does."""
    return (
        app.test_client()
        .post(
            "/xapi/statements",
            json=body,
            auth=(key, secret),
            headers={"X-Experience-API-Version": "1.0.3"},
        )
        .status_code
    )


def statement() -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": "mailto:ann@example.org", "name": "Ann"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/a", "definition": {"name": {"en": "Listening"}}},
    }


@pytest.mark.parametrize("code", TOOLS)
def test_every_tool_has_its_fields_with_values_to_copy(code: str, small_app: MakeApp) -> None:
    app = small_app()
    before = values(app.test_client().get(f"/setup?tool={code}&lang=en", base_url=HERE).text)
    made = values(make(app, tool=code).text)
    for field in TOOLS[code].fields:
        assert (field.label in before) is not bool(re.search(r"\$(key|secret|basic)", field.value))
        assert "$" not in made[field.label]
    text = " ".join(made.values())
    assert "http://localhost:8080" in text
    (key,) = list_keys(app.extensions["verkan"].database)
    assert key.key in text


def test_a_tool_that_is_not_there_is_not_found(small_app: MakeApp) -> None:
    client = small_app().test_client()
    assert client.get("/setup?tool=abacus", base_url=HERE).status_code == 404


def test_addresses_are_those_that_others_reach(small_app: MakeApp) -> None:
    app = small_app(public_url="https://learning.example.org/", pages="open")
    page = app.test_client().get("/setup?tool=linkedin&lang=en", base_url=HERE).text
    found = values(page)
    assert found["OAuth server URL"] == "https://learning.example.org/oauth/token"
    assert found["Endpoint"] == "https://learning.example.org/xapi/"
    assert found["Without the slash at its end"] == "https://learning.example.org/xapi"
    assert found["Only the host"] == "https://learning.example.org"
    assert "VERKAN_PUBLIC_URL" not in page


def test_whoever_has_no_public_address_is_told(small_app: MakeApp) -> None:
    assert "VERKAN_PUBLIC_URL" in small_app().test_client().get("/setup", base_url=HERE).text


def test_the_key_works_and_its_secret_is_kept_nowhere(app: Flask, database: Database) -> None:
    answer = make(app)
    made = values(answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert post(app, made["Username"], made["Password"], statement()) == 200
    basic = b64encode(f"{made['Username']}:{made['Password']}".encode()).decode()
    assert made["Authorization"] == f"Basic {basic}"
    client = app.test_client()
    for path in ("/setup", f"/setup/waiting?key={made['Username']}", "/statements"):
        assert made["Password"] not in client.get(path, base_url=HERE).text


@pytest.mark.parametrize("code", PURPOSES)
def test_a_key_may_do_what_was_chosen(code: str, small_app: MakeApp) -> None:
    app = small_app()
    make(app, purpose=code, lenient="on")
    (key,) = list_keys(app.extensions["verkan"].database)
    assert set(key.scopes) == set(PURPOSES[code].scopes)
    assert (key.options.lenient, key.options.deduplicate) == (True, False)


@pytest.mark.parametrize(
    ("form", "where"),
    [({"name": " "}, "name"), ({"name": "x" * 201}, "name"), ({"purpose": "rule"}, "purpose")],
)
def test_a_form_that_cannot_be_is_refused(
    form: dict[str, str], where: str, small_app: MakeApp
) -> None:
    app = small_app()
    answer = make(app, **form)
    assert answer.status_code == 400
    assert answer.json["error"]["where"] == where
    assert list_keys(app.extensions["verkan"].database) == []


def test_the_light_waits_then_tells_the_first_statement(app: Flask) -> None:
    page = make(app, name="Moodle").text
    made = values(page)
    assert look(app, page)["state"] == "waiting"
    assert post(app, made["Username"], made["Password"], statement()) == 200
    assert post(app, made["Username"], made["Password"], statement()) == 200
    seen = look(app, page)
    assert seen["state"] == "arrived"
    assert seen["said"] == "Ann completed Listening"
    assert seen["detail"].endswith("with the key Moodle")
    assert app.test_client().get(seen["link"], base_url=HERE).status_code == 200
    assert look(app, page) == seen


def test_the_light_of_a_key_is_not_lit_by_another(app: Flask) -> None:
    page, other = make(app).text, values(make(app).text)
    assert post(app, other["Username"], other["Password"], statement()) == 200
    seen = look(app, page)
    assert seen["state"] == "waiting"
    any_key = app.test_client().get("/setup/arrived?above=0", base_url=HERE)
    assert any_key.json["state"] == "arrived"
    assert seen["above"] == any_key.json["above"] + 1  # what was looked at is not looked at again


def test_the_light_tells_why_something_was_refused(app: Flask, database: Database) -> None:
    page = make(app).text
    (key,) = list_keys(database)
    since = re.search(r"since=(\d+)", page)
    assert since
    refusal = Refusal("http", "bad_statement", "[0].actor", "an actor is missing", b"{}")
    with database.write() as conn:
        keep_refusals(conn, 1, [refusal], at=int(since[1]) + 1, key_id=1)
    seen = look(app, page)
    assert seen["state"] == "refused"
    assert seen["said"] == "A statement in it breaks a rule of xAPI."
    assert seen["detail"] == "[0].actor: an actor is missing"
    made = values(page)
    assert post(app, key.key, made["Password"], statement()) == 200
    assert look(app, page)["state"] == "arrived"


def test_what_was_refused_before_is_not_told(app: Flask, database: Database) -> None:
    refusal = Refusal("http", "bad_statement", "[0]", "wrong", b"{}")
    with database.write() as conn:
        keep_refusals(conn, 1, [refusal], at=1, key_id=None)
    page = app.test_client().get("/setup", base_url=HERE).text
    assert look(app, page)["state"] == "waiting"


def test_the_light_of_an_unknown_key_is_not_found(small_app: MakeApp) -> None:
    client = small_app().test_client()
    assert client.get("/setup/arrived?key=nobodys", base_url=HERE).status_code == 404


def test_the_light_can_be_read_without_scripts(app: Flask, settings: Settings) -> None:
    made = values(make(app).text)
    assert post(app, made["Username"], made["Password"], statement()) == 200
    page = app.test_client().get(f"/setup/waiting?key={made['Username']}&lang=en", base_url=HERE)
    assert "Ann completed Listening" in page.text
    assert 'data-state="arrived"' in page.text
