"""`/api/v1/keys`: the keys of a tenant are listed, made, changed, rotated and taken back.

Who reads everything of a tenant may list its keys; making and changing them needs a key that may do
everything. A secret is in the answer that makes it and nowhere else.
"""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import request
from flask_smorest import Blueprint

from lrs.access.expiring import expiry, length_us
from lrs.access.key_options import KeyOptions
from lrs.access.keys import (
    ListedKey,
    MadeKey,
    list_keys,
    make_key,
    revoke_key,
    update_key,
)
from lrs.access.ring import now_us
from lrs.access.rotating import rotate_key
from lrs.access.scopes import SCOPES
from lrs.access.tenants import tenant_name
from lrs.app import host
from lrs.http.management import PREFIX, manager, tenant_asked
from lrs.xapi.wire import instant

blueprint = Blueprint("keys", __name__, url_prefix=PREFIX, description="Keys that tools post with")


@blueprint.before_request  # type: ignore[untyped-decorator]  # flask-smorest is not typed
def _managers_only() -> None:
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        manager()  # before the body is looked at


class KeySettings(ma.Schema):
    """What may be changed of a key."""

    lenient = ma.fields.Boolean(metadata={"description": "Repair known faults of senders."})
    # A schema has an attribute of that name; marshmallow keeps its fields apart from those.
    partial = ma.fields.Boolean(  # type: ignore[assignment]
        metadata={"description": "Store the good statements of a batch."}
    )
    deduplicate = ma.fields.Boolean(
        metadata={"description": "Store a statement without id once, however often it is sent."}
    )
    origins = ma.fields.List(
        ma.fields.String(),
        metadata={"description": "Web origins that may use it from a browser; none: any."},
    )
    limit_per_minute = ma.fields.Integer(
        allow_none=True, strict=True, metadata={"description": "Requests a minute; null: no limit."}
    )


class NewKey(KeySettings):
    """A key to be made."""

    name = ma.fields.String(required=True, metadata={"description": "The tool that will use it."})
    scopes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(list(SCOPES))), load_default=lambda: ["all"]
    )
    expires_in = ma.fields.String(metadata={"description": "How long it works: 12h, 90d, 4w."})
    expires_at = ma.fields.String(
        metadata={"description": "The last day it works, or the instant it ends."}
    )


class KeyRotation(ma.Schema):
    """How a key is rotated."""

    overlap = ma.fields.String(
        load_default="7d", metadata={"description": "How long the old key goes on working."}
    )


class MadeForm(ma.Schema):
    """A key just made, with its secret, which is told this once."""

    key = ma.fields.String(required=True)
    secret = ma.fields.String(required=True)
    endpoint = ma.fields.String(required=True)


def _instant(name: str) -> ma.fields.Function:
    def told(key: ListedKey) -> str | None:
        value: int | None = getattr(key, name)
        return None if value is None else instant(value)

    kind = {"type": ["string", "null"], "format": "date-time"}
    return ma.fields.Function(told, metadata=kind)


class KeyForm(ma.Schema):
    """A key as an administrator sees it."""

    name = ma.fields.String(required=True)
    key = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    state = ma.fields.Function(
        lambda key: key.state(),
        metadata={"type": "string", "enum": ["valid", "expired", "revoked"]},
    )
    created_at = _instant("created_at")
    expires_at = _instant("expires_at")
    revoked_at = _instant("revoked_at")
    replaces = ma.fields.String(allow_none=True)
    replaced_by = ma.fields.String(allow_none=True)
    lenient = ma.fields.Boolean(attribute="options.lenient")
    partial = ma.fields.Boolean(attribute="options.partial")  # type: ignore[assignment]
    deduplicate = ma.fields.Boolean(attribute="options.deduplicate")
    origins = ma.fields.List(ma.fields.String(), attribute="options.origins")
    limit_per_minute = ma.fields.Integer(attribute="options.limit_per_minute", allow_none=True)


@blueprint.route("/keys")  # type: ignore[untyped-decorator]
@blueprint.response(200, KeyForm(many=True))  # type: ignore[untyped-decorator]
def keys() -> list[ListedKey]:
    """List the tenant's keys, oldest first."""
    return _listed(tenant_asked())


def _listed(tenant_id: int) -> list[ListedKey]:
    database = host().database
    return list_keys(database, tenant_name(database, tenant_id))


def _one(tenant_id: int, key: str) -> ListedKey:
    return next(each for each in _listed(tenant_id) if each.key == key)


@blueprint.route("/keys", methods=["POST"])  # type: ignore[untyped-decorator]
@blueprint.arguments(NewKey)  # type: ignore[untyped-decorator]
@blueprint.response(201, MadeForm)  # type: ignore[untyped-decorator]
def create(given: dict[str, Any]) -> MadeKey:
    """Make a key."""
    tenant_id = manager().tenant_id
    ends = expiry(now_us(), after=given.pop("expires_in", None), at=given.pop("expires_at", None))
    name, scopes = given.pop("name"), given.pop("scopes")
    here = host()
    return make_key(
        here.database,
        here.settings,
        name=name,
        scopes=scopes,
        tenant=tenant_name(here.database, tenant_id),
        options=KeyOptions(**{**given, "origins": tuple(given.get("origins", ()))}),
        expires_at=ends,
    )


@blueprint.route("/keys/<key>", methods=["PATCH"])  # type: ignore[untyped-decorator]
@blueprint.arguments(KeySettings)  # type: ignore[untyped-decorator]
@blueprint.response(200, KeyForm)  # type: ignore[untyped-decorator]
def change(given: dict[str, Any], key: str) -> ListedKey:
    """Change how a key's requests are taken."""
    tenant_id = manager().tenant_id
    if "limit_per_minute" in given:
        given["limit_per_minute"] = given["limit_per_minute"] or 0
    update_key(host().database, key, tenant_id=tenant_id, **given)
    return _one(tenant_id, key)


@blueprint.route("/keys/<key>/rotation", methods=["POST"])  # type: ignore[untyped-decorator]
@blueprint.arguments(KeyRotation)  # type: ignore[untyped-decorator]
@blueprint.response(201, MadeForm)  # type: ignore[untyped-decorator]
def rotate(given: dict[str, Any], key: str) -> MadeKey:
    """Make a key's successor."""
    tenant_id = manager().tenant_id
    overlap_us = length_us(given["overlap"], "overlap")
    here = host()
    return rotate_key(here.database, here.settings, key, overlap_us=overlap_us, tenant_id=tenant_id)


@blueprint.route("/keys/<key>", methods=["DELETE"])  # type: ignore[untyped-decorator]
@blueprint.response(200, KeyForm)  # type: ignore[untyped-decorator]
def revoke(key: str) -> ListedKey:
    """Take a key back; a server refuses it within seconds."""
    tenant_id = manager().tenant_id
    revoke_key(host().database, key, tenant_id=tenant_id)
    return _one(tenant_id, key)
