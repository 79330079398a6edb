"""What the record store conforms to: reads the table, finds the tests, writes the page of the docs.

Run it to write docs/conformance.md anew; `test_conformance_reference.py` compares.
"""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / "requirements.toml"
PAGE = ROOT / "docs" / "conformance.md"
VERSIONS = ["1.0.3", "2.0.0"]
_IDS = re.compile(r"(?<=_)([0-9]{5})(?:_to_([0-9]{5}))?")

_HEAD = """# Conformance

Which requirement of xAPI 1.0.3 and 2.0.0 is held by which function and proved by which test. The ids are
those of the [public conformance suite](https://github.com/adlnet/lrs-conformance-test-suite); rules of
version 2.0 that it tests without an id are named V2 here. A function is named as module and name, a test
by its name in `tests/conformance`, or with its path where it lies elsewhere.

This page is written by `tests/conformance/conformance_reference.py` from
`tests/conformance/requirements.toml`.
"""


class Requirement(NamedTuple):
    """One row of the table."""

    id: str
    section: str
    rule: str
    held_by: str
    versions: list[str]
    proved_by: list[str]
    """Tests as pytest names them, from the root of the repository."""
    withdrawn: str


def named_tests() -> dict[str, list[str]]:
    """Return, for each id, the tests of this folder that have it in their name."""
    found: dict[str, list[str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for name in names_of_tests(path):
            for first, last in _IDS.findall(name) if name.startswith("test_xapi_") else ():
                for number in range(int(first), int(last or first) + 1):
                    node = f"{path.relative_to(ROOT).as_posix()}::{name}"
                    found.setdefault(f"XAPI-{number:05d}", []).append(node)
    return found


@cache
def names_of_tests(path: Path) -> list[str]:
    """Return the names of the tests in a file."""
    return [
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def requirements() -> list[Requirement]:
    """Return every row of the table, each with the tests that prove it."""
    named = named_tests()
    sections: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(TABLE.read_text("utf-8"))
    return [
        Requirement(
            id_,
            section,
            row.get("rule", ""),
            row.get("held_by", ""),
            row.get("versions", VERSIONS),
            [*named.get(id_, []), *row.get("proved_by", [])],
            row.get("withdrawn", ""),
        )
        for section, rows in sections.items()
        for id_, row in rows.items()
    ]


def page() -> str:
    """Return the page of the docs."""
    lines = [_HEAD.rstrip()]
    section = ""
    for row in requirements():
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", "", *_columns(row)]
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


def _columns(row: Requirement) -> list[str]:
    if row.withdrawn:
        return ["| id | why there is nothing to hold |", "| --- | --- |"]
    return ["| id | versions | rule | held by | proved by |", "| --- | --- | --- | --- | --- |"]


def _line(row: Requirement) -> str:
    if row.withdrawn:
        return f"| {row.id} | {row.withdrawn} |"
    tests = ", ".join(f"`{_short(node)}`" for node in row.proved_by)
    return f"| {row.id} | {', '.join(row.versions)} | {row.rule} | `{row.held_by}` | {tests} |"


def _short(node: str) -> str:
    path, _, name = node.partition("::")
    return name if path.startswith("tests/conformance/") else f"{path}::{name}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
