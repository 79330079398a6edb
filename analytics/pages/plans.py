"""The plans as a page: what is decided for each path, since when, and what is still missing."""

from __future__ import annotations

from flask import Blueprint, render_template

from analytics.plans.overview import overviews
from analytics.plans.words import told
from lrs.app import host
from lrs.web.shell import language
from lrs.web.shown import shown_tenant
from lrs.web.viewing import viewers_only

blueprint = Blueprint("plans", __name__, template_folder="templates")


@blueprint.before_request
def _viewers_only() -> None:
    viewers_only()


@blueprint.get("/plans")
def index() -> str:
    """Show every plan; where there is none, how to make one."""
    found = overviews(host().database, shown_tenant().id)
    lang = language()
    return render_template("plans/index.html", plans=[told(one, lang) for one in found])
