"""The page of the latest statements: does what my tools send arrive, and as what?"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from lrs.access.tenants import DEFAULT, tenant_number
from lrs.errors import BadInput
from lrs.web.i18n import words
from lrs.web.sentences import told
from lrs.web.shell import language
from lrs.web.viewing import viewers_only

PAGE = 50
_COUNTED = 100
_SHOWN = 20_000

blueprint = Blueprint(
    "web", __name__, static_folder="static", static_url_path="/assets", template_folder="templates"
)


@blueprint.before_request
def _viewers_only() -> None:
    if request.endpoint != "web.static":  # the style holds nothing, and an error page needs it
        viewers_only()


@blueprint.get("/statements")
def latest() -> str:
    """Show the newest statements, or the page before a given one."""
    from lrs.app import host
    from lrs.store import reading

    with host().database.read() as conn:
        tenant = tenant_number(conn, DEFAULT)
    before = _number("before")
    rows = reading.latest(host().database, tenant, before=before, limit=PAGE + 1)
    said = words(language())
    return render_template(
        "web/statements.html",
        rows=[(row, told(row.body, said), _pretty(row.body)) for row in rows[:PAGE]],
        older=rows[PAGE - 1].seq if len(rows) > PAGE else None,
        newest=rows[0].seq if rows and before is None else None,
        first_page=before is None,
        endpoint=_endpoint(host().settings.public_url),
    )


@blueprint.get("/statements/newer")
def newer() -> ResponseReturnValue:
    """Tell how many statements came after the one the reader's page begins with."""
    from lrs.app import host
    from lrs.store import reading

    than = _number("than") or 0
    with host().database.read() as conn:
        tenant = tenant_number(conn, DEFAULT)
    rows = reading.latest(host().database, tenant, limit=_COUNTED)
    n = sum(row.seq > than for row in rows)
    if n == 0:
        return jsonify(n=0, said="")
    shown = f"{_COUNTED - 1}+" if n == _COUNTED else str(n)
    said = words(language()).say_n(
        "Show %(n)s new statement", "Show %(n)s new statements", n, n=shown
    )
    return jsonify(n=n, said=said)


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise BadInput(f"{name} must be a whole number", where=name)
    return int(given)


def _endpoint(public_url: str) -> str:
    return (public_url or request.host_url).rstrip("/") + "/xapi/"


def _pretty(body: Any) -> str:
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "\n…"
