"""The page that connects a learning tool: its fields, a key for it, and its first statement live."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lrs.access.expiring import expiry
from lrs.access.key_options import KeyOptions
from lrs.access.keys import MadeKey, key_row, make_key
from lrs.access.ring import now_us
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.store.arrivals import first_arrival, latest_refusal, newest_seq
from lrs.web.asking import number_asked
from lrs.web.changing import changer_allowed, guard
from lrs.web.i18n import Words, words
from lrs.web.reasons import reason
from lrs.web.sentences import told
from lrs.web.shell import language, moment
from lrs.web.shown import shown_tenant
from lrs.web.tools import ADDRESSES, PURPOSES, TOOLS, Tool, filled, values

blueprint = Blueprint("setup", __name__, url_prefix="/setup")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> str:
    """Show what a tool asks for and a form that makes its key."""
    tool = _tool()
    return render_template(
        "web/setup.html",
        tools=TOOLS.values(),
        tool=tool,
        fields=_fields(tool, values(home_page())),
        addresses=_addresses(),
        only_here=_is_only_here(),
        purposes=PURPOSES.values(),
        may_change=changer_allowed(),
        scopes=PURPOSES[tool.purpose].scopes,
        **_light_from_now(),
    )


@blueprint.post("")
def make() -> Response:
    """Make the key and show its secret, this once."""
    tool, form = _tool(), request.form
    made = make_key(
        host().database,
        host().settings,
        name=form.get("name", "").strip(),
        scopes=_scopes(form),
        tenant=shown_tenant().name,
        options=KeyOptions(lenient="lenient" in form, deduplicate="deduplicate" in form),
        expires_at=expiry(now_us(), after=form.get("lasts") or None),
    )
    return shown_once(
        "web/setup_made.html",
        tool=tool,
        name=form["name"].strip(),
        fields=_fields(tool, values_of(made)),
        **_light_from_now(made.key),
    )


@blueprint.get("/waiting")
def waiting() -> str:
    """Show the light on a page of its own, for a reader without scripts."""
    return render_template("web/setup_waiting.html", **_light_asked())


@blueprint.get("/arrived")
def arrived() -> ResponseReturnValue:
    """Tell what has come since, for the script that looks every two seconds."""
    asked = _light_asked()
    return jsonify(**asked["light"], above=asked["above"])


def home_page() -> str:
    """Return this server's address as others reach it, without a slash at its end."""
    return (host().settings.public_url or request.host_url).rstrip("/")


def values_of(made: MadeKey) -> dict[str, str]:
    """Return what goes into a tool's fields for a key just made."""
    basic = b64encode(f"{made.key}:{made.secret}".encode()).decode()
    return values(home_page(), key=made.key, secret=made.secret, basic=f"Basic {basic}")


def shown_once(template: str, **given: Any) -> Response:
    """Return a page with a secret on it, which nothing on the way may keep."""
    answer = make_response(render_template(template, **given))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tool() -> Tool:
    code = request.values.get("tool", next(iter(TOOLS)))
    if code not in TOOLS:
        raise NotFound("there is no such tool", where="tool", hint=f"there are: {', '.join(TOOLS)}")
    return TOOLS[code]


def _scopes(form: Mapping[str, str]) -> tuple[str, ...]:
    chosen = PURPOSES.get(form.get("purpose", ""))
    if chosen is None:
        raise BadInput(
            "say what the key is for", where="purpose", hint=f"one of {', '.join(PURPOSES)}"
        )
    return chosen.scopes


def _fields(tool: Tool, given: dict[str, str]) -> list[tuple[str, str | None]]:
    return [(field.label, filled(field.value, given)) for field in tool.fields]


def _addresses() -> list[tuple[str, str | None]]:
    given = values(home_page())
    return [(address.words, filled(address.value, given)) for address in ADDRESSES]


def _is_only_here() -> bool:
    return not host().settings.public_url and request.host.rpartition(":")[0].strip("[]") in (
        "localhost",
        "127.0.0.1",
        "::1",
    )


def _light_from_now(key: str = "") -> dict[str, Any]:
    with host().database.read() as conn:
        above = newest_seq(conn, shown_tenant().id)
    light = _waiting(words(language()))
    return {"key": key, "above": above, "since": now_us(), "light": light}


def _light_asked() -> dict[str, Any]:
    key, above = request.args.get("key", ""), number_asked("above") or 0
    since = number_asked("since") or 0
    said, shown = words(language()), shown_tenant()
    with host().database.read() as conn:
        key_id = key_row(conn, key, shown.id).id if key else None
        came, reached = first_arrival(conn, shown.id, above=above, key_id=key_id)
        turned_away = latest_refusal(conn, shown.id, since=since, key_id=key_id)
    if came is not None:
        light = _here(told(came.body, said).sentence, came, said)
    elif turned_away is not None:
        light = {
            "state": "refused",
            "title": said.say("Something came, and was refused"),
            "said": reason(turned_away.code, said),
            "detail": ": ".join(filter(None, (turned_away.path, turned_away.message))),
            "link": url_for("refusal_pages.one", number=turned_away.id),
        }
    else:
        light = _waiting(said)
    # Where a statement was found, the next look must find it again.
    return {"key": key, "above": above if came else reached, "since": since, "light": light}


def _here(sentence: str, came: Any, said: Words) -> dict[str, str]:
    detail = moment(came.stored_at)
    if came.key_name:
        detail += " · " + said.say("with the key %(key)s", key=came.key_name)
    return {
        "state": "arrived",
        "title": said.say("The first statement is here"),
        "said": sentence,
        "detail": detail,
        "link": url_for("web.one", statement_id=UUID(bytes=came.statement_id)),
    }


def _waiting(said: Words) -> dict[str, str]:
    return {
        "state": "waiting",
        "title": said.say("Waiting for the first statement…"),
        "said": said.say("Let somebody finish something in the tool."),
        "detail": "",
        "link": "",
    }
