"""A fault is a page for a reader and the one JSON form for a tool."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from lrs.errors import StoreUnavailable

HERE = "http://localhost:8080"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "This page is not here"), ("sv", "Sidan finns inte"), ("nl", "Deze pagina is er niet")],
)
def test_missing_page_is_told_in_the_readers_language(
    lang: str, said: str, small_app: Callable[..., Flask]
) -> None:
    answer = small_app().test_client().get(f"/nowhere?lang={lang}", base_url=HERE, headers=BROWSER)
    assert answer.status_code == 404
    assert said in answer.text
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json"])
def test_tool_gets_json(accept: str | None, small_app: Callable[..., Flask]) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = small_app().test_client().get("/nowhere", base_url=HERE, headers=headers)
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/xapi/nowhere", "/api/v1/nowhere", "/health/nowhere"])
def test_addresses_of_tools_answer_json_even_to_a_browser(
    path: str, small_app: Callable[..., Flask]
) -> None:
    answer = small_app().test_client().get(path, base_url=HERE, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.mimetype == "application/json"


def test_our_own_fault_shows_its_number_and_nothing_else(small_app: Callable[..., Flask]) -> None:
    app = small_app()

    @app.get("/breaks")
    def breaks() -> str:
        raise RuntimeError("the secret is swordfish")

    answer = app.test_client().get("/breaks", base_url=HERE, headers=BROWSER)
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_database_that_is_away_is_told_as_passing(small_app: Callable[..., Flask]) -> None:
    app = small_app()

    @app.get("/away")
    def away() -> str:
        raise StoreUnavailable("the database cannot be used now")

    answer = app.test_client().get("/away", base_url=HERE, headers=BROWSER)
    assert answer.status_code == 503
    assert "Nothing that was stored is lost" in answer.text


def test_error_page_is_whole_when_pages_are_off(small_app: Callable[..., Flask]) -> None:
    answer = small_app(pages="off").test_client().get("/", base_url=HERE, headers=BROWSER)
    assert answer.status_code == 404
    assert "</html>" in answer.text
