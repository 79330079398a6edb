"""The report as one page: in the right order, in each language, needing nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
import report_records as records
from babel.support import NullTranslations

from analytics.report import html
from analytics.report.html import report_body, report_page
from lrs.web import i18n
from lrs.web.i18n import LANGUAGES

EACH = [(name, lang) for name in records.ALL for lang in LANGUAGES]


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and whether each was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


@pytest.mark.parametrize(("name", "lang"), EACH)
def test_page_is_well_formed_and_stands_alone(name: str, lang: str) -> None:
    page = report_page(records.ALL[name](), lang)
    tags = Tags(page)
    assert (tags.open, tags.crossed) == ([], [])
    assert {tag for tag, _ in tags.all}.isdisjoint({"script", "link", "img", "iframe", "object"})
    named = [
        a
        for _, attrs in tags.all
        for a in attrs
        if a in ("src", "href", "style") or a.startswith("on")
    ]
    assert named == []
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize(("name", "lang"), EACH)
def test_ids_are_used_once_and_lead_somewhere(name: str, lang: str) -> None:
    tags = Tags(report_page(records.ALL[name](), lang)).all
    ids = [attrs["id"] for _, attrs in tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    named = " ".join(attrs.get("aria-labelledby") or "" for _, attrs in tags).split()
    assert set(named) <= set(ids)


def test_policy_in_the_file_lets_in_its_own_style_and_nothing_else() -> None:
    page = report_page(records.record(), "en")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].startswith("default-src 'none'")
    assert f"style-src 'sha256-{digest}'" in policy[1].replace("&#39;", "'").replace("&#43;", "+")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_verdict_comes_first_and_completion_after_the_effect(lang: str) -> None:
    page = report_page(records.without_effect(), lang)
    places = [
        page.index(part)
        for part in (
            "<h1>",
            'class="numbers"',
            'class="naive"',
            'class="picture"',
            'class="completion"',
        )
    ]
    assert places == sorted(places)
    assert page.count("<h1>") == 1


def test_naive_number_is_struck_through() -> None:
    assert "<s>−54\N{NO-BREAK SPACE}%</s>" in report_page(records.without_effect(), "en")


def test_small_groups_leave_no_number_in_the_page() -> None:
    page = report_page(records.too_small(), "en")
    assert "<figure" not in page
    for secret in ("0.0123", "0.0765", "0.82", "294"):
        assert secret not in page


def test_names_are_escaped() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    page = report_page(
        records.record(
            path={"id": nasty, "name": nasty},
            outcome={**records.record()["outcome"], "name": nasty, "unit": nasty},
            sentence={"en": nasty},
        ),
        "en",
    )
    assert "<img" not in page


def test_served_page_and_file_hold_the_same_report() -> None:
    record = records.record()
    assert str(report_body(record, "sv")) in report_page(record, "sv")


def test_language_we_do_not_speak_gives_english() -> None:
    assert '<html lang="en">' in report_page(records.record(), "fi")


def test_same_record_gives_the_same_bytes() -> None:
    assert report_page(records.record(), "nl") == report_page(records.record(), "nl")


class _Strict(NullTranslations):
    """Has nothing to say for a text that the catalogue lacks, and says so."""

    def gettext(self, message: str) -> str:
        raise LookupError(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        raise LookupError(singular)


@pytest.mark.parametrize(("name", "lang"), [(n, lang) for n, lang in EACH if lang != "en"])
def test_no_text_reaches_the_reader_untranslated(
    name: str, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that are put together where no search through the code would find them."""
    i18n.translations.cache_clear()
    translations = i18n.translations(lang)
    translations.add_fallback(_Strict())
    monkeypatch.setattr(html, "translations", lambda _lang: translations)
    monkeypatch.setattr(i18n, "translations", lambda _lang: translations)
    i18n.words.cache_clear()
    html._environment.cache_clear()
    try:
        assert report_page(records.ALL[name](), lang)
    finally:
        monkeypatch.undo()
        for cached in (i18n.translations, i18n.words, html._environment):
            cached.cache_clear()


def test_page_is_small() -> None:
    assert len(report_page(records.record(), "en").encode()) < 60_000


def test_record_may_lack_every_part_but_the_verdict() -> None:
    record: dict[str, Any] = {"verdict": "cannot_tell", "grade": "D", "flags": ["nobody_trained"]}
    page = report_page(record, "en")
    assert "Cannot tell" in page
    assert "<figure" not in page
