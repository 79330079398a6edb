"""The pages of the reports and the report as JSON, on a store that came in by the imports."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from analytics import impact
from analytics.impact import stored_report
from lrs.access.keys import make_key
from lrs.app import create_app
from lrs.settings import Settings
from lrs.store.database import Database

HERE = "http://localhost:8080"
AWAY = {"REMOTE_ADDR": "192.0.2.7"}
PATH = "https://example.org/paths/listening"
ASKED = urlencode({"path": PATH, "outcome": "errors"})
BROWSER = {"Accept": "text/html"}


def get(app: Flask, path: str, **sent: Any) -> Any:
    return app.test_client().get(path, base_url=HERE, **sent)


def test_first_page_leads_to_the_report(reported: Database) -> None:
    app = create_app(reported.settings, reported)
    page = get(app, "/?lang=en").text
    (link,) = re.findall(r'<h2><a href="([^"]+)"', page)
    assert "Improved" in page
    report = get(app, link.replace("&amp;", "&"))
    assert report.status_code == 200
    assert re.search(r"<h1>Errors .*fell by [45]\d", report.text)


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "Improved"), ("sv", "Förbättring"), ("nl", "Verbetering")]
)
def test_report_is_in_the_language_asked_for(lang: str, word: str, app: Flask) -> None:
    page = get(app, f"/report?{ASKED}&lang={lang}").text
    assert f'<html lang="{lang}">' in page
    assert word in page


def test_empty_store_begins_with_the_set_up_page(settings: Settings, database: Database) -> None:
    answer = get(create_app(settings, database), "/?lang=sv")
    assert (answer.status_code, answer.location) == (302, "/setup")
    assert "lang=sv" in answer.headers["Set-Cookie"]


def test_page_without_a_report_tells_how_to_get_one(settings: Settings, database: Database) -> None:
    app = create_app(settings, database)
    made = make_key(database, settings, name="A tool")
    statement = {
        "actor": {"mbox": "mailto:ann@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": PATH},
    }
    headers = {"X-Experience-API-Version": "1.0.3"}
    posted = app.test_client().post(
        "/xapi/statements", json=statement, auth=(made.key, made.secret), headers=headers
    )
    assert posted.status_code == 200
    page = get(app, "/?lang=en").text
    for command in ("people import", "outcomes import", "statements import", "verkan impact"):
        assert command in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (urlencode({"path": PATH, "outcome": "nothing"}), 404),
        (urlencode({"path": "https://example.org/elsewhere", "outcome": "errors"}), 404),
        (urlencode({"path": PATH}), 400),
        ("", 400),
    ],
)
def test_report_that_is_not_there_is_told(query: str, status: int, app: Flask) -> None:
    page = get(app, f"/report?{query}", headers=BROWSER)
    assert page.status_code == status
    assert "</html>" in page.text
    assert get(app, f"/api/v1/impact?{query}").status_code == status


@pytest.mark.parametrize("lang", ["en", "sv", "nl"])
def test_a_card_that_is_not_of_the_newest_data_says_so(
    lang: str, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"en": "Newer data have come in", "sv": "Nyare data", "nl": "nieuwere gegevens"}[lang]
    assert told not in get(app, f"/?lang={lang}").text
    listed = impact.report_list
    monkeypatch.setattr(
        impact, "report_list", lambda *a, **k: [r | {"newer_data": True} for r in listed(*a, **k)]
    )
    assert told in get(app, f"/?lang={lang}").text


def test_json_is_the_record_that_is_kept(app: Flask, company: Database) -> None:
    answer = get(app, f"/api/v1/impact?{ASKED}")
    assert answer.status_code == 200
    assert answer.json == stored_report(company, 1, PATH, "errors")
    assert answer.json["verdict"] == "improved"
    assert {"estimate", "event_study", "naive", "mde", "n", "sentence"} <= set(answer.json)


def test_json_from_elsewhere_needs_a_key_that_may_read_all(app: Flask, company: Database) -> None:
    def status(*scopes: str) -> int:
        made = make_key(company, company.settings, name=" ".join(scopes), scopes=scopes)
        pair = base64.b64encode(f"{made.key}:{made.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        answer = get(app, f"/api/v1/impact?{ASKED}", environ_base=AWAY, headers=headers)
        return int(answer.status_code)

    assert get(app, f"/api/v1/impact?{ASKED}", environ_base=AWAY).status_code == 401
    assert status("statements/write") == 403
    assert status("all/read") == 200
    assert status("all") == 200


def test_json_of_another_tenant_is_not_given(app: Flask, company: Database) -> None:
    from lrs.access.tenants import make_tenant

    with company.write() as conn:
        make_tenant(conn, "other")
    made = make_key(company, company.settings, name="other", tenant="other")
    pair = base64.b64encode(f"{made.key}:{made.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"}
    assert get(app, f"/api/v1/impact?{ASKED}", headers=headers).status_code == 404


def test_json_without_a_question_names_what_is_missing(app: Flask) -> None:
    answer = get(app, f"/api/v1/impact?{urlencode({'path': PATH})}")
    assert answer.json["error"]["where"].endswith("outcome")


def test_report_api_is_described(app: Flask) -> None:
    described = get(app, "/api/openapi.json").json["paths"]["/api/v1/impact"]["get"]
    assert {parameter["name"] for parameter in described["parameters"]} == {"path", "outcome"}


def test_nobody_is_named_beside_an_outcome(app: Flask) -> None:
    """`trust.md`, P1: every person here has a name that is found nowhere but in their records."""
    for path in ("/", f"/report?{ASKED}", f"/api/v1/impact?{ASKED}"):
        text = get(app, path).get_data(as_text=True)
        assert "canary" not in text.lower(), path
        assert not re.search(r"\bp0\d\d\b", text), path


def test_report_is_made_anew_when_statements_have_come(app: Flask, company: Database) -> None:
    before = get(app, f"/api/v1/impact?{ASKED}").json
    again = get(app, f"/api/v1/impact?{ASKED}").json
    assert json.dumps(before) == json.dumps(again)
    with company.write() as conn:
        conn.exec_driver_sql("UPDATE report SET data_state = 'older'")
    anew = get(app, f"/api/v1/impact?{ASKED}").json
    made_at = "made_at"
    assert {k: v for k, v in anew.items() if k != made_at} == {
        k: v for k, v in before.items() if k != made_at
    }
    assert anew[made_at] > before[made_at]
