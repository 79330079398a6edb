"""Who may change something from a page, and that no other site can have it done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

MakeApp = Callable[..., Flask]
HERE = "http://localhost:8080"
OURS = {"Sec-Fetch-Site": "same-origin"}
FORM = {"tool": "moodle", "name": "Moodle", "purpose": "send"}

TAKEN: dict[str, dict[str, Any]] = {
    "a form of the page": {"headers": OURS},
    "with its origin too": {"headers": {**OURS, "Origin": HERE}},
    "a browser that tells the origin only": {"headers": {"Origin": HERE}},
    "the same host behind TLS": {"headers": {"Origin": "https://localhost:8080"}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "nothing said about where from": {},
    "another site": {"headers": {"Sec-Fetch-Site": "cross-site"}},
    "another site as a whole page": {
        "headers": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    },
    "another port of this machine": {"headers": {"Sec-Fetch-Site": "same-site"}},
    "an address typed by hand": {"headers": {"Sec-Fetch-Site": "none"}},
    "another site that claims our origin": {
        "headers": {"Sec-Fetch-Site": "cross-site", "Origin": HERE}
    },
    "another site by its origin": {"headers": {"Origin": "https://evil.example.com"}},
    "another port by its origin": {"headers": {"Origin": "http://localhost:9090"}},
    "an origin that is hidden": {"headers": {"Origin": "null"}},
    "our name as the beginning of another": {"headers": {"Origin": f"{HERE}.example.com"}},
    "another machine": {"headers": OURS, "environ_base": {"REMOTE_ADDR": "192.0.2.7"}},
    "another name for this machine": {
        "headers": OURS,
        "base_url": "http://rebound.example.com:8080",
    },
    "a proxy": {"headers": {**OURS, "X-Forwarded-For": "192.0.2.7"}},
}
AWAY: dict[str, Any] = {
    "base_url": "https://learning.example.org",
    "environ_base": {"REMOTE_ADDR": "192.0.2.7"},
}


def made(app: Flask, **sent: Any) -> int:
    """The status of making a key."""
    return app.test_client().post("/setup", data=FORM, **{"base_url": HERE, **sent}).status_code


@pytest.mark.parametrize("who", TAKEN)
def test_a_change_is_taken_from(who: str, small_app: MakeApp) -> None:
    assert made(small_app(), **TAKEN[who]) == 200


@pytest.mark.parametrize("who", REFUSED)
def test_a_change_is_refused_from(who: str, small_app: MakeApp) -> None:
    app = small_app()
    assert made(app, **REFUSED[who]) == 403
    assert app.test_client().get("/api/v1/keys", base_url=HERE).json == []


def test_pages_open_to_others_are_for_reading(small_app: MakeApp) -> None:
    app = small_app(pages="open")
    assert app.test_client().get("/setup", **AWAY).status_code == 200
    assert made(app, **AWAY, headers=OURS) == 403


def test_a_reader_who_may_not_make_a_key_is_told_how(small_app: MakeApp) -> None:
    page = small_app(pages="open").test_client().get("/setup?tool=moodle&lang=en", **AWAY).text
    assert "<form" not in page
    assert "verkan keys create --name &#34;Moodle&#34; --scope statements/write" in page.replace(
        '"Moodle"', "&#34;Moodle&#34;"
    )


def test_administration_can_be_opened_behind_a_sign_in(small_app: MakeApp) -> None:
    app = small_app(pages="open", administration="open")
    assert made(app, **AWAY, headers=OURS) == 200
    assert made(app, **AWAY, headers={"Sec-Fetch-Site": "cross-site"}) == 403


def test_administration_is_never_wider_than_the_pages(small_app: MakeApp) -> None:
    assert made(small_app(administration="open"), **AWAY, headers=OURS) == 403
    assert made(small_app(pages="off", administration="open"), headers=OURS) == 404


def test_administration_that_is_off_is_off_here_too(small_app: MakeApp) -> None:
    assert made(small_app(administration="off"), headers=OURS) == 403


def test_every_form_of_every_page_is_held_to_the_same_rule(small_app: MakeApp) -> None:
    """A page somebody adds later is held to it as well, or this test names it."""
    app = small_app()
    client = app.test_client()
    open_to_all = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and not rule.rule.startswith(("/xapi", "/api", "/oauth"))
        and client.post(
            rule.build(dict.fromkeys(rule.arguments, "1"))[1],  # type: ignore[index]
            base_url=HERE,
            headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"},
        ).status_code
        != 403
    ]
    assert open_to_all == []
