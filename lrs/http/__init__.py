"""The record store's own routes: xAPI, the management API, health, and the pages of `lrs.web`."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Put the record store's routes into the host."""
    from lrs import web
    from lrs.http import (
        about,
        consistency,
        cors,
        documents,
        forwarding_api,
        health,
        keys_api,
        known,
        management,
        oauth,
        refusals_api,
        statements,
    )
    from lrs.http import versions as spoken

    app.register_blueprint(health.blueprint)
    management.install(app)
    management.api().register_blueprint(keys_api.blueprint)
    management.api().register_blueprint(refusals_api.blueprint)
    management.api().register_blueprint(forwarding_api.blueprint)
    consistency.install(app)
    cors.install(app)
    spoken.install(app)
    app.register_blueprint(oauth.blueprint)
    app.register_blueprint(about.blueprint)
    app.register_blueprint(statements.blueprint)
    app.register_blueprint(documents.blueprint)
    app.register_blueprint(known.blueprint)
    web.register(app)
