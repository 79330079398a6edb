"""Every page, in every language, narrow and wide, light and dark, in a real Chromium."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlsplit

import pytest
from looking import LANGUAGES, looking
from playwright.sync_api import Browser
from serving import Served

from analytics.demo.files import PAIRS

pytestmark = pytest.mark.browser

REPORTS = {f"report-{n}": (path, outcome) for n, (path, outcome) in enumerate(PAIRS)}
PAGES = ["index", *REPORTS, "plans", "statements", "nowhere"]
EMPTY = ["index", "plans", "statements"]


def address(server: Served, page: str, lang: str) -> str:
    from urllib.parse import urlencode

    if page in REPORTS:
        path, outcome = REPORTS[page]
        return f"{server.url}/report?{urlencode({'path': path, 'outcome': outcome, 'lang': lang})}"
    return f"{server.url}/{'' if page == 'index' else page}?lang={lang}"


def check(browser: Browser, server: Served, axe: str, page: str, lang: str, name: str) -> None:
    """Look at the page wide and narrow, light in one of them and dark in the other."""
    status = 404 if page == "nowhere" else 200
    url = address(server, page, lang)
    with looking(browser, url, status=status) as looked:
        assert {urlsplit(asked).netloc for asked in looked.asked_for} == {urlsplit(url).netloc}
        assert looked.page.get_attribute("html", "lang") == lang
        for width in (1280, 360):
            dark = (width == 360) is (lang != "sv")
            looked.turn(width=width, dark=dark)
            if lang == "en":
                looked.keep(f"{name}-{width}-{'dark' if dark else 'light'}")
            assert looked.too_wide() == []
            assert looked.findings(axe) == []
        assert looked.complaints == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_page_is_whole(page: str, lang: str, browser: Browser, demo: Served, axe: str) -> None:
    check(browser, demo, axe, page, lang, page)


def test_pages_of_an_empty_store_are_whole(browser: Browser, fresh: Served, axe: str) -> None:
    for page, lang in product(EMPTY, LANGUAGES):
        check(browser, fresh, axe, page, lang, f"empty-{page}")


def test_looking_itself_sees_faults(browser: Browser, demo: Served, axe: str) -> None:
    """A check that cannot fail would say nothing of the pages above."""
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        looked.page.evaluate(
            """() => {
              document.body.insertAdjacentHTML("beforeend",
                '<img src="/assets/mark.svg" width="3000"><p style="color: red">inline</p>');
            }"""
        )
        assert any("image-alt" in finding for finding in looked.findings(axe))
        assert any("IMG" in element for element in looked.too_wide())
        assert any("Content Security Policy" in said for said in looked.complaints)
