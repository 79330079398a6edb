"""Lets learning content in a browser, wherever it comes from, post to the xAPI routes.

Content is played from a learning platform's address and posts straight to the store, so any origin
may. That gives nothing away: these routes know a caller by the key in the `Authorization` header
alone, which a page must hold already, never by a cookie or a password the browser remembers. For
the same reason credentials of the browser's own are not allowed in
(https://fetch.spec.whatwg.org/#cors-protocol-and-credentials). The other routes stay closed.
"""

from __future__ import annotations

import re

from flask import Flask, Response, request

_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_ALWAYS_TAKEN = "Authorization, Content-Type, X-Experience-API-Version, If-Match, If-None-Match"
_SHOWN = (
    "ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through, "
    "X-Request-ID"
)
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1000}")
_DAY_S = "86400"


def install(app: Flask) -> None:
    """Open every answer below /xapi, faults included, to pages of any origin."""
    app.after_request(_opened)


def _opened(response: Response) -> Response:
    if not request.path.startswith("/xapi"):
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _SHOWN
    if request.method == "OPTIONS":
        asked = request.headers.get("Access-Control-Request-Headers", "")
        taken = asked if _HEADER_NAMES.fullmatch(asked) else _ALWAYS_TAKEN
        response.headers["Access-Control-Allow-Headers"] = taken
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Max-Age"] = _DAY_S
    return response
