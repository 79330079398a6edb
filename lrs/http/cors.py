"""Lets learning content in a browser post to the xAPI routes.

Content is played from a learning platform's address and posts straight to the store, so any origin
may, unless the key names those that may use it. That gives nothing away: these routes know a caller
by the key in the `Authorization` header alone, which a page must hold already, never by a cookie or
a password the browser remembers. For the same reason credentials of the browser's own are not
allowed in (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials). The other routes stay
closed.

An answer to a key is opened to the key's origins; one that no key was shown for, such as to a
preflight, to the origins of all keys together. A request of another origin than its key's is
refused where the key is known (`lrs.http.signing_in`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from flask import Flask, Response, g, request

from lrs.access.origins import ANY
from lrs.access.ring import Key
from lrs.app import host
from lrs.errors import VerkanError

_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_ALWAYS_TAKEN = "Authorization, Content-Type, X-Experience-API-Version, If-Match, If-None-Match"
_SHOWN = (
    "ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through, "
    "X-Request-ID"
)
_HEADER_NAMES = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1000}")
_DAY_S = "86400"


def install(app: Flask) -> None:
    """Open every answer below /xapi, faults included, to pages of the origins that may."""
    app.after_request(_opened)


def _opened(response: Response) -> Response:
    if not request.path.startswith("/xapi"):
        return response
    origins = _origins()
    if origins is ANY:
        response.headers["Access-Control-Allow-Origin"] = "*"
    else:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = _SHOWN
    if request.method == "OPTIONS":
        asked = request.headers.get("Access-Control-Request-Headers", "")
        taken = asked if _HEADER_NAMES.fullmatch(asked) else _ALWAYS_TAKEN
        response.headers["Access-Control-Allow-Headers"] = taken
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Max-Age"] = _DAY_S
    return response


def _origins() -> Collection[str] | None:
    key: Key | None = g.get("key")
    if key is not None:
        return key.options.origins or ANY
    try:
        return host().origins.origins()
    except VerkanError:  # the database is away, which every page may learn
        return ANY
