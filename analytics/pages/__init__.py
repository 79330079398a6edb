"""The pages of the reports: an index with one card a report, and each report whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Put the pages and the report as JSON into the host."""
    from analytics.pages import reports, reports_api
    from lrs.http import management

    app.register_blueprint(reports.blueprint)
    management.api(app).register_blueprint(reports_api.blueprint)
