"""`/api/v1/forwarding`: targets that statements go to or come from, and their dead letters.

Who reads everything of a tenant may look at them; changing anything needs a key that may do
everything. Secrets are named by reference, and only those laid out for the tenant
(`lrs.forwarding.secret_refs`).
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request
from flask_smorest import Blueprint

from lrs.app import host
from lrs.errors import BadInput
from lrs.forwarding.choosing import check_choice
from lrs.forwarding.dead_letters import dead_ids, drop_dead, list_dead, retry_dead
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.plain import as_plain, letter_as_plain
from lrs.forwarding.standing import standings
from lrs.forwarding.targets import add_target, change_target, find_target, remove_target
from lrs.http.management import PREFIX, manager, tenant_asked
from lrs.xapi.times import instant_of

MOST = 500
"""Most dead letters in one page."""
_NUMBER = ma.validate.Range(1, 2**63 - 1)

blueprint = Blueprint(
    "forwarding",
    __name__,
    url_prefix=PREFIX,
    description="Statements to other stores and webhooks, and from other stores",
)


@blueprint.before_request  # type: ignore[untyped-decorator]  # flask-smorest is not typed
def _managers_only() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        manager()  # before the body is looked at


def _texts(said: str) -> Any:
    return ma.fields.List(ma.fields.String(), metadata={"description": said})


class TargetFields(ma.Schema):
    """What may be changed of a target."""

    name = ma.fields.String(metadata={"description": "What it is called."})
    url = ma.fields.String(metadata={"description": "Where to, or where from."})
    user = ma.fields.String(
        allow_none=True,
        metadata={"description": "Key at the other store; null: the secret is a token."},
    )
    secret = ma.fields.String(
        allow_none=True,
        metadata={"description": "Where its secret is: env:NAME or file:/PATH."},
    )
    verbs = _texts("Only with these verbs; none: any.")
    activities = _texts(
        "Only about these activities or within them; * at the end: all that begin so."
    )
    agents = _texts("Only of these actors: mailto:…, or the agent as JSON.")
    voided = ma.fields.Boolean(metadata={"description": "false: what is voided is left out."})
    enabled = ma.fields.Boolean(metadata={"description": "false: it pauses."})


class NewTarget(TargetFields):
    """A target to be made."""

    name = ma.fields.String(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf([str(k) for k in Kind]))
    url = ma.fields.String(required=True)
    since = ma.fields.String(
        metadata={
            "description": "From what was stored after this instant on.",
            "format": "date-time",
        }
    )


class TargetStanding(TargetFields):
    """A target and how it stands."""

    id = ma.fields.Integer(required=True)
    kind = ma.fields.String(required=True)
    state = ma.fields.String(
        validate=ma.validate.OneOf(["working", "failing", "refusing", "off"]), required=True
    )
    waiting = ma.fields.Integer(metadata={"description": "Statements not gone through yet."})
    dead = ma.fields.Integer(metadata={"description": "Dead letters."})
    created_at = ma.fields.String(metadata={"format": "date-time"})
    last_done_at = ma.fields.String(allow_none=True, metadata={"format": "date-time"})
    last_error = ma.fields.String(allow_none=True)
    next_at = ma.fields.String(
        allow_none=True,
        metadata={"format": "date-time", "description": "When what failed is tried again."},
    )


class DeadFilters(ma.Schema):
    """Which dead letters are listed."""

    limit = ma.fields.Integer(load_default=100, validate=ma.validate.Range(1, MOST))
    before = ma.fields.Integer(
        validate=_NUMBER, metadata={"description": "The id of the last one of the page before."}
    )
    target_id = ma.fields.Integer(
        validate=ma.validate.Range(1, 2**31 - 1), metadata={"description": "Only of this target."}
    )


class DeadLetterForm(ma.Schema):
    """A statement that a target refused."""

    id = ma.fields.Integer(required=True)
    target_id = ma.fields.Integer(required=True)
    target = ma.fields.String(required=True)
    statement = ma.fields.String(
        allow_none=True, metadata={"description": "Its id; null: it is here no more."}
    )
    tries = ma.fields.Integer(required=True)
    error = ma.fields.String(allow_none=True)
    made_at = ma.fields.String(metadata={"format": "date-time"})


class RetryRequest(ma.Schema):
    """What is to be sent again: ``ids``, or ``all``, of one target or of all."""

    ids = ma.fields.List(
        ma.fields.Integer(strict=True, validate=_NUMBER), validate=ma.validate.Length(1, MOST)
    )
    all = ma.fields.Boolean()
    target_id = ma.fields.Integer(strict=True, validate=ma.validate.Range(1, 2**31 - 1))


class RetriedForm(ma.Schema):
    """How many are sent again."""

    retried = ma.fields.Integer(required=True)


class DroppedLetters(ma.Schema):
    """How many dead letters there were to drop."""

    dropped = ma.fields.Integer(required=True)


@blueprint.route("/forwarding")  # type: ignore[untyped-decorator]
@blueprint.response(200, TargetStanding(many=True))  # type: ignore[untyped-decorator]
def targets() -> list[dict[str, Any]]:
    """List the tenant's targets, oldest first."""
    return _listed(tenant_asked())


