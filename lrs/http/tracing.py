"""Gives each request an id, and writes one line about it when it is answered.

The id is in the answer (`X-Request-ID`), in the form of every error and in the log, so that who
reports a fault can be helped. A proxy's id is kept when it looks like one.
"""

from __future__ import annotations

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = structlog.get_logger("lrs.http")


def install(app: Flask) -> None:
    """Trace every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of the current request."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
    found: str = g.request_id
    return found


def _begin() -> None:
    g.begun = time.perf_counter()
    request_id()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    key = g.get("key")
    _log.info(
        "request",
        method=request.method,
        # The rule, not the address: an address may hold what a caller put into it.
        route=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        ms=round((time.perf_counter() - g.get("begun", time.perf_counter())) * 1000, 1),
        key=key.name if key else None,
        request_id=request_id(),
    )
    return response
