"""The address of the next page: ``more`` of a list of statements.

Ruled by 1.0.3, Data 2.5 "Retrieval of Statements": it is relative to the server's root, so a path
that a proxy puts this server under belongs into it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request

from lrs.access.keys import public_path
from lrs.app import host


def more_url(token: str, *, attachments: bool) -> str:
    """Return the address of the page that the token stands for."""
    asked = {"more": token} | ({"attachments": "true"} if attachments else {})
    return f"{public_path(host().settings)}{request.script_root}/xapi/statements?{urlencode(asked)}"
