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

HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = structlog.get_logger("lrs.http")


def install(app: Flask) -> None:
    """Trace every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of the current request."""
    if "request_id" not in g:
        g.request_id = id_of(request.headers.get(HEADER))
    found: str = g.request_id
    return found


def id_of(given: str | None) -> str:
    """Return the id of a request: the one it was given on its way, or a new one."""
    return given if given and _ID.fullmatch(given) else secrets.token_hex(8)


def tell(
    method: str, route: str | None, status: int, began: float, key: str | None, request_id: str
) -> None:
    """Write the line about a request; ``began`` is of `time.perf_counter`."""
    _log.info(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round((time.perf_counter() - began) * 1000, 1),
        key=key,
        request_id=request_id,
    )


def _begin() -> None:
    g.begun = time.perf_counter()
    request_id()


def _end(response: Response) -> Response:
    response.headers[HEADER] = request_id()
    key = g.get("key")
    tell(
        request.method,
        # The rule, not the address: an address may hold what a caller put into it.
        request.url_rule.rule if request.url_rule else None,
        response.status_code,
        g.get("begun", time.perf_counter()),
        key.name if key else None,
        request_id(),
    )
    return response
