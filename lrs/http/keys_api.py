"""`GET /api/v1/keys`: the keys of a tenant, never their secrets."""

from __future__ import annotations

import marshmallow as ma
import sqlalchemy as sa
from flask_smorest import Blueprint

from lrs.access.keys import ListedKey, list_keys
from lrs.app import host
from lrs.http.management import PREFIX, tenant_asked
from lrs.store.schema import tenant
from lrs.xapi.wire import instant

blueprint = Blueprint("keys", __name__, url_prefix=PREFIX, description="Keys that tools post with")


class KeyForm(ma.Schema):
    """A key as an administrator sees it."""

    name = ma.fields.String(required=True)
    key = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    created_at = ma.fields.Function(lambda key: instant(key.created_at))
    revoked_at = ma.fields.Function(lambda key: key.revoked_at and instant(key.revoked_at))


@blueprint.route("/keys")  # type: ignore[untyped-decorator]  # flask-smorest is not typed
@blueprint.response(200, KeyForm(many=True))  # type: ignore[untyped-decorator]
def keys() -> list[ListedKey]:
    """List the tenant's keys, oldest first."""
    number = tenant_asked()
    database = host().database
    with database.read() as conn:
        name = conn.execute(sa.select(tenant.c.name).where(tenant.c.id == number)).scalar_one()
    return list_keys(database, name)
