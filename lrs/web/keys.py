"""The keys that tools post with: how each stands, its settings, its successor, its end."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lrs.access.expiring import length_us
from lrs.access.keys import ListedKey, list_keys, revoke_key, update_key
from lrs.access.rotating import rotate_key
from lrs.access.scopes import SCOPES
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.store.arrivals import last_stored
from lrs.web.changing import changer_allowed, guard
from lrs.web.i18n import N_
from lrs.web.setup import shown_once, values_of
from lrs.web.shown import shown_tenant
from lrs.web.tools import PURPOSES

STATES = {"valid": N_("works"), "expired": N_("expired"), "revoked": N_("revoked")}
SCOPE_WORDS = {
    "statements/write": N_("store statements"),
    "statements/read/mine": N_("read the statements stored with this key"),
    "statements/read": N_("read every statement"),
    "state": N_("read and write state documents"),
    "define": N_("say what an activity is called and means"),
    "profile": N_("read and write profiles of activities and agents"),
    "all/read": N_("read everything"),
    "all": N_("everything"),
}
_NAMES = {frozenset(purpose.scopes): purpose.words for purpose in PURPOSES.values()}

blueprint = Blueprint("key_pages", __name__, url_prefix="/keys")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> str:
    """Show the keys of the tenant, those that work first, the newest before the older."""
    shown = shown_tenant()
    with host().database.read() as conn:
        used = last_stored(conn, shown.id)
    keys = list_keys(host().database, shown.name)
    return render_template(
        "web/keys.html",
        rows=[
            (key, key.state(), _may(key), used.get(key.key))
            for key in sorted(keys, key=lambda key: (key.state() != "valid", -key.created_at))
        ],
        states=STATES,
        shown=shown,
    )


@blueprint.get("/<key>")
def one(key: str) -> str:
    """Show one key and the forms that change it."""
    return _page("web/key.html", key, saved="saved" in request.args)


@blueprint.post("/<key>")
def save(key: str) -> ResponseReturnValue:
    """Change how the key's requests are taken."""
    form = request.form
    update_key(
        host().database,
        key,
        tenant_id=shown_tenant().id,
        lenient="lenient" in form,
        partial="partial" in form,
        deduplicate="deduplicate" in form,
        origins=form.get("origins", "").split(),
        limit_per_minute=_limit(form),
    )
    return redirect(url_for("key_pages.one", key=key, saved=1))


@blueprint.post("/<key>/rotate")
def rotate(key: str) -> Response:
    """Make the key's successor and show its secret, this once."""
    here, shown = host(), shown_tenant()
    overlap = length_us(request.form.get("overlap", ""), "overlap")
    made = rotate_key(here.database, here.settings, key, overlap_us=overlap, tenant_id=shown.id)
    given = values_of(made)
    return shown_once(
        "web/key_rotated.html",
        former=_listed(key),
        fields=[
            ("Key", given["key"]),
            ("Secret", given["secret"]),
            ("Authorization", given["basic"]),
        ],
    )


@blueprint.get("/<key>/revoke")
def ask_revoke(key: str) -> str:
    """Ask whether the key is to be taken back."""
    return _page("web/key_revoke.html", key)


@blueprint.post("/<key>/revoke")
def revoke(key: str) -> ResponseReturnValue:
    """Take the key back."""
    revoke_key(host().database, key, tenant_id=shown_tenant().id)
    return redirect(url_for("key_pages.index"))


def _page(template: str, key: str, **more: object) -> str:
    shown, listed = shown_tenant(), _listed(key)
    with host().database.read() as conn:
        used = last_stored(conn, shown.id).get(listed.key)
    return render_template(
        template,
        key=listed,
        state=listed.state(),
        states=STATES,
        may=_may(listed),
        used=used,
        may_change=changer_allowed(),
        **more,
    )


def _listed(key: str) -> ListedKey:
    for each in list_keys(host().database, shown_tenant().name):
        if each.key == key:
            return each
    raise NotFound("there is no such key", where="key")


def _may(key: ListedKey) -> list[str]:
    """Return what the key may do, in a phrase of ours where one fits."""
    known = _NAMES.get(frozenset(key.scopes))
    return [known] if known else [SCOPE_WORDS[scope] for scope in SCOPES if scope in key.scopes]


def _limit(form: Mapping[str, str]) -> int:
    given = form.get("limit", "").strip()
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 10:
        raise BadInput("a limit is a whole number of requests a minute", where="limit_per_minute")
    return int(given)
