"""The pages of the record store, in the order of the row of links above each of them."""

from __future__ import annotations

from flask import current_app, request, url_for
from flask_babel import gettext  # type: ignore[import-untyped]

from lrs.web.i18n import N_
from lrs.web.shell import MenuEntry

SECTIONS = {
    "web.index": N_("Statements"),
    "setup.index": N_("Set up"),
    "refusal_pages.index": N_("Refused"),
    "key_pages.index": N_("Keys"),
    "tenant_pages.index": N_("Tenants"),
    "forwarding_pages.index": N_("Forwarding"),
}


def sections() -> list[MenuEntry]:
    """Return the links, the one to the section that is read marked."""
    return [
        MenuEntry(gettext(label), url_for(endpoint), request.blueprint == endpoint.split(".")[0])
        for endpoint, label in SECTIONS.items()
        if endpoint in current_app.view_functions
    ]
