"""What every page has around it: the menu made from the plug-ins, the language switch, the footer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, request, url_for
from flask_babel import (  # type: ignore[import-untyped]
    format_datetime,
    get_locale,
    gettext,
)

from lrs import __version__, plugins
from lrs.web.i18n import COOKIE, LANGUAGES, known

_A_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One link of the menu."""

    label: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class LanguageEntry:
    """One choice of the language switch."""

    code: str
    name: str
    url: str
    here: bool


def install(app: Flask) -> None:
    """Make the shell's parts known to every template, and keep a language that was asked for."""
    app.jinja_env.globals.update(
        shell_language=language, shell_menu=menu, shell_languages=languages, version=__version__
    )
    app.jinja_env.filters["moment"] = moment
    app.jinja_env.filters["said"] = gettext
    app.after_request(_keep_language)


def language() -> str:
    """Return the language of this page."""
    return known(str(get_locale()))


def menu() -> list[MenuEntry]:
    """Return the plug-ins' pages that this server has, what is read most first."""
    return list(_menu())


def _menu() -> Iterator[MenuEntry]:
    # The store's own page is the least often needed, so the plug-ins' pages come before it.
    for plugin in reversed(plugins.installed()):
        for page in plugin.pages:
            if page.endpoint in _endpoints():
                here = (request.blueprint or "") == page.endpoint.partition(".")[0]
                yield MenuEntry(gettext(page.label), url_for(page.endpoint), here)


def _endpoints() -> set[str]:
    return set(current_app.view_functions)


def languages() -> list[LanguageEntry]:
    """Return the same page in each language."""
    here = language()
    return [
        LanguageEntry(code, name, _same_page(code), code == here)
        for code, name in LANGUAGES.items()
    ]


def _same_page(code: str) -> str:
    kept = [(k, v) for k, v in request.args.items(multi=True) if k != "lang"]
    return quote(request.path) + "?" + urlencode([*kept, ("lang", code)])


def moment(at: int) -> str:
    """Say an instant (microseconds since 1970) the way the reader's language does, in UTC."""
    return str(format_datetime(datetime.fromtimestamp(at / 1_000_000, UTC), "d MMM y HH:mm"))


def _keep_language(response: Response) -> Response:
    asked = request.args.get("lang")
    if asked in LANGUAGES and request.method == "GET" and response.mimetype == "text/html":
        response.set_cookie(
            COOKIE,
            asked,
            max_age=_A_YEAR_S,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure,
        )
    return response
