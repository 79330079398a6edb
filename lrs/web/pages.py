"""The statement monitor: does what my tools send arrive, as what, and which was it?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from lrs.access.keys import key_row, list_keys
from lrs.app import host
from lrs.errors import BadInput, NotFound
from lrs.store.watching import Watch, latest, seen_statement
from lrs.web.asking import day_asked, number_asked, text_asked
from lrs.web.i18n import words
from lrs.web.json_colours import coloured, pretty
from lrs.web.sentences import best_of, told
from lrs.web.shell import language
from lrs.web.shown import shown_tenant
from lrs.web.viewing import viewers_only

PAGE = 50
_COUNTED = 100
_SHOWN = 20_000
_A_DAY_US = 86_400_000_000
_FILTERS = ("who", "verb", "activity", "key", "from", "to", "voided")
_VOIDED = {"": None, "no": False, "only": True}

blueprint = Blueprint(
    "web", __name__, static_folder="static", static_url_path="/assets", template_folder="templates"
)


@blueprint.before_request
def _viewers_only() -> None:
    if request.endpoint != "web.static":  # the style holds nothing, and an error page needs it
        viewers_only()


@blueprint.get("/statements")
def index() -> str:
    """Show the newest statements that are looked for, or the page before a given one."""
    shown = shown_tenant()
    before = number_asked("before")
    asked = {name: given for name in _FILTERS if (given := text_asked(name))}
    rows = latest(host().database, shown.id, _watch(shown.id), before=before, limit=PAGE + 1)
    said = words(language())
    return render_template(
        "web/statements.html",
        rows=[(row, told(row.body, said), _cut(row.body)) for row in rows[:PAGE]],
        older=rows[PAGE - 1].seq if len(rows) > PAGE else None,
        newest=_newest(rows, before),
        first_page=before is None,
        asked=asked,
        keys=list_keys(host().database, shown.name),
        shown=shown,
    )


@blueprint.get("/statements/newer")
def newer() -> ResponseReturnValue:
    """Tell how many statements came after the one the reader's page begins with."""
    shown = shown_tenant()
    than = number_asked("than") or 0
    n = len(latest(host().database, shown.id, _watch(shown.id), above=than, limit=_COUNTED))
    if n == 0:
        return jsonify(n=0, said="")
    said = words(language()).say_n(
        "Show %(n)s new statement",
        "Show %(n)s new statements",
        n,
        n=f"{_COUNTED - 1}+" if n == _COUNTED else str(n),
    )
    return jsonify(n=n, said=said)


@blueprint.get("/statements/<uuid:statement_id>")
def one(statement_id: UUID) -> str:
    """Show one statement whole: as a sentence, as JSON, with what is known of it."""
    found = seen_statement(host().database, shown_tenant().id, statement_id)
    if found is None:
        raise NotFound("there is no such statement", where=str(statement_id))
    said = words(language())
    return render_template(
        "web/statement.html",
        found=found,
        said=told(found.answer, said),
        json=coloured(found.answer),
        attachments=[_attachment(one, found.attachments_here) for one in _attached(found.answer)],
    )


def _watch(tenant_id: int) -> Watch:
    key, voided = text_asked("key"), text_asked("voided")
    if voided not in _VOIDED:
        raise BadInput("voided must be `no` or `only`", where="voided")
    until = day_asked("to")
    return Watch(
        actor=text_asked("who") or None,
        verb=text_asked("verb") or None,
        activity=text_asked("activity") or None,
        key_id=_key_id(tenant_id, key) if key else None,
        since=day_asked("from"),
        until=None if until is None else until + _A_DAY_US,
        voided=_VOIDED[voided],
    )


def _key_id(tenant_id: int, key: str) -> int:
    with host().database.read() as conn:
        return int(key_row(conn, key, tenant_id).id)


def _newest(rows: list[Any], before: int | None) -> int | None:
    if before is not None:
        return None
    return rows[0].seq if rows else 0


def _cut(body: Any) -> str:
    text = pretty(body)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "\n…"


def _attached(answer: dict[str, Any]) -> list[dict[str, Any]]:
    inner = answer["object"]
    own: list[dict[str, Any]] = list(answer.get("attachments", ()))
    return own + (inner.get("attachments", []) if inner.get("objectType") == "SubStatement" else [])


def _attachment(one: dict[str, Any], here: frozenset[str]) -> dict[str, Any]:
    return {
        "name": best_of(one.get("display") or {}, language()) or one["usageType"],
        "type": one["contentType"],
        "length": one["length"],
        "url": one.get("fileUrl"),
        "here": str(one["sha2"]).lower() in here,
    }
