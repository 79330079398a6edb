"""An error as a page, for a reader with a browser; tools get the one JSON form instead."""

from __future__ import annotations

from flask import Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from lrs.errors import VerkanError

_TOOLS = ("/xapi", "/api", "/health", "/metrics")
"""Addresses that only tools ask for: they are always answered in JSON."""


def error_page(exc: Exception, request_id: str | None = None) -> Response | None:
    """Return the error as a page in the shell, or None when the caller is not a browser."""
    if not _wants_page():
        return None
    page = render_template(
        "web/error.html", status=_status(exc), where=_where(exc), request_id=request_id
    )
    return make_response(page, _status(exc))


def _wants_page() -> bool:
    if request.path.startswith(_TOOLS):
        return False
    # A browser names text/html itself; a tool's */* or nothing at all means JSON.
    return any(value == "text/html" for value, _ in request.accept_mimetypes)


def _status(exc: Exception) -> int:
    if isinstance(exc, VerkanError):
        return exc.status
    if isinstance(exc, HTTPException) and exc.code:
        return exc.code
    return 500


def _where(exc: Exception) -> str | None:
    return exc.where if isinstance(exc, VerkanError) else None
