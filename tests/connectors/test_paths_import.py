"""paths.toml into the tables, and out again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from people_kept import TENANT, Kept

from connectors.importing import ImportReport, import_paths
from connectors.model.paths import CompletionRule, Part
from connectors.paths import learning_path, learning_paths
from lrs.errors import BadInput
from lrs.store.database import Database

CARE = """
[[path]]
id = "care"
name = "Customer care"
activities = ["https://example.org/care", "https://example.org/care/"]
complete = {any_of = ["https://example.org/care"], by = "passed"}
cost = {fixed = 1000, hours_per_learner = 6}
goal = "Fewer errors"
"""
SAFE = (
    '\n[[path]]\nid = "safe"\nactivities = ["https://example.org/safe/*"]\ncomplete = {min = 3}\n'
)


@pytest.fixture
def bring(database: Database, tmp_path: Path) -> Callable[..., ImportReport]:
    """Return ``f(text, **options)``: imports a file of this text."""

    def run(text: str, *, dry_run: bool = False) -> ImportReport:
        path = tmp_path / "paths.toml"
        path.write_text(text)
        return import_paths(database, TENANT, path, dry_run=dry_run)

    return run


def test_path_reads_back_as_declared(
    bring: Callable[..., ImportReport], database: Database
) -> None:
    assert bring(CARE + SAFE).new == 2
    with database.read() as conn:
        care, safe = learning_paths(conn, TENANT)
        assert learning_path(conn, TENANT, "care") == care
        assert learning_paths(conn, TENANT + 1) == []
    assert care.items == (("https://example.org/care", False), ("https://example.org/care/", True))
    assert care.rule == CompletionRule("passed", 1, (Part("https://example.org/care", False),))
    assert (care.cost_fixed, care.hours_per_learner, care.goal) == (1000.0, 6.0, "Fewer errors")
    assert safe.rule.count == "activities"


def test_declared_twice_changes_nothing_and_a_change_is_taken(
    bring: Callable[..., ImportReport], database: Database, kept: Kept
) -> None:
    bring(CARE + SAFE)
    before = kept.everything()
    assert bring(CARE + SAFE).unchanged == 2
    assert kept.everything() == before
    report = bring(CARE.replace("6}", "8}"))
    assert (report.read, report.changed) == (1, 1)
    with database.read() as conn:
        assert learning_path(conn, TENANT, "care").hours_per_learner == 8.0
        assert len(learning_paths(conn, TENANT)) == 2  # one that a file leaves out is kept


def test_one_bad_path_keeps_the_whole_file_out(
    bring: Callable[..., ImportReport], kept: Kept
) -> None:
    before = kept.everything()
    with pytest.raises(BadInput):
        bring(CARE + '\n[[path]]\nname = "no id"\n')
    bring(CARE, dry_run=True)
    assert kept.everything() == before


def test_path_that_nobody_declared_is_the_activity_itself(database: Database) -> None:
    with database.read() as conn:
        path = learning_path(conn, TENANT, "https://example.org/x")
    assert (path.key, path.name) == ("https://example.org/x", "https://example.org/x")
    assert path.items == (("https://example.org/x", False),)
    assert path.rule.sign == "any"
