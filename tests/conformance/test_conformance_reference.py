"""The table of requirements is whole: each has a function that is there and a test that proves it."""

from __future__ import annotations

import importlib

from conformance_reference import (
    HERE,
    PAGE,
    ROOT,
    named_tests,
    names_of_tests,
    page,
    requirements,
)

ROWS = requirements()
HELD = [row for row in ROWS if not row.withdrawn]


def test_every_id_of_the_suite_stands_once() -> None:
    suite = sorted(row.id for row in ROWS if row.id.startswith("XAPI-"))
    assert suite == [f"XAPI-{number:05d}" for number in range(1, 337)]


def test_every_requirement_has_a_rule_and_a_function_that_is_there() -> None:
    assert [row.id for row in HELD if not row.rule.endswith(".")] == []
    assert [(row.id, row.held_by) for row in HELD if not _is_there(row.held_by)] == []


def _is_there(name: str) -> bool:
    module, _, function = name.partition(":")
    return callable(getattr(importlib.import_module(module), function, None))


def test_every_requirement_has_a_test_that_is_there() -> None:
    assert [row.id for row in HELD if not row.proved_by] == []
    nodes = {node.partition("::") for row in HELD for node in row.proved_by}
    assert [
        f"{path}::{test}" for path, _, test in nodes if test not in names_of_tests(ROOT / path)
    ] == []


def test_what_is_withdrawn_says_why_and_nothing_else() -> None:
    for row in ROWS:
        assert bool(row.withdrawn) != bool(row.rule), row.id


def test_every_test_of_a_requirement_is_in_the_table() -> None:
    known = {row.id for row in HELD}
    assert set(named_tests()) <= known
    proving = {node.partition("::")[2] for row in HELD for node in row.proved_by}
    named = {test for path in HERE.glob("test_*.py") for test in names_of_tests(path)}
    rules = {test for test in named if test.startswith(("test_xapi_", "test_v1_", "test_v2_"))}
    assert rules <= proving


def test_the_page_of_the_docs_is_made_from_the_table() -> None:
    assert PAGE.read_text("utf-8") == page(), (
        "run `python tests/conformance/conformance_reference.py`"
    )
