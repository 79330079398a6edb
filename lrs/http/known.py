"""`/xapi/agents` and `/xapi/activities`: what the store knows of an agent or an activity.

Ruled by 1.0.3, Communication 2.4 and 2.5, and IEEE 9274.1.1, 4.1.6.3 and 4.1.6.4. Neither answer
says that something was never heard of: a caller may not read that from here.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, jsonify

from lrs.access.ring import Key
from lrs.app import host
from lrs.errors import BadInput
from lrs.http.arguments import arguments
from lrs.http.signing_in import signed_in
from lrs.http.versions import negotiate
from lrs.store.definitions import known_definitions
from lrs.store.reading import recent_bodies
from lrs.xapi.agents import check_agent
from lrs.xapi.iris import is_iri
from lrs.xapi.persons import names_of, person_of

blueprint = Blueprint("xapi_known", __name__, url_prefix="/xapi")
blueprint.before_request(negotiate)


@blueprint.get("/agents")
def agents() -> Response:
    """Answer the Person that an agent is."""
    key = _reader()
    agent = _agent(_only("agent"))
    normal = check_agent(agent, "agent")
    bodies = recent_bodies(host().database, key.tenant_id, normal)
    names = set().union(*(names_of(normal, orjson.loads(body)) for body in bodies))
    return jsonify(person_of(agent, names))


@blueprint.get("/activities")
def activities() -> Response:
    """Answer the activity with everything statements told of it."""
    key = _reader()
    iri = _only("activityId")
    if not is_iri(iri):
        raise BadInput("activityId must be an IRI", where="activityId")
    known = known_definitions(host().database, key.tenant_id, [iri]).get(iri)
    activity: dict[str, Any] = {"objectType": "Activity", "id": iri}
    return jsonify(activity if known is None else {**activity, "definition": known})


def _reader() -> Key:
    return signed_in("statements/read", "profile", "state", "define")


# Communication 3.2: a parameter that the resource does not know is refused.
def _only(wanted: str) -> str:
    asked = arguments()
    for name in asked:
        if name != wanted:
            raise BadInput(f"this resource knows no parameter {name!r}", where=name)
    if not asked.get(wanted):
        raise BadInput(f"the parameter {wanted} is missing", where=wanted)
    return asked[wanted]


def _agent(value: str) -> dict[str, Any]:
    try:
        found: Any = orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise BadInput("agent must be an agent, as JSON", where="agent") from exc
    if not isinstance(found, dict):
        raise BadInput("agent must be an agent, as JSON", where="agent")
    return found
