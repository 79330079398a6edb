"""A report as JSON: ``GET /api/v1/impact?path=…&outcome=…`` (`architecture.md`, "The commands")."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from lrs.app import host
from lrs.errors import NotFound
from lrs.http.management import PREFIX, tenant_asked

blueprint = Blueprint(
    "impact-api", __name__, url_prefix=f"{PREFIX}/impact", description="Reports of impact."
)


class Asked(ma.Schema):
    """Which report."""

    path = ma.fields.String(
        required=True,
        validate=ma.validate.Length(min=1),
        metadata={"description": "key of the learning path, or the IRI of one activity"},
    )
    outcome = ma.fields.String(
        required=True,
        validate=ma.validate.Length(min=1),
        metadata={"description": "key of the metric"},
    )


class Report(ma.Schema):
    """The answer in short; its other parts are told in `docs/grades.md`."""

    class Meta:
        """What else stands in the record goes out as it is."""

        unknown = ma.INCLUDE

    verdict = ma.fields.String(
        validate=ma.validate.OneOf(("improved", "worsened", "no_detectable_effect", "cannot_tell"))
    )
    grade = ma.fields.String(validate=ma.validate.OneOf("ABCD"))
    flags = ma.fields.List(ma.fields.String())
    sentence = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.String())


@blueprint.route("", methods=["GET"])  # type: ignore[untyped-decorator]
@blueprint.arguments(Asked, location="query")  # type: ignore[untyped-decorator]
@blueprint.alt_response(200, schema=Report)  # type: ignore[untyped-decorator]
def one_report(asked: dict[str, Any]) -> ResponseReturnValue:
    """Return the report of one path and one outcome, made anew when its data have changed."""
    from analytics import impact

    record = impact.stored_report(host().database, tenant_asked(), asked["path"], asked["outcome"])
    if record is None:
        raise NotFound(
            "there is no such report",
            where=f"{asked['path']}, {asked['outcome']}",
            hint="make it with `verkan impact PATH --outcome METRIC`",
        )
    return jsonify(record)
