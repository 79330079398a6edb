"""Plans as JSON: ``GET /api/v1/plans``, all of them or that of one ``path`` (`docs/plans.md`)."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from lrs.app import host
from lrs.http.management import PREFIX, tenant_asked

blueprint = Blueprint(
    "plans-api", __name__, url_prefix=f"{PREFIX}/plans", description="Plans of measurement."
)


class Asked(ma.Schema):
    """Whose plan."""

    path = ma.fields.String(
        validate=ma.validate.Length(min=1),
        metadata={"description": "key of the learning path, or the IRI of one activity"},
    )


class Plan(ma.Schema):
    """A plan with its history and its draw, as `verkan plans show --json` prints it."""

    path = ma.fields.String()
    status = ma.fields.String(validate=ma.validate.OneOf(("draft", "locked", "changed")))
    locked_at = ma.fields.String(allow_none=True)
    missing = ma.fields.List(ma.fields.String())
    plan = ma.fields.Dict()
    history = ma.fields.List(ma.fields.Dict())
    draw = ma.fields.Dict(allow_none=True)


@blueprint.route("", methods=["GET"])  # type: ignore[untyped-decorator]
@blueprint.arguments(Asked, location="query")  # type: ignore[untyped-decorator]
@blueprint.alt_response(200, schema=Plan(many=True))  # type: ignore[untyped-decorator]
def all_plans(asked: dict[str, Any]) -> ResponseReturnValue:
    """Return every plan, or that of one path."""
    from analytics.plans.overview import overview, overviews

    database, tenant = host().database, tenant_asked()
    if "path" in asked:
        return jsonify([overview(database, tenant, asked["path"])])
    return jsonify(overviews(database, tenant))
