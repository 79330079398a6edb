"""The page of the latest statements, on a real store."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask

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


def test_empty_store_tells_how_to_send_something_here(app: Flask) -> None:
    text = page(app)
    assert "verkan keys create" in text
    assert "http://localhost:8080/xapi/" in text
    assert "<script" not in text


def test_address_to_send_to_is_the_one_others_reach(small_app: Callable[..., Flask]) -> None:
    app = small_app(public_url="https://learning.example.org/", pages="open")
    assert "https://learning.example.org/xapi/" in page(app)


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
    assert text.count("Taken back") == 1
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
