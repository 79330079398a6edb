"""The first page, which opens with what the training did, and the report behind each card.

`analytics.impact` brings pandas, so it is imported when a page is asked for, not when the server
starts.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from analytics.report.html import report_body
from analytics.report.icons import icon
from analytics.report.view import GRADES, View, grade_of
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.store.arrivals import newest_seq
from lrs.web.shell import language
from lrs.web.shown import shown_tenant
from lrs.web.viewing import viewers_only

PATIENCE_S = 2.0
"""How long the first page waits for reports to be made anew; the rest waits for the next visit."""

blueprint = Blueprint(
    "impact",
    __name__,
    static_folder="../report/static",
    static_url_path="/assets/impact",
    template_folder="templates",
)
blueprint.add_app_template_global(icon, "icon")


@blueprint.before_request
def _viewers_only() -> None:
    if request.endpoint != "impact.static":
        viewers_only()


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one card a report; with no statement and no report yet, how to connect a tool."""
    from analytics import impact

    database = host().database
    found = impact.report_list(database, _tenant(), patience_s=PATIENCE_S)
    views = [View(record, language()) for record in found]
    if not views and _is_empty():
        return redirect(url_for("setup.index"))
    return render_template(
        "impact/index.html", views=views, grades=[grade_of(letter, language()) for letter in GRADES]
    )


@blueprint.get("/report")
def report() -> str:
    """Show one report, made anew when what it was made from has changed."""
    from analytics import impact

    path, outcome = _asked("path"), _asked("outcome")
    record = impact.stored_report(host().database, _tenant(), path, outcome)
    if record is None:
        raise NotFound(
            "there is no such report",
            where=f"{path}, {outcome}",
            hint="make it with `verkan impact PATH --outcome METRIC`",
        )
    return render_template(
        "impact/report.html", view=View(record, language()), body=report_body(record, language())
    )


def _is_empty() -> bool:
    with host().database.read() as conn:
        return newest_seq(conn, _tenant()) == 0


def _tenant() -> int:
    return shown_tenant().id


def _asked(name: str) -> str:
    given = request.args.get(name)
    if not given:
        raise BadInput(f"{name} is missing", where=name)
    return given
