"""The reader's language: catalogues of all plug-ins merged into one per language, English in the code.

The catalogues are the `.po` files themselves, read when a language is first used, so that no built
file lies in the repository. `translator` and `words` work without Flask, for reports and commands;
`install` gives the same words to Flask-Babel for the served pages (`architecture.md`, "Pages").
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from lrs import plugins

if TYPE_CHECKING:
    from flask import Flask, Request

LANGUAGES = {"en": "English", "sv": "Svenska", "nl": "Nederlands"}
"""Each language by its code, in its own name, in the order of the switch."""

SOURCE = "en"
COOKIE = "lang"


def N_(text: str) -> str:  # noqa: N802  # the name by which gettext knows a text marked for later
    """Mark a text that is translated where it is used."""
    return text


class Words:
    """What a text of ours says in one language. A literal per cent sign never stands in a text."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._said = translations(lang)

    def say(self, text: str, **values: object) -> str:
        """Return the text in this language with its ``%(name)s`` filled in."""
        said: str = self._said.gettext(text)
        return said % values if values else said

    def say_n(self, one: str, many: str, n: int, /, **values: object) -> str:
        """Return the form that goes with ``n``; ``%(n)s`` is the number unless another is given."""
        said: str = self._said.ngettext(one, many, n)
        return said % {"n": n, **values}


def known(lang: str | None) -> str:
    """Return the language if we speak it, else English."""
    return lang if lang in LANGUAGES else SOURCE


@cache
def words(lang: str) -> Words:
    """Return the words of a language; one we do not speak gives English."""
    return Words(known(lang))


def translator(lang: str) -> Callable[[str], str]:
    """Return a function from an English text to the same text in ``lang``."""
    return words(lang).say


@cache
def translations(lang: str) -> NullTranslations:
    """Return every plug-in's texts in one language, in the form gettext knows."""
    if lang == SOURCE:
        return NullTranslations()
    merged = Catalog(locale=lang, domain="verkan", fuzzy=False)
    for package in plugins.each("translations"):
        for message in _catalogue(package, lang):
            if message.id:
                merged[message.id] = message
    built = BytesIO()
    write_mo(built, merged)
    built.seek(0)
    return Translations(built, domain="verkan")


def _catalogue(package: str, lang: str) -> Catalog:
    file = resources.files(package) / f"{lang}.po"
    if not file.is_file():  # a vendor's plug-in may speak fewer languages than we do
        return Catalog(locale=lang)
    with file.open("rb") as handle:
        return read_po(handle, locale=lang, abort_invalid=True)


def asked_language(request: Request, default: str) -> str:
    """Return the language of the address, else of the cookie, else of the browser, else the default."""
    for named in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if named in LANGUAGES:
            return str(named)
    return request.accept_languages.best_match(list(LANGUAGES)) or default


def install(app: Flask, default: str) -> None:
    """Give Flask-Babel our catalogues and our way to choose."""
    from flask import request
    from flask_babel import (  # type: ignore[import-untyped]
        Babel,
        Domain,
        get_locale,
    )

    class _Catalogues(Domain):  # type: ignore[misc]  # a base without types
        def get_translations(self) -> NullTranslations:
            return translations(known(str(get_locale())))

    class _Babel(Babel):  # type: ignore[misc]
        domain_instance = _Catalogues()

    _Babel().init_app(
        app, default_locale=default, locale_selector=lambda: asked_language(request, default)
    )
