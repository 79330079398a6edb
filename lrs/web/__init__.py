"""The shell of the pages: layout, style, languages; and the record store's own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Put the shell and the store's pages on the app; other plug-ins' pages stand in the same shell."""
    if "web" in app.blueprints:
        return
    from lrs.web import (
        forwarding,
        i18n,
        keys,
        pages,
        refusals,
        sections,
        security,
        setup,
        shell,
        tenants,
    )

    i18n.install(app, _default_language(app))
    security.install(app)
    shell.install(app)
    app.jinja_env.globals["store_sections"] = sections.sections
    for page in (pages, setup, refusals, keys, tenants, forwarding):
        app.register_blueprint(page.blueprint)


def _default_language(app: Flask) -> str:
    return str(app.extensions["verkan"].settings.language)
