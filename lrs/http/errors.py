"""Turns every fault of a request into the one JSON form (`lrs.errors`), whoever raised it.

Flask's and flask-smorest's own faults take the same form, so a caller has one thing to read. What
we did not foresee is told to the caller as ours, without its message, and to the log by its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from lrs import errors
from lrs.errors import VerkanError
from lrs.http.signing_in import challenge
from lrs.http.tracing import request_id
from lrs.log import fault_fields

_log = structlog.get_logger("lrs.http")

_BY_STATUS: dict[int, type[VerkanError]] = {
    kind.status: kind
    for kind in (
        errors.BadInput,
        errors.NotSignedIn,
        errors.NotAllowed,
        errors.NotFound,
        errors.NotThisMethod,
        errors.Conflict,
        errors.PreconditionFailed,
        errors.TooLarge,
        errors.StoreUnavailable,
    )
}
_MESSAGES = {
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "the body is larger than this server takes",
}


def install(app: Flask) -> None:
    """Answer every fault of the application in the one form."""
    app.register_error_handler(VerkanError, _ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unforeseen)


def answer(error: VerkanError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the error as an answer."""
    g.fault = error  # `lrs.http.refusing` keeps what was refused, with the reason
    body = json.dumps(error.as_json(request_id()), ensure_ascii=False)
    # A message may quote a lone surrogate of the sender's; it goes out as a question mark.
    response = Response(body.encode("utf-8", "replace"), error.status, mimetype="application/json")
    response.headers.extend(headers or {})
    return response


def _ours(error: VerkanError) -> Response:
    if error.status >= 500:
        _log.error("request_failed", code=error.code, request_id=request_id())
    headers: dict[str, str] = {}
    told = challenge(error)
    if told is not None:
        headers["WWW-Authenticate"] = told
    if isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    elif error.status in errors.RETRY_AFTER_S:
        headers["Retry-After"] = str(errors.RETRY_AFTER_S[error.status])
    return _as_page(error) or answer(error, headers)


def _of_http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect that the router raised
        kept = error.get_response(request.environ)
        return Response(kept.get_data(), kept.status, kept.headers)
    if error.code == 422:
        return answer(_from_schema(error))
    kind = _BY_STATUS.get(error.code, errors.BadInput if error.code < 500 else errors.Internal)
    told = kind(_MESSAGES.get(error.code) or (error.description or error.name))
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        told.hint = f"it takes: {allowed}"
        return answer(told, {"Allow": allowed})
    response = _as_page(told) or answer(told)
    if told.status != error.code and error.code >= 400:
        response.status_code = error.code
    return response


def _from_schema(error: HTTPException) -> VerkanError:
    """Return what a schema of the management API found wrong: the first fault, with its place."""
    where: list[str] = []
    found: Any = getattr(error, "data", {}).get("messages", {})
    while isinstance(found, Mapping) and found:
        name, found = next(iter(found.items()))
        where.append(str(name))
    said = found[0] if isinstance(found, list) and found else "it breaks a rule of this address"
    return errors.BadInput(
        str(said), where=".".join(where) or None, hint="/api/openapi.json tells what is taken"
    )


def _unforeseen(error: Exception) -> Response:
    _log.error("request_crashed", request_id=request_id(), **fault_fields(error))
    _log.debug("request_crashed", request_id=request_id(), exc_info=error)
    told = errors.Internal(
        "the server made a mistake", hint="report it with the request id; the log has it too"
    )
    return _as_page(told) or answer(told)


def _as_page(error: VerkanError) -> Response | None:
    """Return the error as a page when a browser asked for one, outside the APIs."""
    from lrs.web.errors import error_page

    return error_page(error, request_id())
