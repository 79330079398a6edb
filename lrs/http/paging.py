"""The address of the next page: ``more`` of a list of statements.

Ruled by 1.0.3, Data 2.5 "Retrieval of Statements": it is relative to the server's root, so a path
that a proxy puts this server under belongs into it. The token is the store's, which finds the next
statements by it; in which form they are given is kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from flask import request

from lrs.access.keys import public_path
from lrs.app import host
from lrs.xapi.queries import FORMATS


class Form(NamedTuple):
    """How the statements of a page are given."""

    format: str = "exact"
    attachments: bool = False


def more_url(token: str, form: Form) -> str:
    """Return the address of the page that the token stands for."""
    asked = {"more": token}
    if form.format != "exact":
        asked["format"] = form.format
    if form.attachments:
        asked["attachments"] = "true"
    return f"{public_path(host().settings)}{request.script_root}/xapi/statements?{urlencode(asked)}"


def asked_again(asked: Mapping[str, str]) -> Form:
    """Return the form that the address of a next page names.

    Clients may repeat what they asked for first beside ``more``; the token has it already, so all
    but the form is passed over.
    """
    form = asked.get("format", "exact")
    return Form(form if form in FORMATS else "exact", asked.get("attachments") == "true")
