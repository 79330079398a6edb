"""The description of the xAPI routes in OpenAPI, written by hand: their rules are another standard's.

What a statement is, the xAPI specification says; here stands which address takes what, under which
key, and what it answers.
"""

from __future__ import annotations

from typing import Any

from lrs.access.scopes import SCOPES
from lrs.http import openapi_documents
from lrs.http.openapi_parts import (
    INSTANT,
    IRI,
    SWITCH,
    TEXT,
    UUID,
    VERSION,
    body,
    done,
    faults,
    query,
    told,
)

_SPECIFICATION = "https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md"

_STATEMENT = {"type": "object", "description": "A statement of xAPI 1.0.x or 2.0."}
_STATEMENTS = {"type": "array", "items": _STATEMENT}
_FILTERS = [
    query("statementId", UUID, "One statement, by its id."),
    query("voidedStatementId", UUID, "One voided statement, by its id."),
    query("agent", TEXT, "An agent or identified group, as JSON."),
    query("verb", IRI, "The id of a verb."),
    query("activity", IRI, "The id of an activity."),
    query("registration", UUID, "A registration."),
    query("related_activities", SWITCH, "Also where the activity stands in the context."),
    query("related_agents", SWITCH, "Also where the agent stands anywhere else."),
    query("since", INSTANT, "Stored after this instant."),
    query("until", INSTANT, "Stored at or before this instant."),
    query("limit", {"type": "integer", "minimum": 0}, "Most in one answer; 0: the server's own."),
    query(
        "format",
        {"type": "string", "enum": ["ids", "exact", "canonical"], "default": "exact"},
        "How much of agents, verbs and activities is given back.",
    ),
    query("attachments", SWITCH, "Answer as multipart/mixed, with the attachments."),
    query("ascending", SWITCH, "Oldest first."),
    query("more", TEXT, "The next page; from `more` of the page before."),
]
_POST = {
    "summary": "Store statements",
    "description": "Scope statements/write. Sending the same again is no fault.",
    "parameters": [VERSION],
    "requestBody": body({"oneOf": [_STATEMENT, _STATEMENTS]}),
    "responses": {
        "200": done("Stored: the ids, in order.", {"type": "array", "items": UUID}),
        "207": done(
            "Stored in part, under a key that is set so: in order, the id of what was stored and "
            "the fault of what was not.",
            {
                "type": "array",
                "items": {"oneOf": [UUID, {"$ref": "#/components/schemas/ErrorForm"}]},
            },
        ),
        **faults(400, 401, 403, 409, 413, 503, 507),
    },
}
_PUT = {
    "summary": "Store one statement under an id",
    "description": "Scope statements/write. Sending the same again is no fault.",
    "parameters": [
        VERSION,
        query("statementId", UUID, "The id of the statement.", required=True),
    ],
    "requestBody": body(_STATEMENT),
    "responses": {"204": done("Stored."), **faults(400, 401, 403, 409, 413, 503, 507)},
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
    "parameters": [VERSION, *_FILTERS],
    "responses": {
        "200": done("One statement, or a page of them.", {"oneOf": [_STATEMENT, _PAGE]}),
        **faults(400, 401, 403, 404, 503),
    },
}
_ABOUT = {
    "summary": "Which versions of xAPI are spoken",
    "security": [],
    "responses": {
        "200": told(
            "The versions.",
            {"type": "object", "properties": {"version": {"type": "array"}}},
        ),
        **faults(400),
    },
}


_TOKEN_ANSWER = {
    "type": "object",
    "properties": {
        "access_token": TEXT,
        "token_type": {"const": "Bearer"},
        "expires_in": {"type": "integer", "description": "Seconds."},
        "scope": TEXT,
    },
}
_TOKEN_FAULT = {
    "type": "object",
    "properties": {"error": TEXT, "error_description": TEXT},
}
_TOKEN = {
    "tags": ["OAuth 2.0"],
    "summary": "Get an access token for a key and its secret",
    "description": "RFC 6749, 4.4: the key is the client's id, its secret the client's secret, by "
    "HTTP Basic or in the form.",
    "security": [],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_id": TEXT,
                        "client_secret": TEXT,
                        "scope": {
                            "type": "string",
                            "description": "Scopes of the key, parted by spaces; none: all of "
                            "them. xapi:write, xapi:read and xapi:all are known too.",
                        },
                    },
                    "required": ["grant_type"],
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "The token.",
            "content": {"application/json": {"schema": _TOKEN_ANSWER}},
        },
        **{
            status: {
                "description": says,
                "content": {"application/json": {"schema": _TOKEN_FAULT}},
            }
            for status, says in (
                ("400", "invalid_request, unsupported_grant_type or invalid_scope."),
                ("401", "invalid_client."),
            )
        },
        **faults(403, 413, 429, 503),
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
    flow = {"tokenUrl": "/oauth/token", "scopes": dict(SCOPES)}
    spec.components.security_scheme(
        "token",
        {
            "type": "oauth2",
            "description": "An access token, for tools that post with nothing else.",
            "flows": {"clientCredentials": flow},
        },
    )
    spec.options["security"] = [{"key": []}, {"token": []}]


def describe_xapi(spec: Any) -> None:
    """Describe the xAPI routes."""
    documentation = {"description": "The specification", "url": _SPECIFICATION}
    spec.tag({"name": "xAPI", "externalDocs": documentation})
    routes = {
        "/xapi/statements": {"get": _GET, "post": _POST, "put": _PUT},
        "/xapi/about": {"get": _ABOUT},
        **openapi_documents.ROUTES,
    }
    # Beside the routes that flask-smorest finds, for it describes only blueprints of its own.
    spec.options["paths"] = {
        path: {method: {"tags": ["xAPI"], **op} for method, op in operations.items()}
        for path, operations in routes.items()
    }
    spec.options["paths"]["/oauth/token"] = {"post": _TOKEN}
