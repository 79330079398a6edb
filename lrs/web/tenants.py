"""The tenants, whose data is kept apart: which there are, and which one the pages show."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lrs.access.tenants import list_tenants, new_tenant, tenant_number
from lrs.app import host
from lrs.errors import Conflict
from lrs.web.changing import changer_allowed, guard
from lrs.web.shown import show_tenant, shown_tenant

blueprint = Blueprint("tenant_pages", __name__, url_prefix="/tenants")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> str:
    """Show the tenants; who may not change anything sees the one that is shown."""
    shown, all_of_them = shown_tenant(), changer_allowed()
    rows = [each for each in list_tenants(host().database) if all_of_them or each.id == shown.id]
    return render_template("web/tenants.html", rows=rows, shown=shown, may_change=all_of_them)


@blueprint.post("")
def make() -> ResponseReturnValue:
    """Make a tenant, and show it from now on."""
    name = request.form.get("name", "").strip()
    if not new_tenant(host().database, name):
        raise Conflict(f"there is a tenant {name!r} already", where="name")
    return _shown(name)


@blueprint.post("/show")
def show() -> ResponseReturnValue:
    """Show another tenant on all pages."""
    return _shown(request.form.get("name", ""))


def _shown(name: str) -> ResponseReturnValue:
    with host().database.read() as conn:
        number = tenant_number(conn, name)
    answer = redirect(url_for("tenant_pages.index"))
    show_tenant(answer, number)
    return answer
