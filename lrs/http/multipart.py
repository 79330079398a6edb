"""Answers as `multipart/mixed`: the JSON, then the attachments it names that are kept here.

Ruled by 1.0.3, Communication 1.5.2 "Multipart/Mixed".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from flask import Response

from lrs.xapi.multipart import MIXED, Part, write_mixed


def multipart(body: bytes, parts: Iterable[Part]) -> Response:
    """Return JSON and attachments as one answer."""
    boundary = secrets.token_hex(16)
    return Response(
        write_mixed(boundary, body, parts), content_type=f"{MIXED}; boundary={boundary}"
    )
