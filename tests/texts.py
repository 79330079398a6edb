"""Every text of ours that a reader can see, found where it stands in the code and the templates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2.ext import babel_extract

from lrs import plugins

ROOT = Path(__file__).resolve().parents[1]
SAID = {"N_": 1, "say": 1, "gettext": 1, "say_n": 2}
"""The calls that take a text, and how many forms of it."""

Text = str | tuple[str, str]


@cache
def texts_of(package: str) -> dict[Text, str]:
    """Return the texts of one package, each with the place it was found at first."""
    found: dict[Text, str] = {}
    for text, place in (*_code(package), *_templates(package), *_menu(package)):
        found.setdefault(text, place)
    return found


def _code(package: str) -> Iterator[tuple[Text, str]]:
    for file in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (forms := SAID.get(_name(node.func))):
                given = [_constant(argument) for argument in node.args[:forms]]
                if given and all(given):
                    yield _text(given), f"{file.relative_to(ROOT)}:{node.lineno}"


def _name(called: ast.expr) -> str:
    return getattr(called, "attr", None) or getattr(called, "id", "")


def _constant(argument: ast.expr) -> str | None:
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def _text(forms: list[str | None]) -> Text:
    first, *others = (form or "" for form in forms)
    return (first, *others) if others else first  # type: ignore[return-value]


def _templates(package: str) -> Iterator[tuple[Text, str]]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true"}
    for file in sorted((ROOT / package).rglob("templates/**/*.html")):
        with file.open("rb") as handle:
            for line, _, message, _ in babel_extract(handle, ("gettext", "_"), [], options):
                text = message if isinstance(message, str) else message[0]
                yield text, f"{file.relative_to(ROOT)}:{line}"


def _menu(package: str) -> Iterator[tuple[Text, str]]:
    for plugin in plugins.installed():
        if plugin.name == package:
            yield from ((page.label, f"{package}/plugin.py") for page in plugin.pages)
