"""The shell of the pages: layout, style, languages, and the page of the latest statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Put the shell and the statements page on the app; other plug-ins' pages stand in the same shell."""
    if "web" in app.blueprints:
        return
    from lrs.web import i18n, pages, security, shell

    i18n.install(app, _default_language(app))
    security.install(app)
    shell.install(app)
    app.register_blueprint(pages.blueprint)


def _default_language(app: Flask) -> str:
    return str(app.extensions["verkan"].settings.language)
