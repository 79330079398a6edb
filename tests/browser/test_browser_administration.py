"""The administrator's pages in a real Chromium, and the light that a first statement turns green."""

from __future__ import annotations

import uuid
from itertools import product

import pytest
from looking import LANGUAGES, Looked, looking
from playwright.sync_api import Browser, expect
from serving import Served
from tincan import Activity, Agent, RemoteLRS, Statement, Verb

pytestmark = pytest.mark.browser


def look_at(looked: Looked, axe: str, name: str, *, wide: bool = True) -> None:
    """Look wide and narrow, light and dark; axe may look narrow only, words being what differs."""
    for width in (1280, 360):
        looked.turn(width=width, dark=width == 360)
        assert looked.too_wide() == [], name
        if wide or width == 360:
            looked.keep(f"{name}-{width}")
            assert looked.findings(axe) == [], name
    assert looked.complaints == [], name


def filled(server: Served) -> list[str]:
    """Put something on every page, and return the pages."""
    one = {
        "id": str(uuid.uuid4()),
        "actor": {"name": "Ann Ek", "mbox": "mailto:ann@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
        "object": {"id": "https://example.org/a", "definition": {"name": {"en": "Listening"}}},
    }
    assert server.ask("POST", "/xapi/statements", one).status == 200
    faulty = {**one, "id": str(uuid.uuid4()), "actor": {"mbox": "bo@example.org"}}
    assert server.ask("POST", "/xapi/statements", [faulty, one]).status == 400
    key = f"keys/{server.key}"
    return [
        *(f"setup?tool={tool}&" for tool in ("moodle", "linkedin", "any")),
        "refused?", "refused/1?", "refused/1/drop?", "keys?", f"{key}?", f"{key}/revoke?",
        "tenants?", "statements?", f"statements/{one['id']}?",
    ]  # fmt: skip


def test_pages_are_whole(browser: Browser, fresh: Served, axe: str) -> None:
    pages = filled(fresh)
    with looking(browser, f"{fresh.url}/setup") as looked:
        for lang, page in product(LANGUAGES, pages):
            answer = looked.page.goto(f"{fresh.url}/{page}lang={lang}")
            assert answer is not None
            assert answer.status == 200
            look_at(looked, axe, f"administration-{page}-{lang}", wide=lang == "en")


def test_light_turns_green_at_a_first_statement(browser: Browser, fresh: Served, axe: str) -> None:
    with looking(browser, f"{fresh.url}/setup?tool=any&lang=en") as looked:
        page = looked.page
        page.get_by_label("Name of the key").fill("Rise")
        page.get_by_role("button", name="Make the key").click()
        light = page.locator("#light")
        expect(light).to_have_attribute("data-state", "waiting")
        look_at(looked, axe, "light-waiting")
        key, secret = (
            page.locator(f'[data-copy="{label}"]').first.inner_text()
            for label in ("Username", "Password")
        )
        lrs = RemoteLRS(
            endpoint=f"{fresh.url}/xapi/", version="1.0.3", username=key, password=secret
        )
        sent = lrs.save_statement(
            Statement(
                actor=Agent(mbox="mailto:ann@example.org", name="Ann Ek"),
                verb=Verb(id="http://adlnet.gov/expapi/verbs/completed"),
                object=Activity(id="https://example.org/a"),
            )
        )
        assert sent.success
        expect(light).to_have_attribute("data-state", "arrived", timeout=10_000)
        expect(light).to_contain_text("Ann Ek")
        look_at(looked, axe, "light-arrived")
