"""The description of the xAPI routes in OpenAPI, written by hand: their rules are another standard's.

What a statement is, the xAPI specification says; here stands which address takes what, under which
key, and what it answers.
"""

from __future__ import annotations

from typing import Any

from lrs.http.consistency import HEADER as CONSISTENT_THROUGH
from lrs.http.versions import HEADER as VERSION

_SPECIFICATION = "https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md"

_STATEMENT = {"type": "object", "description": "A statement of xAPI 1.0.x or 2.0."}
_STATEMENTS = {"type": "array", "items": _STATEMENT}
_UUID = {"type": "string", "format": "uuid"}
_INSTANT = {"type": "string", "format": "date-time"}
_SWITCH = {"type": "boolean", "default": False}


def _query(name: str, schema: dict[str, Any], says: str, *, required: bool = False) -> Any:
    return {
        "name": name,
        "in": "query",
        "schema": schema,
        "description": says,
        "required": required,
    }


_VERSION = {
    "name": VERSION,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "examples": ["1.0.3", "2.0.0"]},
    "description": "The version of xAPI spoken; the answer carries the newest patch of it.",
}
_FILTERS = [
    _query("statementId", _UUID, "One statement, by its id."),
    _query("voidedStatementId", _UUID, "One voided statement, by its id."),
    _query("agent", {"type": "string"}, "An agent or identified group, as JSON."),
    _query("verb", {"type": "string", "format": "iri"}, "The id of a verb."),
    _query("activity", {"type": "string", "format": "iri"}, "The id of an activity."),
    _query("registration", _UUID, "A registration."),
    _query("related_activities", _SWITCH, "Also where the activity stands in the context."),
    _query("related_agents", _SWITCH, "Also where the agent stands anywhere else."),
    _query("since", _INSTANT, "Stored after this instant."),
    _query("until", _INSTANT, "Stored at or before this instant."),
    _query("limit", {"type": "integer", "minimum": 0}, "Most in one answer; 0: the server's own."),
    _query(
        "format",
        {"type": "string", "enum": ["ids", "exact", "canonical"], "default": "exact"},
        "How much of agents, verbs and activities is given back.",
    ),
    _query("attachments", _SWITCH, "Answer as multipart/mixed, with the attachments."),
    _query("ascending", _SWITCH, "Oldest first."),
    _query("more", {"type": "string"}, "The next page; from `more` of the page before."),
]
_FAULTS = {
    400: "Something breaks a rule; `where` is the JSON path, the parameter or the header.",
    401: "No key, or one that is not valid.",
    403: "The key lacks the scope.",
    404: "There is no such statement.",
    409: "The id is taken by a statement with other content. Nothing of the request is stored.",
    413: "The body, or the number of statements, is over the limit.",
    503: "The database is away. Try again after Retry-After.",
    507: "The disk is full. Nothing of the request is stored.",
}


def _faults(*statuses: int) -> dict[str, Any]:
    form = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorForm"}}}
    return {str(s): {"description": _FAULTS[s], "content": form} for s in statuses}


def _done(says: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {CONSISTENT_THROUGH: {"schema": _INSTANT}, VERSION: {"schema": {"type": "string"}}}
    answer: dict[str, Any] = {"description": says, "headers": headers}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_POST = {
    "summary": "Store statements",
    "description": "Scope statements/write. Sending the same again is no fault.",
    "parameters": [_VERSION],
    "requestBody": _body({"oneOf": [_STATEMENT, _STATEMENTS]}),
    "responses": {
        "200": _done("Stored: the ids, in order.", {"type": "array", "items": _UUID}),
        **_faults(400, 401, 403, 409, 413, 503, 507),
    },
}
_PUT = {
    "summary": "Store one statement under an id",
    "description": "Scope statements/write. Sending the same again is no fault.",
    "parameters": [
        _VERSION,
        _query("statementId", _UUID, "The id of the statement.", required=True),
    ],
    "requestBody": _body(_STATEMENT),
    "responses": {"204": _done("Stored."), **_faults(400, 401, 403, 409, 413, 503, 507)},
}
_PAGE = {
    "type": "object",
    "properties": {
        "statements": _STATEMENTS,
        "more": {"type": "string", "description": "Address of the next page; empty: none."},
    },
}
_GET = {
    "summary": "Read statements",
    "description": "Scope statements/read, or statements/read/mine for those of the same authority.",
    "parameters": [_VERSION, *_FILTERS],
    "responses": {
        "200": _done("One statement, or a page of them.", {"oneOf": [_STATEMENT, _PAGE]}),
        **_faults(400, 401, 403, 404, 503),
    },
}
_ABOUT = {
    "summary": "Which versions of xAPI are spoken",
    "security": [],
    "responses": {
        "200": _done(
            "The versions.",
            {"type": "object", "properties": {"version": {"type": "array"}}},
        )
    },
}


def describe_security(spec: Any) -> None:
    """Say how a caller signs in."""
    spec.components.security_scheme(
        "key",
        {
            "type": "http",
            "scheme": "basic",
            "description": "The key as user name, its secret as password.",
        },
    )
    spec.options["security"] = [{"key": []}]


def describe_xapi(spec: Any) -> None:
    """Describe the xAPI routes."""
    documentation = {"description": "The specification", "url": _SPECIFICATION}
    spec.tag({"name": "xAPI", "externalDocs": documentation})
    routes = {
        "/xapi/statements": {"get": _GET, "post": _POST, "put": _PUT},
        "/xapi/about": {"get": _ABOUT},
    }
    # Beside the routes that flask-smorest finds, for it describes only blueprints of its own.
    spec.options["paths"] = {
        path: {method: {"tags": ["xAPI"], **op} for method, op in operations.items()}
        for path, operations in routes.items()
    }
