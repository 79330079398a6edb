"""The pages of reports and plans: a card a report, each report whole, and what was decided before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Put the pages and the report as JSON into the host."""
    from analytics.pages import plans, plans_api, reports, reports_api
    from lrs.http import management

    for pages in (reports, plans):
        app.register_blueprint(pages.blueprint)
    for part in (reports_api, plans_api):
        management.api(app).register_blueprint(part.blueprint)
