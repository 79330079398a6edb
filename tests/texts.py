"""Every text of ours that a reader can see, found where it stands in the code and the templates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir

from lrs import plugins

ROOT = Path(__file__).resolve().parents[1]
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_KEYWORDS = {
    "N_": None,
    "say": None,
    "_say": None,
    "say_n": (1, 2),
    "gettext": None,
    "ngettext": (1, 2),
    "_": None,
}
_OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}

Text = str | tuple[str, str]


@cache
def texts_of(package: str) -> dict[Text, str]:
    """Return the texts of one package, each with the place it was found at first."""
    found: dict[Text, str] = {}
    for file, line, message, *_ in extract_from_dir(
        ROOT / package, _METHODS, _OPTIONS, keywords=_KEYWORDS
    ):
        text = tuple(message[:2]) if isinstance(message, tuple) else message
        if text:
            found.setdefault(text, f"{package}/{file}:{line}")
    return {**found, **dict(_menu(package))}


def _menu(package: str) -> Iterator[tuple[str, str]]:
    for plugin in plugins.installed():
        if plugin.name == package:
            yield from ((page.label, f"{package}/plugin.py") for page in plugin.pages)
