"""A report as HTML: one page that needs nothing beside it, or the body alone for the served page.

The page carries its style inside and nothing else: no script, no picture, no font, no address. A
policy in it, tied to that very style by its hash, makes the browser hold it to that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analytics.report import chart, method
from analytics.report.icons import icon
from analytics.report.picture import picture_of
from analytics.report.planned import planned
from analytics.report.view import View
from analytics.report.worth import worth
from lrs import __version__
from lrs.web.i18n import known, translations


def report_page(record: Mapping[str, Any], lang: str) -> str:
    """Return the whole report as one self-contained page."""
    view, style = View(record, known(lang)), _style()
    return (
        _environment(view.lang)
        .get_template("page.html")
        .render(
            view=view,
            body=_body(view),
            style=Markup(style),  # noqa: S704  # our own file
            style_hash=_hash(style),
            version=__version__,
        )
    )


def report_body(record: Mapping[str, Any], lang: str) -> Markup:
    """Return the report without a page around it, for the served page."""
    return _body(View(record, known(lang)))


def _body(view: View) -> Markup:
    picture = picture_of(view)
    said = (
        _environment(view.lang)
        .get_template("report.html")
        .render(
            view=view,
            picture=picture,
            # For wide and for narrow screens; the style shows one of them.
            drawn=[picture.drawn(size) for size in (chart.WIDE, chart.NARROW)]
            if picture.seen
            else [],
            method=method.method(view),
            starts=method.starts(view),
            estimates=method.estimates(view),
            provenance=method.provenance(view),
            money=worth(view),
            planned=planned(view),
        )
    )
    return Markup(said)  # noqa: S704  # escaped by the template


@cache
def _environment(lang: str) -> Environment:
    """Return the templates in one language; each language has its own, so nothing is cached across."""
    made = Environment(
        loader=PackageLoader("analytics.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(  # type: ignore[attr-defined]  # put there by the extension
        translations(lang), newstyle=True
    )
    made.globals["icon"] = icon
    return made


@cache
def _style() -> str:
    parts = (("lrs.web", "verkan.css"), ("analytics.report", "report.css"))
    return "\n".join(
        (resources.files(package) / "static" / name).read_text("utf-8") for package, name in parts
    )


def _hash(style: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
