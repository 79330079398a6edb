"""The plans as a page: what is decided for each path, since when, and what is still missing."""

from __future__ import annotations

from flask import Blueprint, render_template

from analytics.naming import path_in
from analytics.plans.overview import overviews
from analytics.plans.words import told
from connectors.metrics import metrics
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
    database, tenant_id, lang = host().database, shown_tenant().id, language()
    found = overviews(database, tenant_id)
    with database.read() as conn:
        names = {one.key: one.name_in(lang) for one in metrics(conn, tenant_id)}
        paths = [path_in(conn, tenant_id, one["path"], lang) for one in found]
    plans = [told(one, lang, path, names) for one, path in zip(found, paths, strict=True)]
    return render_template("plans/index.html", plans=plans)
