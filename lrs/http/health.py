"""`/health/live` says that the process answers; `/health/ready` that the database does too."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from lrs.app import host
from lrs.store.schema import tenant

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Answer, which is all that is asked."""
    return jsonify({"status": "ok"})


@blueprint.get("/ready")
def ready() -> Response:
    """Read from the database; 503 in the one form when it is away."""
    with host().database.read() as conn:
        conn.execute(sa.select(tenant.c.id).limit(1))
    return jsonify({"status": "ok"})
