"""What the descriptions of the xAPI routes share: parameters, answers, faults."""

from __future__ import annotations

from typing import Any

from lrs.http.consistency import HEADER as CONSISTENT_THROUGH
from lrs.http.versions import HEADER as VERSION_HEADER

UUID = {"type": "string", "format": "uuid"}
INSTANT = {"type": "string", "format": "date-time"}
SWITCH = {"type": "boolean", "default": False}
TEXT = {"type": "string"}
IRI = {"type": "string", "format": "iri"}


def query(name: str, schema: dict[str, Any], says: str, *, required: bool = False) -> Any:
    """Return a parameter of the address."""
    return {
        "name": name,
        "in": "query",
        "schema": schema,
        "description": says,
        "required": required,
    }


VERSION = {
    "name": VERSION_HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "examples": ["1.0.3", "2.0.0"]},
    "description": "The version of xAPI spoken; the answer carries the newest patch of it.",
}

_FAULTS = {
    400: "Something breaks a rule; `where` is the JSON path, the parameter or the header.",
    401: "No key, or one that is not valid.",
    403: "The key lacks the scope.",
    404: "There is none.",
    409: "It is there already with other content. Nothing of the request is stored.",
    412: "If-Match or If-None-Match does not hold. Nothing is changed.",
    413: "The body, or the number of statements, is over the limit.",
    429: "The key is over its limit. Try again after Retry-After.",
    503: "The database is away. Try again after Retry-After.",
    507: "The disk is full. Nothing of the request is stored.",
}


def faults(*statuses: int) -> dict[str, Any]:
    """Return what an address answers when something is wrong."""
    form = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorForm"}}}
    # Whoever must sign in has a key, and a key may have a limit.
    told = sorted({*statuses, *((429,) if 401 in statuses else ())})
    return {str(s): {"description": _FAULTS[s], "content": form} for s in told}


def done(says: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an answer of the statements."""
    answer = told(says, schema)
    answer["headers"][CONSISTENT_THROUGH] = {"schema": INSTANT}
    return answer


def told(says: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an answer, with the header that every answer below /xapi has."""
    answer: dict[str, Any] = {"description": says, "headers": {VERSION_HEADER: {"schema": TEXT}}}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def body(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what an address takes: JSON, or JSON with attachments after it."""
    mixed = {"schema": TEXT}
    return {
        "required": True,
        "content": {"application/json": {"schema": schema}, "multipart/mixed": mixed},
    }
