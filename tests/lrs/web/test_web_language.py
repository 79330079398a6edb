"""Every text is there in Swedish and Dutch, and the reader's language is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment
from texts import ROOT, texts_of

from lrs.web.i18n import LANGUAGES, translator, words

HERE = "http://localhost:8080"
CATALOGUES = {"lrs": "lrs/web/translations", "analytics": "analytics/translations"}
EACH = [(package, lang) for package in CATALOGUES for lang in LANGUAGES if lang != "en"]
_PLACES = re.compile(r"%\((\w+)\)s")


def catalogue(package: str, lang: str) -> Catalog:
    file = ROOT / CATALOGUES[package] / f"{lang}.po"
    return read_po(BytesIO(file.read_bytes()), locale=lang, abort_invalid=True)


@pytest.mark.parametrize(("package", "lang"), EACH)
def test_every_text_is_translated(package: str, lang: str) -> None:
    found = catalogue(package, lang)
    missing = [
        f"{where}: {text}"
        for text, where in texts_of(package).items()
        if not (message := found.get(text if isinstance(text, str) else text[0]))
        or not all([message.string] if isinstance(message.string, str) else message.string)
    ]
    assert missing == []


@pytest.mark.parametrize(("package", "lang"), EACH)
def test_no_translation_is_left_over_or_uncertain(package: str, lang: str) -> None:
    kept = [message for message in catalogue(package, lang) if message.id]
    assert [m.id for m in kept if m.fuzzy] == []
    assert [m.id for m in kept if m.id not in texts_of(package)] == []


@pytest.mark.parametrize(("package", "lang"), EACH)
def test_translations_fill_in_the_same_values(package: str, lang: str) -> None:
    def places(text: str) -> set[str]:
        return set(_PLACES.findall(text))

    for message in catalogue(package, lang):
        ids = [message.id] if isinstance(message.id, str) else message.id
        said = [message.string] if isinstance(message.string, str) else message.string
        if message.id:
            assert {frozenset(places(s)) for s in said} == {frozenset(places(i)) for i in ids}


@pytest.mark.parametrize("package", CATALOGUES)
def test_no_text_holds_a_literal_per_cent_sign(package: str) -> None:
    """Figures with their sign come from `lrs.web.figures`, so every text may be a pattern."""
    texts = [
        part for text in texts_of(package) for part in ([text] if isinstance(text, str) else text)
    ]
    assert [text for text in texts if "%" in _PLACES.sub("", text)] == []


def test_every_template_parses() -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    files = [f for package in CATALOGUES for f in (ROOT / package).rglob("templates/**/*.html")]
    assert len(files) >= 7
    for file in files:
        environment.parse(file.read_text("utf-8"), filename=str(Path(file)))


def test_words_work_without_an_application() -> None:
    assert translator("sv")("Language") == "Språk"
    assert translator("nl")("Language") == "Taal"
    assert translator("en")("Language") == "Language"
    assert translator("fi")("Language") == "Language"


def test_plural_forms_follow_the_number() -> None:
    forms = [
        words(lang).say_n("%(n)s team", "%(n)s teams", n) for lang in LANGUAGES for n in (1, 2)
    ]
    assert forms == ["1 team", "2 teams", "1 team", "2 team", "1 team", "2 teams"]


def page_language(answer: object) -> str:
    found = re.search(r'<html lang="(\w+)"', answer.text)  # type: ignore[attr-defined]
    assert found
    return found[1]


def test_language_is_asked_for_then_kept_then_the_browsers_then_the_settings(
    small_app: Callable[..., Flask],
) -> None:
    client = small_app(language="nl").test_client()

    def seen(query: str = "", accept: str = "") -> str:
        headers = {"Accept-Language": accept} if accept else {}
        return page_language(client.get(f"/statements{query}", base_url=HERE, headers=headers))

    assert seen() == "nl"
    assert seen(accept="fi") == "nl"
    assert seen(accept="sv-SE,sv;q=0.9,en;q=0.5") == "sv"
    assert seen("?lang=en", accept="sv") == "en"
    assert seen(accept="sv") == "en"  # it was kept
    assert seen("?lang=xx", accept="sv") == "en"


def test_language_cookie_is_lax_and_out_of_reach_of_scripts(
    small_app: Callable[..., Flask],
) -> None:
    answer = small_app().test_client().get("/statements?lang=sv", base_url=HERE)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lang=sv;")
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in cookie


def test_switch_keeps_the_page_and_its_arguments(small_app: Callable[..., Flask]) -> None:
    answer = small_app().test_client().get("/statements?before=7&lang=sv", base_url=HERE)
    assert 'href="/statements?before=7&amp;lang=nl"' in answer.text


def test_menu_comes_from_the_plug_ins_in_the_readers_language(
    small_app: Callable[..., Flask],
) -> None:
    client = small_app().test_client()
    pages = [client.get(f"/statements?lang={lang}", base_url=HERE).text for lang in LANGUAGES]
    menus = [
        re.findall(
            r"<a [^>]*>([^<]+)</a>", page.partition('class="menu"')[2].partition("</nav>")[0]
        )
        for page in pages
    ]
    assert menus == [
        ["Impact", "Plans", "Statements", "Set up"],
        ["Effekt", "Planer", "Händelser", "Anslut"],
        ["Effect", "Plannen", "Gebeurtenissen", "Aansluiten"],
    ]
