"""What tools sent and was refused: why, as it came, and how to have it stored after all."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from lrs.app import host
from lrs.store.refusals import (
    ListedRefusal,
    WholeRefusal,
    came_with,
    count_refusals,
    drop_refusals,
    list_refusals,
    refusal,
    waiting_ids,
)
from lrs.store.replaying import Replayed, replay
from lrs.web.asking import number_asked
from lrs.web.changing import changer_allowed, guard
from lrs.web.i18n import words
from lrs.web.json_colours import coloured
from lrs.web.reasons import reason
from lrs.web.shell import language
from lrs.web.shown import shown_tenant

PAGE = 50
_AT_ONCE_S = 20.0
_PIECE = 50
_SHOWN = 200_000

blueprint = Blueprint("refusal_pages", __name__, url_prefix="/refused")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> str:
    """Show what waits, the latest first; with `all`, what was stored since as well."""
    shown, everything = shown_tenant(), "all" in request.args
    with host().database.read() as conn:
        rows = list_refusals(
            conn,
            shown.id,
            limit=PAGE + 1,
            before=number_asked("before"),
            waiting=not everything,
        )
        waiting = count_refusals(conn, shown.id)
    return render_template(
        "web/refusals.html",
        rows=[(row, _reason(row)) for row in rows[:PAGE]],
        older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        first_page="before" not in request.args,
        everything=everything,
        waiting=waiting,
        may_change=changer_allowed(),
        done=_done(),
        shown=shown,
    )


@blueprint.get("/<int:number>")
def one(number: int) -> str:
    """Show one refusal with what was sent."""
    shown = shown_tenant()
    with host().database.read() as conn:
        found = refusal(conn, shown.id, number)
        others = len(came_with(conn, shown.id, found.listed)) - 1
    return render_template(
        "web/refusal.html",
        found=found.listed,
        reason=_reason(found.listed),
        body=_readable(found),
        others=others,
        may_change=changer_allowed(),
        done=_done(),
    )


@blueprint.post("/<int:number>/replay")
def replay_one(number: int) -> ResponseReturnValue:
    """Store a refusal, and what came with it, after all."""
    done = _replay([number])
    if any(each.fault for each in done):
        return redirect(f"{url_for('refusal_pages.one', number=number)}?{_counted(done)}")
    return redirect(f"{url_for('refusal_pages.index')}?{_counted(done)}")


@blueprint.post("/replay")
def replay_all() -> ResponseReturnValue:
    """Store all that waits after all, as much as a reader cares to wait for."""
    with host().database.read() as conn:
        ids = waiting_ids(conn, shown_tenant().id)
    done: list[Replayed] = []
    until = time.monotonic() + _AT_ONCE_S
    for begin in range(0, len(ids), _PIECE):
        if time.monotonic() > until:
            break
        done += _replay(ids[begin : begin + _PIECE])
    return redirect(f"{url_for('refusal_pages.index')}?{_counted(done)}")


@blueprint.get("/<int:number>/drop")
def ask_drop(number: int) -> str:
    """Ask whether a refusal is to be deleted."""
    with host().database.read() as conn:
        found = refusal(conn, shown_tenant().id, number)
    return render_template(
        "web/refusal_drop.html",
        found=found.listed,
        reason=_reason(found.listed),
        may_change=changer_allowed(),
    )


@blueprint.post("/<int:number>/drop")
def drop(number: int) -> ResponseReturnValue:
    """Delete a refusal for good."""
    with host().database.write() as conn:
        drop_refusals(conn, shown_tenant().id, [number])
    return redirect(url_for("refusal_pages.index"))


def _replay(ids: list[int]) -> list[Replayed]:
    here = host()
    return replay(
        here.database, here.settings, shown_tenant().id, ids, lenient="lenient" in request.form
    )


def _counted(done: list[Replayed]) -> str:
    """Return what became of a replay, as the query that `_done` reads."""
    # What came along in two pieces is told of once.
    each = {one.id: one for one in done}.values()
    return urlencode(
        {
            "stored": sum(one.stored for one in each),
            "there": sum(one.duplicate for one in each),
            "still": sum(one.fault is not None for one in each),
        }
    )


def _done() -> dict[str, int] | None:
    if "stored" not in request.args:
        return None
    return {name: number_asked(name) or 0 for name in ("stored", "there", "still")}


def _reason(row: ListedRefusal) -> str:
    return reason(row.code, words(language()))


def _readable(found: WholeRefusal) -> Markup | None:
    """Return what was sent: JSON in colours, anything else as text; None when it was not kept."""
    if not found.body:
        return None
    value: Any = None
    if len(found.body) <= _SHOWN:
        try:
            value = orjson.loads(found.body)
        except orjson.JSONDecodeError:
            value = None
    if isinstance(value, dict | list):
        return coloured(value)
    text = found.body[:_SHOWN].decode("utf-8", "replace")
    return escape(text if len(found.body) <= _SHOWN else text + "\n…")
