"""The alternate request syntax of xAPI 1.0.3, and addresses that tools put together carelessly.

A browser that cannot send headers or PUT across sites posts a form instead, with the method in the
address and everything else in the form (1.0.3, Communication 1.3 "Alternate Request Syntax"). It is
turned into the request it stands for before the routes see it, so every route takes both. Version
2.0 has no such syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.exceptions import HTTPException

from lrs.errors import BadInput, VerkanError
from lrs.http.bodies import read_whole

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REFUSED = "verkan.refused"
"""Where in the environment the fault of a form is put, for the route to raise."""

METHODS = {"GET", "HEAD", "PUT", "POST", "DELETE"}
_HEADERS = {
    "accept",
    "accept-language",
    "authorization",
    "content-encoding",
    "content-length",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "x-experience-api-hash",
    "x-experience-api-version",
}
_SLASHES = re.compile(r"/{2,}")


class AlternateSyntax:
    """Stands before the application and hands it plain requests."""

    def __init__(self, app: WSGIApplication, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = plain_path(environ["PATH_INFO"])
        if path.startswith("/xapi"):
            environ["PATH_INFO"] = path
            method = alternate_method(environ)
            if method is not None:
                self._translate(environ, method)
        return self._app(environ, start_response)

    def _translate(self, environ: WSGIEnvironment, method: str) -> None:
        try:
            body = read_whole(environ, self._max_body_bytes)
            environ.update(translated(environ, method, body))
        except (VerkanError, HTTPException) as exc:
            environ[REFUSED] = exc


def plain_path(path: str) -> str:
    """Return the path without doubled slashes or one at its end: ``/xapi//statements/``."""
    return _SLASHES.sub("/", path).rstrip("/")


def alternate_method(environ: WSGIEnvironment) -> str | None:
    """Return the method that a request names in its address, if it does."""
    if environ["REQUEST_METHOD"] != "POST" or "method=" not in environ.get("QUERY_STRING", ""):
        return None
    asked = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    return asked.get("method")


def translated(environ: WSGIEnvironment, method: str, body: bytes) -> dict[str, Any]:
    """Return the entries of the environment that make the form into the request it stands for."""
    if method.upper() not in METHODS:
        raise BadInput(
            f"there is no method {method!r}", where="method", hint=f"one of {', '.join(METHODS)}"
        )
    if environ["QUERY_STRING"].count("=") > 1:
        raise BadInput(
            "beside a method in the address, everything else belongs into the form",
            where="method",
            hint="put the parameters into the form (1.0.3, Communication 1.3)",
        )
    if "application/x-www-form-urlencoded" not in environ.get("CONTENT_TYPE", "").lower():
        raise BadInput(
            "a request with its method in the address is a form",
            where="Content-Type",
            hint="send Content-Type: application/x-www-form-urlencoded",
        )
    form = _form(body)
    headers = {name: form.pop(name) for name in list(form) if name.lower() in _HEADERS}
    content = form.pop("content", None)
    if content is None and method.upper() in ("PUT", "POST"):
        raise BadInput("the form has no content", where="content", hint="add the body as `content`")
    return {
        # On the wire it is a POST, whose answer brings the body that its length announces.
        "REQUEST_METHOD": "GET" if method.upper() == "HEAD" else method.upper(),
        "QUERY_STRING": urlencode(form),
        "CONTENT_TYPE": "application/json" if content is not None else "",
        **_as_environ(headers),
        **_as_body((content or "").encode()),
    }


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=100,
        )
    except ValueError as exc:  # UnicodeDecodeError is one
        raise BadInput("the form cannot be read", where="body", hint="encode it in UTF-8") from exc
    form = dict(pairs)
    if len(form) < len(pairs):
        raise BadInput("the form names something twice", where="body", hint="name each once")
    version = next((v for k, v in form.items() if k.lower() == "x-experience-api-version"), "")
    if version.startswith("2"):
        raise BadInput(
            "xAPI 2.0 has no alternate request syntax",
            where="method",
            hint="send a plain request, or X-Experience-API-Version=1.0.3 in the form",
        )
    return form


def _as_environ(headers: dict[str, str]) -> dict[str, str]:
    # The length is that of the content, which `_as_body` gives.
    names = {name: name.upper().replace("-", "_") for name in headers}
    return {
        name if name == "CONTENT_TYPE" else f"HTTP_{name}": headers[given]
        for given, name in names.items()
        if name != "CONTENT_LENGTH"
    }


def _as_body(content: bytes) -> dict[str, Any]:
    return {"wsgi.input": BytesIO(content), "CONTENT_LENGTH": str(len(content))}
