"""The shape of the house: what a reader may count on in every module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path
    for package in ("lrs", "connectors", "analytics")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "data"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_says_why_it_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "no docstring"


def test_no_module_is_longer_than_450_lines() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > 450} == {}


def test_names_are_the_domains_own() -> None:
    assert [_name(path) for path in MODULES if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_test_files_have_names_of_their_own() -> None:
    """Two test files of one name would shadow each other: pytest imports them by bare name."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
