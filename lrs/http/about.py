"""`GET /xapi/about`: which versions of xAPI this store speaks. Anybody may ask, in any version.

Ruled by 1.0.3, Communication 2.8 "About Resource", and IEEE 9274.1.1, 4.1.6.10.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request

from lrs.errors import BadInput
from lrs.http.versions import HEADER
from lrs.xapi.terms import SpecVersion
from lrs.xapi.versions import asked_version

blueprint = Blueprint("xapi_about", __name__, url_prefix="/xapi")

_NEWEST = ("2.0.0",)
_FORMER = ("1.0.3", "1.0.2", "1.0.1", "1.0.0")


@blueprint.get("/about")
def about() -> Response:
    """Say which versions are spoken.

    Who asks in 1.0 is told of 1.0 alone: clients of that time, such as tincan for Python, refuse
    the whole answer for a version they do not know.
    """
    try:
        g.version = asked_version(request.headers.get(HEADER))
    except BadInput:  # who does not know yet what is spoken here asks with anything, or nothing
        g.pop("version", None)
    former_only = g.get("version") == SpecVersion.V1_0
    spoken = _FORMER if former_only else _NEWEST + _FORMER
    return jsonify({"version": spoken, "extensions": {}})