def _listed(tenant_id: int) -> list[dict[str, Any]]:
    with host().database.read() as conn:
        return [as_plain(each) for each in standings(conn, tenant_id)]


def _one(tenant_id: int, id_: int) -> dict[str, Any]:
    return next(each for each in _listed(tenant_id) if each["id"] == id_)


@blueprint.route("/forwarding", methods=["POST"])  # type: ignore[untyped-decorator]
@blueprint.arguments(NewTarget)  # type: ignore[untyped-decorator]
@blueprint.response(201, TargetStanding)  # type: ignore[untyped-decorator]
def create(given: dict[str, Any]) -> dict[str, Any]:
    """Make a target; the same again is the one there is."""
    tenant_id = manager().tenant_id
    form = TargetForm(
        name=given["name"],
        kind=Kind(given["kind"]),
        url=given["url"],
        user_name=given.get("user"),
        secret_ref=given.get("secret"),
        choice=check_choice(**{k: given[k] for k in _FILTERS if k in given}),
        enabled=given.get("enabled", True),
    )
    since = _instant(given["since"]) if "since" in given else None
    made, _ = add_target(host().database, tenant_id, form, since=since, by_shell=False)
    return _one(tenant_id, made.id)


_FILTERS = ("verbs", "activities", "agents", "voided")


def _instant(text: str) -> int:
    found = instant_of(text)
    if found is None or not 0 <= found < 2**62:
        raise BadInput(f"{text!r} is no instant", where="since", hint="2026-01-31T09:30:00Z")
    return found


@blueprint.route("/forwarding/<int:id_>", methods=["PATCH"])  # type: ignore[untyped-decorator]
@blueprint.arguments(TargetFields)  # type: ignore[untyped-decorator]
@blueprint.response(200, TargetStanding)  # type: ignore[untyped-decorator]
def change(given: dict[str, Any], id_: int) -> dict[str, Any]:
    """Change a target."""
    tenant_id = manager().tenant_id
    database = host().database
    with database.read() as conn:
        was = find_target(conn, tenant_id, id_).form.choice
    filters = {k: given[k] if k in given else getattr(was, k) for k in _FILTERS}
    changes = {_FIELDS[k]: given[k] for k in _FIELDS if k in given}
    changes["choice"] = check_choice(**filters)
    change_target(database, tenant_id, id_, changes, by_shell=False)
    return _one(tenant_id, id_)


_FIELDS = {
    "name": "name",
    "url": "url",
    "user": "user_name",
    "secret": "secret_ref",
    "enabled": "enabled",
}


@blueprint.route("/forwarding/<int:id_>", methods=["DELETE"])  # type: ignore[untyped-decorator]
@blueprint.response(204)  # type: ignore[untyped-decorator]
def remove(id_: int) -> None:
    """Forget a target, with its dead letters; the statements stay."""
    remove_target(host().database, manager().tenant_id, id_)


@blueprint.route("/forwarding/dead")  # type: ignore[untyped-decorator]
@blueprint.arguments(DeadFilters, location="query")  # type: ignore[untyped-decorator]
@blueprint.response(200, DeadLetterForm(many=True))  # type: ignore[untyped-decorator]
def dead(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """List dead letters, the latest first."""
    tenant_id = tenant_asked()
    with host().database.read() as conn:
        return [letter_as_plain(each) for each in list_dead(conn, tenant_id, **asked)]


@blueprint.route("/forwarding/dead/retry", methods=["POST"])  # type: ignore[untyped-decorator]
@blueprint.arguments(RetryRequest)  # type: ignore[untyped-decorator]
@blueprint.response(200, RetriedForm)  # type: ignore[untyped-decorator]
def retry(asked: dict[str, Any]) -> dict[str, int]:
    """Send dead letters again."""
    tenant_id = manager().tenant_id
    if ("ids" in asked) == bool(asked.get("all")):
        raise BadInput("say which dead letters: ids, or all", where="ids", hint='{"ids": [1, 2]}')
    with host().database.write() as conn:
        ids = asked.get("ids") or dead_ids(conn, tenant_id, asked.get("target_id"))
        return {"retried": retry_dead(conn, tenant_id, ids)}


@blueprint.route("/forwarding/dead/<int:id_>", methods=["DELETE"])  # type: ignore[untyped-decorator]
@blueprint.response(200, DroppedLetters)  # type: ignore[untyped-decorator]
def drop(id_: int) -> dict[str, int]:
    """Let a dead letter go for good; the statement stays."""
    tenant_id = manager().tenant_id
    with host().database.write() as conn:
        return {"dropped": drop_dead(conn, tenant_id, [id_])}
