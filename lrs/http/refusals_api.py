"""`/api/v1/refusals`: what senders posted and was refused is listed, shown, replayed and dropped.

Who reads everything of a tenant may look at what was refused of it; replaying and dropping need a
key that may do everything.
"""

from __future__ import annotations

import base64
from typing import Any

import marshmallow as ma
from flask import request
from flask_smorest import Blueprint

from lrs.app import host
from lrs.errors import BadInput
from lrs.http.management import PREFIX, manager, tenant_asked
from lrs.store.refusals import (
    ListedRefusal,
    WholeRefusal,
    count_refusals,
    drop_refusals,
    list_refusals,
    refusal,
    waiting_ids,
)
from lrs.store.repaired import count_repairs
from lrs.store.replaying import Replayed, replay
from lrs.xapi.times import instant
from lrs.xapi.versions import ANSWER

MOST = 500
"""Most refusals in one page, and most replayed by one request."""

blueprint = Blueprint(
    "refusals", __name__, url_prefix=PREFIX, description="What was posted and refused"
)


@blueprint.before_request  # type: ignore[untyped-decorator]  # flask-smorest is not typed
def _managers_only() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        manager()  # before the body is looked at


class RefusalFilters(ma.Schema):
    """Which refusals are listed."""

    limit = ma.fields.Integer(load_default=100, validate=ma.validate.Range(1, MOST))
    before = ma.fields.Integer(
        validate=ma.validate.Range(1, 2**63 - 1),
        metadata={"description": "The id of the last one of the page before."},
    )
    code = ma.fields.String(metadata={"description": "Only with this code."})
    key_id = ma.fields.Integer(
        validate=ma.validate.Range(1, 2**31 - 1),
        metadata={"description": "Only of this key."},
    )
    waiting = ma.fields.Boolean(
        load_default=True, metadata={"description": "false: those that were replayed, too."}
    )


class RefusalForm(ma.Schema):
    """A refusal in a list."""

    id = ma.fields.Integer(required=True)
    key_id = ma.fields.Integer(allow_none=True, required=True)
    key_name = ma.fields.String(allow_none=True, required=True)
    refused_at = ma.fields.Function(
        lambda one: instant(one.refused_at), metadata={"type": "string", "format": "date-time"}
    )
    origin = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    path = ma.fields.String(allow_none=True, required=True)
    message = ma.fields.String(required=True)
    version = ma.fields.Function(
        lambda one: None if one.version is None else ANSWER[one.version],
        metadata={"type": ["string", "null"]},
    )
    size = ma.fields.Integer(required=True, metadata={"description": "Bytes; 0: only a note."})
    replayed_at = ma.fields.Function(
        lambda one: None if one.replayed_at is None else instant(one.replayed_at),
        metadata={"type": ["string", "null"], "format": "date-time"},
    )


class RefusalsPage(ma.Schema):
    """A page of refusals, and how much there is."""

    waiting = ma.fields.Integer(metadata={"description": "How many wait, whatever the filters."})
    repaired = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Integer(),
        metadata={"description": "Statements that lenient keys had repaired, by rule."},
    )
    refusals = ma.fields.List(ma.fields.Nested(RefusalForm))


class WholeForm(ma.Schema):
    """A refusal with its bytes."""

    refusal = ma.fields.Nested(RefusalForm, attribute="listed")
    body = ma.fields.Function(
        lambda one: base64.b64encode(one.body).decode(),
        metadata={"type": "string", "format": "byte", "description": "As received, in base64."},
    )


class ReplayRequest(ma.Schema):
    """What is to be replayed: ``ids``, or ``all`` that waits, a page at a time."""

    ids = ma.fields.List(
        ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 2**63 - 1)),
        validate=ma.validate.Length(1, MOST),
    )
    all = ma.fields.Boolean(
        metadata={"description": f"The oldest {MOST} that wait, after `after`."}
    )
    after = ma.fields.Integer(
        load_default=0,
        strict=True,
        validate=ma.validate.Range(0, 2**63 - 1),
        metadata={"description": "With `all`: only those of a higher id."},
    )
    lenient = ma.fields.Boolean(
        load_default=False, metadata={"description": "Repair the known faults of senders."}
    )


class FaultForm(ma.Schema):
    """Why a refusal waits still."""

    code = ma.fields.String()
    message = ma.fields.String()
    where = ma.fields.String(allow_none=True)


class ReplayedForm(ma.Schema):
    """What became of one refusal."""

    id = ma.fields.Integer(required=True)
    stored = ma.fields.Integer(required=True)
    duplicate = ma.fields.Integer(required=True)
    fault = ma.fields.Nested(FaultForm, allow_none=True)


class DroppedForm(ma.Schema):
    """How many refusals there were to drop."""

    dropped = ma.fields.Integer(required=True)


@blueprint.route("/refusals")  # type: ignore[untyped-decorator]
@blueprint.arguments(RefusalFilters, location="query")  # type: ignore[untyped-decorator]
@blueprint.response(200, RefusalsPage)  # type: ignore[untyped-decorator]
def refusals(asked: dict[str, Any]) -> dict[str, Any]:
    """List what was refused, the latest first."""
    tenant_id = tenant_asked()
    with host().database.read() as conn:
        found: list[ListedRefusal] = list_refusals(conn, tenant_id, **asked)
        return {
            "waiting": count_refusals(conn, tenant_id),
            "repaired": count_repairs(conn, tenant_id),
            "refusals": found,
        }


@blueprint.route("/refusals/<int:id_>")  # type: ignore[untyped-decorator]
@blueprint.response(200, WholeForm)  # type: ignore[untyped-decorator]
def show(id_: int) -> WholeRefusal:
    """Show one refusal, with its bytes."""
    tenant_id = tenant_asked()
    with host().database.read() as conn:
        return refusal(conn, tenant_id, id_)


@blueprint.route("/refusals/replay", methods=["POST"])  # type: ignore[untyped-decorator]
@blueprint.arguments(ReplayRequest)  # type: ignore[untyped-decorator]
@blueprint.response(200, ReplayedForm(many=True))  # type: ignore[untyped-decorator]
def replay_(asked: dict[str, Any]) -> list[Replayed]:
    """Store refusals after all, each with what came in the same request."""
    tenant_id = manager().tenant_id
    here = host()
    with here.database.read() as conn:
        ids = _wanted(asked, waiting_ids(conn, tenant_id) if asked.get("all") else [])
    return replay(here.database, here.settings, tenant_id, ids, lenient=asked["lenient"])


def _wanted(asked: dict[str, Any], waiting: list[int]) -> list[int]:
    if ("ids" in asked) == bool(asked.get("all")):
        raise BadInput("say which refusals: ids, or all", where="ids", hint='{"ids": [1, 2]}')
    if "ids" in asked:
        found: list[int] = asked["ids"]
        return found
    return [each for each in waiting if each > asked["after"]][:MOST]


@blueprint.route("/refusals/<int:id_>", methods=["DELETE"])  # type: ignore[untyped-decorator]
@blueprint.response(200, DroppedForm)  # type: ignore[untyped-decorator]
def drop(id_: int) -> dict[str, int]:
    """Delete a refusal for good."""
    tenant_id = manager().tenant_id
    with host().database.write() as conn:
        return {"dropped": drop_refusals(conn, tenant_id, [id_])}
