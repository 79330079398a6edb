"""Which version of xAPI a request speaks: the header `X-Experience-API-Version`.

Ruled by 1.0.3, Communication 3.3 "Versioning", and IEEE 9274.1.1, 4.1.6.2. Every request but those
for `about` names its version, and the answer carries the newest patch of the version asked for.
"""

from __future__ import annotations

from flask import Flask, Response, g, request

from lrs.errors import BadInput
from lrs.http.alternate import REFUSED
from lrs.xapi.terms import SpecVersion
from lrs.xapi.versions import ANSWER, asked_version

HEADER = "X-Experience-API-Version"


def install(app: Flask) -> None:
    """Put the version on every answer below /xapi, faults included."""
    app.after_request(_named)


def negotiate() -> None:
    """Take the version the request asks for; refuse one that names none, or that we do not speak."""
    refused = request.environ.get(REFUSED)
    if refused is not None:
        raise refused
    if request.method != "OPTIONS":
        g.version = asked_version(_asked())


def _asked() -> str | None:
    """Return the version named; some clients name it twice, or forget it on the way to `more`."""
    header = request.headers.get(HEADER)
    if header is None:
        return ANSWER[SpecVersion.V1_0] if "more" in request.args else None
    named = {each.strip() for each in header.split(",")}
    return named.pop() if len(named) == 1 else header


def version() -> SpecVersion:
    """Return the version of the current request."""
    found: SpecVersion = g.version
    return found


def _answered() -> str:
    if "version" in g:
        return ANSWER[version()]
    # No route took the request: it was refused before, or there is none at the address.
    header = _asked()
    if header is None:
        return ANSWER[SpecVersion.V1_0]  # who names none knows no later one
    try:
        return ANSWER[asked_version(header)]
    except BadInput:
        return ANSWER[SpecVersion.V2_0]


def _named(response: Response) -> Response:
    if request.path.startswith("/xapi"):
        response.headers[HEADER] = _answered()
        response.headers.setdefault("Cache-Control", "no-store")
    return response
