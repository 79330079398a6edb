"""The page of the latest statements, on a real store."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from lrs.access.keys import make_key
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.web.json_colours import coloured
from lrs.web.pages import PAGE

HERE = "http://localhost:8080"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def statement(n: int, **parts: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=n + 1)),
        "actor": {"mbox": f"mailto:learner{n}@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
        "object": {"id": "https://example.org/a", "definition": {"name": {"en": "Listening"}}},
        **parts,
    }


def seen(page: str) -> list[str]:
    return re.findall(r'class="who">([^<]+)<', page)


def page(app: Flask, query: str = "") -> str:
    answer = app.test_client().get(f"/statements{query}", base_url=HERE)
    assert answer.status_code == 200
    return answer.text


def test_empty_store_leads_to_the_set_up_page(app: Flask) -> None:
    text = page(app)
    assert 'class="button" href="/setup"' in text
    assert "<script" not in text


def test_newest_statement_comes_first(app: Flask, store: Callable[..., None]) -> None:
    store(statement(0), statement(1))
    store(statement(2))
    assert seen(page(app)) == [f"learner{n}@example.org" for n in (2, 1, 0)]


def test_pages_hold_every_statement_once(app: Flask, store: Callable[..., None]) -> None:
    store(*(statement(n) for n in range(2 * PAGE + 5)))
    client, found, url = app.test_client(), [], "/statements"
    sizes = []
    while url:
        text = client.get(url, base_url=HERE).text
        found += seen(text)
        sizes.append(len(seen(text)))
        older = re.search(r'href="(/statements\?before=\d+)"', text)
        url = older[1] if older else ""
    assert sizes == [PAGE, PAGE, 5]
    assert found == [f"learner{n}@example.org" for n in reversed(range(2 * PAGE + 5))]


def test_a_page_past_the_end_says_so(app: Flask, store: Callable[..., None]) -> None:
    store(statement(0))
    text = page(app, "?before=1")
    assert seen(text) == []
    assert "There are no older statements." in text


def test_voided_statement_is_marked_not_hidden(app: Flask, store: Callable[..., None]) -> None:
    first = statement(0)
    store(first)
    store(
        statement(1, verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": first["id"]})
    )
    text = page(app)
    assert seen(text) == ["learner1@example.org", "learner0@example.org"]
    assert text.count('class="tag warn">Taken back') == 1
    assert 'class="statement voided"' in text


def test_what_a_tool_sends_is_escaped(app: Flask, store: Callable[..., None]) -> None:
    nasty = "<script>alert(1)</script>"
    store(
        statement(
            0,
            actor={"name": nasty, "mbox": "mailto:x@example.org"},
            object={"id": "https://example.org/a", "definition": {"name": {"en": nasty}}},
        )
    )
    assert "<script>alert" not in page(app)


def test_very_long_statement_is_cut(app: Flask, store: Callable[..., None]) -> None:
    store(statement(0, result={"response": "long " * 20_000}))
    assert len(page(app)) < 50_000


def test_newer_statements_are_counted_for_the_open_page(
    app: Flask, store: Callable[..., None]
) -> None:
    store(statement(0))
    than = re.search(r'data-than="(\d+)"', page(app))
    assert than
    client = app.test_client()

    def newer() -> Any:
        return client.get(f"/statements/newer?than={than[1]}&lang=en", base_url=HERE).json

    assert newer() == {"n": 0, "said": ""}
    store(statement(1))
    assert newer() == {"n": 1, "said": "Show 1 new statement"}
    store(*(statement(n) for n in range(2, 130)))
    assert newer() == {"n": 100, "said": "Show 99+ new statements"}


def test_a_place_that_is_no_number_is_refused(app: Flask) -> None:
    client = app.test_client()
    for given in ("x", "-1", "1e3", "9" * 40, "٣"):
        answer = client.get("/statements", query_string={"before": given}, base_url=HERE)
        assert answer.status_code == 400
        assert answer.json["error"]["where"] == "before"


VIEWED = {"id": "http://id.tincanapi.com/verb/viewed"}
FILTERED = {
    "who=LEARNER1": [1],
    "who=learner": [3, 2, 1, 0],
    "who=learner1%25": [],
    "verb=viewed": [2],
    "verb=completed&who=learner2": [],
    "activity=Speaking": [3],
    "activity=example.org/a": [2, 1, 0],
    "from=2000-01-01": [3, 2, 1, 0],
    "from=2999-01-01": [],
    "to=2000-01-01": [],
    "voided=only": [],
    "voided=no": [3, 2, 1, 0],
    "who=nobody": [],
}


def test_filters_find_what_fits_all_of_them(app: Flask, store: Callable[..., None]) -> None:
    speaking = {"id": "https://example.org/b", "definition": {"name": {"en": "Speaking"}}}
    store(statement(0), statement(1), statement(2, verb=VIEWED), statement(3, object=speaking))
    found = {query: seen(page(app, f"?{query}")) for query in FILTERED}
    assert found == {
        query: [f"learner{n}@example.org" for n in numbers] for query, numbers in FILTERED.items()
    }


def test_a_common_term_is_found_like_a_rare_one(
    app: Flask, store: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.store.watching._RARE", 1)
    store(statement(0), statement(1), statement(2, verb=VIEWED))
    assert len(seen(page(app, "?verb=completed"))) == 2


def test_filters_by_key(app: Flask, settings: Settings, database: Database) -> None:
    made = make_key(database, settings, name="Moodle")
    other = make_key(database, settings, name="H5P")
    client = app.test_client()
    for key in (made, other):
        answer = client.post(
            "/xapi/statements",
            json={**statement(0), "id": str(uuid.uuid4())},
            auth=(key.key, key.secret),
            headers={"X-Experience-API-Version": "1.0.3"},
        )
        assert answer.status_code == 200
    text = page(app, f"?key={made.key}&lang=en")
    assert len(seen(text)) == 1
    assert "with the key Moodle" in text
    assert client.get("/statements?key=nobodys", base_url=HERE).status_code == 404


def test_pages_and_newer_ones_keep_to_the_filter(app: Flask, store: Callable[..., None]) -> None:
    store(*(statement(n) for n in range(PAGE + 1)), statement(PAGE + 1, verb=VIEWED))
    text = page(app, "?verb=completed")
    assert re.search(r'href="/statements\?before=\d+&amp;verb=completed"', text)
    than = re.search(r'data-than="(\d+)"', text)
    assert than
    store(statement(PAGE + 2, verb=VIEWED), statement(PAGE + 3))
    answer = app.test_client().get(
        f"/statements/newer?verb=completed&than={than[1]}", base_url=HERE
    )
    assert answer.json["n"] == 1


@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-02-30", "voided=perhaps"])
def test_a_filter_that_cannot_be_is_named(app: Flask, query: str) -> None:
    answer = app.test_client().get(f"/statements?{query}", base_url=HERE)
    assert answer.status_code == 400
    assert answer.json["error"]["where"] == query.partition("=")[0]


def test_one_statement_is_shown_whole(app: Flask, store: Callable[..., None]) -> None:
    attachment = {
        "usageType": "https://example.org/certificate",
        "display": {"en": "Certificate"},
        "contentType": "application/pdf",
        "length": 5,
        "sha2": "0" * 64,
        "fileUrl": "https://example.org/c.pdf",
    }
    store(statement(0, attachments=[attachment], result={"response": "<b>&"}))
    text = app.test_client().get(f"/statements/{uuid.UUID(int=1)}?lang=en", base_url=HERE).text
    assert "learner0@example.org completed Listening" in text
    assert '<span class="j-name">&#34;response&#34;</span>' in text
    assert "&lt;b&gt;&amp;" in text
    assert '<span class="j-name">&#34;authority&#34;</span>' in text
    assert "<strong>Certificate</strong>" in text
    assert "5 bytes" in text


def test_a_voided_statement_leads_to_what_voids_it(app: Flask, store: Callable[..., None]) -> None:
    store(statement(0))
    reference = {"objectType": "StatementRef", "id": str(uuid.UUID(int=1))}
    store(statement(1, verb={"id": VOIDED}, object=reference))
    text = app.test_client().get(f"/statements/{uuid.UUID(int=1)}", base_url=HERE).text
    assert f'href="/statements/{uuid.UUID(int=2)}"' in text


def test_a_statement_that_is_not_there_is_not_found(app: Flask) -> None:
    client = app.test_client()
    for path in (f"/statements/{uuid.uuid4()}", "/statements/1"):
        assert client.get(path, base_url=HERE).status_code == 404


def test_coloured_json_is_the_same_json() -> None:
    value = {'a"b': [1, -2.5e3, None, True], "c": 'x: "1" <i>', "d": {}, "e": "123 null"}
    bare = re.sub(r"</?span[^>]*>", "", coloured(value))
    assert json.loads(html.unescape(bare)) == value
