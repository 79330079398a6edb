"""The description of the documents, agents and activities of xAPI."""

from __future__ import annotations

from typing import Any

from lrs.http.openapi_parts import INSTANT, IRI, TEXT, UUID, VERSION, faults, query, told

_AGENT = query("agent", TEXT, "An agent, as JSON.", required=True)
_ACTIVITY = query("activityId", IRI, "The id of an activity.", required=True)
_SINCE = query("since", INSTANT, "In a list: changed after this instant.")
_REGISTRATION = query("registration", UUID, "The registration that the state belongs to.")
_ADDRESSED = {
    "state": [_ACTIVITY, _AGENT, _REGISTRATION],
    "agent": [_AGENT],
    "activity": [_ACTIVITY],
}
_NAMED = {
    "state": ("stateId", "state document"),
    "agent": ("profileId", "profile of an agent"),
    "activity": ("profileId", "profile of an activity"),
}
_CONDITIONS = [
    {"name": name, "in": "header", "schema": TEXT, "description": "An ETag, or *."}
    for name in ("If-Match", "If-None-Match")
]
_ANYTHING = {"required": True, "content": {"*/*": {"schema": {}}}}
_NAMES = {"type": "array", "items": TEXT}


def _documents(kind: str) -> dict[str, Any]:
    """Return the operations on one of the three resources of documents."""
    name, thing = _NAMED[kind]
    scope = "state" if kind == "state" else "profile"
    addressed = [VERSION, *_ADDRESSED[kind]]
    one = [*addressed, query(name, TEXT, f"Which {thing}.", required=True), *_CONDITIONS]
    some = [*addressed, query(name, TEXT, f"Which {thing}; without it, the list.")]
    refused = faults(400, 401, 403, 409, 412, 413, 503, 507)

    def writes(does: str) -> dict[str, Any]:
        return {
            "summary": f"{does} a {thing}",
            "description": f"Scope {scope}.",
            "parameters": one,
            "requestBody": _ANYTHING,
            "responses": {"204": told("Kept."), **refused},
        }

    return {
        "get": {
            "summary": f"Read a {thing}, or the list of them",
            "description": f"Scope {scope}, or all/read.",
            "parameters": [*some, _SINCE],
            "responses": {
                "200": told("The document, or names.", _NAMES),
                **faults(400, 401, 403, 404),
            },
        },
        "put": writes("Keep"),
        "post": writes("Keep, or merge JSON into,"),
        "delete": {
            "summary": f"Delete a {thing}",
            "description": f"Scope {scope}.",
            "parameters": some if kind == "state" else one,
            "responses": {"204": told("Gone."), **faults(400, 401, 403, 412)},
        },
    }


def _known(summary: str, parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {
            "summary": summary,
            "description": "Scope statements/read, profile, state or define.",
            "parameters": [VERSION, parameter],
            "responses": {"200": told("Never none.", {"type": "object"}), **faults(400, 401, 403)},
        }
    }


ROUTES = {
    "/xapi/activities/state": _documents("state"),
    "/xapi/agents/profile": _documents("agent"),
    "/xapi/activities/profile": _documents("activity"),
    "/xapi/agents": _known("What is known of an agent", _AGENT),
    "/xapi/activities": _known("What is known of an activity", _ACTIVITY),
}
