"""The management API below /api/v1, and its description at /api/openapi.json.

flask-smorest describes the routes; plug-ins register theirs by ``api().register_blueprint(…)``. It
would answer all of the host's faults in its own form, and leave `Allow` out of a 405
(`architecture.md`), so here it handles none: the host's handlers answer for every route alike.
"""

from __future__ import annotations

from typing import Any

import flask_smorest
import marshmallow as ma
from flask import Flask, current_app

from lrs import __version__
from lrs.access.ring import Key
from lrs.access.tenants import DEFAULT, tenant_number
from lrs.app import host
from lrs.errors import NotSignedIn
from lrs.http import openapi
from lrs.http.signing_in import signed_in

PREFIX = "/api/v1"


class Fault(ma.Schema):
    """One error."""

    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    where = ma.fields.String(allow_none=True)
    hint = ma.fields.String(allow_none=True)
    request_id = ma.fields.String(allow_none=True)


class ErrorForm(ma.Schema):
    """The one JSON form of an error."""

    error = ma.fields.Nested(Fault, required=True)


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest is not typed
    """Describes routes and leaves the host's faults to the host."""

    ERROR_SCHEMA = ErrorForm

    def _register_error_handlers(self) -> None:
        """Register none: see the module."""


def install(app: Flask) -> None:
    """Put the API's description into the application, with the xAPI routes in it."""
    app.config.update(
        API_TITLE="Verkan",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    made = Api(app)
    openapi.describe_security(made.spec)
    openapi.describe_xapi(made.spec)
    app.extensions["verkan.api"] = made


def api(app: Flask | None = None) -> Any:
    """Return the API of the application (the current one) to register blueprints on."""
    return (app or current_app).extensions["verkan.api"]


def manager() -> Key:
    """Return the key of the current request, which may change how its tenant is run."""
    return signed_in("all")


def tenant_asked() -> int:
    """Return whose data the current request may read here.

    A key with the scope all/read reads its tenant's; who may see the pages reads what they show.
    """
    from lrs.web.viewing import viewer_allowed

    try:
        key: Key = signed_in("all/read")
    except NotSignedIn:
        from flask import request

        if "Authorization" in request.headers or not viewer_allowed():
            raise
        with host().database.read() as conn:
            return tenant_number(conn, DEFAULT)
    return key.tenant_id
