"""Who may see the pages: a browser on the machine itself, everybody, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

MakeApp = Callable[..., Flask]
HERE = "http://localhost:8080"

ALLOWED: dict[str, dict[str, Any]] = {
    "a browser on this machine": {},
    "by its IPv4 address": {"base_url": "http://127.0.0.1:8080"},
    "by its IPv6 address": {
        "base_url": "http://[::1]:8080",
        "environ_base": {"REMOTE_ADDR": "::1"},
    },
    "an address typed by the reader": {"headers": {"Sec-Fetch-Site": "none"}},
    "a link on the page itself": {"headers": {"Sec-Fetch-Site": "same-origin"}},
    "a link on another site": {
        "headers": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    },
}
REFUSED: dict[str, dict[str, Any]] = {
    "another machine": {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
    "an address that is none": {"environ_base": {"REMOTE_ADDR": ""}},
    "another name for this machine": {"base_url": "http://rebound.example.com:8080"},
    "a proxy that says whom it asks for": {"headers": {"X-Forwarded-For": "192.0.2.7"}},
    "a proxy that says so the standard way": {"headers": {"Forwarded": "for=192.0.2.7"}},
    "a proxy that only says its name": {"headers": {"Via": "1.1 proxy"}},
    "a proxy set up in a hurry": {"environ_overrides": {"SERVER_PROTOCOL": "HTTP/1.0"}},
    "a script on another site": {
        "headers": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}
    },
    "a frame on another site": {
        "headers": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}
    },
    "a script on another port": {
        "headers": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "empty"}
    },
}


@pytest.fixture
def ask(small_app: MakeApp) -> Callable[..., int]:
    """Return ``f(app settings, request)``: the status of the statements page."""

    def asked(given: dict[str, Any], request: dict[str, Any]) -> int:
        sent = {"base_url": HERE, **request}
        return small_app(**given).test_client().get("/statements", **sent).status_code

    return asked


@pytest.mark.parametrize("who", ALLOWED)
def test_local_pages_are_shown_to(who: str, ask: Callable[..., int]) -> None:
    assert ask({}, ALLOWED[who]) == 200


@pytest.mark.parametrize("who", REFUSED)
def test_local_pages_are_refused_to(who: str, ask: Callable[..., int]) -> None:
    assert ask({}, REFUSED[who]) == 403


def test_local_pages_are_refused_when_the_server_stands_behind_a_proxy(
    ask: Callable[..., int],
) -> None:
    assert ask({"public_url": "https://learning.example.org"}, {}) == 403


def test_open_pages_are_shown_to_other_machines(ask: Callable[..., int]) -> None:
    away = {
        "base_url": "https://learning.example.org",
        "environ_base": {"REMOTE_ADDR": "192.0.2.7"},
        "headers": {"X-Forwarded-For": "198.51.100.4"},
    }
    assert ask({"pages": "open"}, away) == 200


def test_open_pages_are_refused_to_a_script_on_another_site(ask: Callable[..., int]) -> None:
    script = REFUSED["a script on another site"]
    assert ask({"pages": "open"}, script) == 403


def test_pages_that_are_off_are_not_found(small_app: MakeApp) -> None:
    client = small_app(pages="off").test_client()
    found = [
        client.get(path, base_url=HERE).status_code for path in ("/", "/statements", "/report")
    ]
    assert found == [404, 404, 404]


def test_every_page_of_every_plug_in_asks_who_is_there(small_app: MakeApp) -> None:
    """A page somebody adds later is held to the same rule, or this test names it."""
    app = small_app()
    client = app.test_client()
    away = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}, "base_url": HERE}
    shown = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.arguments
        and client.get(rule.rule, **away).status_code not in (400, 401, 403, 404)
    }
    assert {rule for rule in shown if not rule.startswith(("/health", "/api/openapi"))} == {
        "/xapi/about"
    }


def test_the_reader_of_a_refused_page_is_told_what_to_do(small_app: MakeApp) -> None:
    answer = (
        small_app()
        .test_client()
        .get(
            "/",
            base_url=HERE,
            environ_base={"REMOTE_ADDR": "192.0.2.7"},
            headers={"Accept": "text/html"},
        )
    )
    assert answer.status_code == 403
    assert "VERKAN_PAGES" in answer.text
