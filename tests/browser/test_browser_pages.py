"""Every page, in every language, narrow and wide, light and dark, in a real Chromium."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from looking import LANGUAGES, looking
from playwright.sync_api import Browser
from serving import Served

from analytics.demo.files import PAIRS

pytestmark = pytest.mark.browser

REPORTS = {f"report-{n}": (path, outcome) for n, (path, outcome) in enumerate(PAIRS)}
PAGES = ["index", *REPORTS, "statements", "nowhere"]
EMPTY = ["index", "statements"]
# Each width is seen light in one language and dark in another.
VIEWS = [
    (lang, width, (width == 360) is (lang != "sv")) for lang in LANGUAGES for width in (360, 1280)
]


def address(server: Served, page: str, lang: str) -> str:
    from urllib.parse import urlencode

    if page in REPORTS:
        path, outcome = REPORTS[page]
        return f"{server.url}/report?{urlencode({'path': path, 'outcome': outcome, 'lang': lang})}"
    return f"{server.url}/{'' if page == 'index' else page}?lang={lang}"


def check(
    browser: Browser, server: Served, axe: str, page: str, view: tuple[str, int, bool], name: str
) -> None:
    lang, width, dark = view
    status = 404 if page == "nowhere" else 200
    url = address(server, page, lang)
    with looking(browser, url, width=width, dark=dark, status=status) as looked:
        looked.keep(f"{name}-{lang}-{width}-{'dark' if dark else 'light'}")
        assert looked.complaints == []
        assert {urlsplit(asked).netloc for asked in looked.asked_for} == {urlsplit(url).netloc}
        assert looked.too_wide() == []
        assert looked.page.get_attribute("html", "lang") == lang
        assert looked.findings(axe) == []
        assert looked.complaints == []


@pytest.mark.parametrize(
    "view", VIEWS, ids=lambda v: f"{v[0]}-{v[1]}-{'dark' if v[2] else 'light'}"
)
@pytest.mark.parametrize("page", PAGES)
def test_page_is_whole(
    page: str, view: tuple[str, int, bool], browser: Browser, demo: Served, axe: str
) -> None:
    check(browser, demo, axe, page, view, page)


@pytest.mark.parametrize("page", EMPTY)
def test_page_of_an_empty_store_is_whole(
    page: str, browser: Browser, fresh: Served, axe: str
) -> None:
    for view in (("en", 360, False), ("sv", 1280, True), ("nl", 360, True)):
        check(browser, fresh, axe, page, view, f"empty-{page}")
