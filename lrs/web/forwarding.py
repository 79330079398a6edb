"""Where statements go and come from: how each target stands, what it refused, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.forwarding.choosing import Choice, check_choice
from lrs.forwarding.dead_letters import dead_ids, drop_dead, list_dead, retry_dead
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.secret_refs import laid_out
from lrs.forwarding.standing import Standing, standings
from lrs.forwarding.targets import add_target, change_target, remove_target
from lrs.web.asking import number_asked
from lrs.web.changing import changer_allowed, guard
from lrs.web.i18n import N_
from lrs.web.shown import shown_tenant
from lrs.xapi.times import instant_of

PAGE = 50
KINDS = {
    Kind.XAPI: N_("to another record store"),
    Kind.WEBHOOK: N_("to a webhook"),
    Kind.PULL: N_("from another record store"),
}
STATES = {
    "working": (N_("works"), "valid"),
    "refusing": (N_("refused some"), "warn"),
    "failing": (N_("fails"), "revoked"),
    "off": (N_("paused"), "warn"),
}

blueprint = Blueprint("forwarding_pages", __name__, url_prefix="/forwarding")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> str:
    """Show the targets, the oldest first."""
    shown = shown_tenant()
    with host().database.read() as conn:
        found = standings(conn, shown.id)
    return render_template(
        "web/forwarding.html",
        rows=found,
        kinds=KINDS,
        states=STATES,
        shown=shown,
        may_change=changer_allowed(),
        is_off=host().settings.forwarding == "off",
    )


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new target."""
    kind = request.args.get("kind", str(Kind.XAPI))
    if kind not in list(Kind):
        raise BadInput(f"there is no kind {kind!r}", where="kind")
    return render_template(
        "web/forwarding_new.html",
        kind=Kind(kind),
        kinds=KINDS,
        form=TargetForm("", Kind(kind), ""),
        may_change=changer_allowed(),
        laid_out=_laid_out(),
    )


@blueprint.post("")
def make() -> ResponseReturnValue:
    """Make a target."""
    form = request.form
    wanted = TargetForm(kind=_kind(form), choice=_choice(form), **_fields(form))
    day = form.get("since", "").strip()
    since = instant_of(f"{day}T00:00:00Z") if day else None
    if day and since is None:
        raise BadInput("this must be a day", where="since", hint="such as 2026-01-31")
    made, _ = add_target(host().database, shown_tenant().id, wanted, since=since, by_shell=False)
    return redirect(url_for("forwarding_pages.one", number=made.id))


@blueprint.get("/<int:number>")
def one(number: int) -> str:
    """Show how a target stands, what it refused, and the forms that change it."""
    standing = _standing(number)
    shown = shown_tenant()
    with host().database.read() as conn:
        letters = list_dead(
            conn, shown.id, limit=PAGE + 1, target_id=number, before=number_asked("before")
        )
    return _page(
        "web/forwarding_target.html",
        standing,
        letters=letters[:PAGE],
        older=letters[PAGE - 1].id if len(letters) > PAGE else None,
        saved="saved" in request.args,
        laid_out=_laid_out(),
    )


@blueprint.post("/<int:number>")
def save(number: int) -> ResponseReturnValue:
    """Change a target."""
    form = request.form
    was = _standing(number).target.form
    changes: dict[str, Any] = {**_fields(form), "choice": _choice(form)}
    if changes["secret_ref"] == was.secret_ref:
        del changes["secret_ref"]
    return _changed(number, changes)


@blueprint.post("/<int:number>/enabled")
def enable(number: int) -> ResponseReturnValue:
    """Go on with a target, or pause it."""
    return _changed(number, {"enabled": request.form.get("enabled") == "yes"})


def _changed(number: int, changes: Mapping[str, Any]) -> ResponseReturnValue:
    change_target(host().database, shown_tenant().id, number, changes, by_shell=False)
    return redirect(url_for("forwarding_pages.one", number=number, saved=1))


@blueprint.get("/<int:number>/remove")
def ask_remove(number: int) -> str:
    """Ask whether a target is to be forgotten."""
    return _page("web/forwarding_remove.html", _standing(number))


@blueprint.post("/<int:number>/remove")
def remove(number: int) -> ResponseReturnValue:
    """Forget a target."""
    remove_target(host().database, shown_tenant().id, number)
    return redirect(url_for("forwarding_pages.index"))


@blueprint.post("/<int:number>/dead")
def settle_dead(number: int) -> ResponseReturnValue:
    """Send dead letters of a target again, or let them go: one of them, or all."""
    change = {"retry": retry_dead, "drop": drop_dead}.get(request.form.get("do", ""))
    if change is None:
        raise BadInput("send them again, or drop them", where="do")
    tenant_id = shown_tenant().id
    given = request.form.get("id", "")
    with host().database.write() as conn:
        ids = dead_ids(conn, tenant_id, number)
        change(conn, tenant_id, [each for each in ids if given in ("", str(each))])
    return redirect(url_for("forwarding_pages.one", number=number))


def _standing(number: int) -> Standing:
    with host().database.read() as conn:
        for each in standings(conn, shown_tenant().id):
            if each.target.id == number:
                return each
    raise NotFound("there is no such target", where="id")


def _page(template: str, standing: Standing, **more: object) -> str:
    return render_template(
        template,
        standing=standing,
        target=standing.target,
        form=standing.target.form,
        kinds=KINDS,
        states=STATES,
        may_change=changer_allowed(),
        **more,
    )


def _laid_out() -> tuple[str, str]:
    return laid_out(host().settings, shown_tenant().id)


def _kind(form: Mapping[str, str]) -> Kind:
    try:
        return Kind(form.get("kind", ""))
    except ValueError as exc:
        raise BadInput("there is no such kind", where="kind") from exc


def _fields(form: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": form.get("name", ""),
        "url": form.get("url", ""),
        "user_name": form.get("user", "").strip() or None,
        "secret_ref": form.get("secret", "").strip() or None,
    }


def _choice(form: Mapping[str, str]) -> Choice:
    lines = {name: form.get(name, "").splitlines() for name in ("verbs", "activities", "agents")}
    filled = {name: [each for each in found if each.strip()] for name, found in lines.items()}
    return check_choice(**filled, voided="voided" in form)
