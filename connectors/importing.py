"""The three imports: people, outcomes and paths, each from a file, each the same when run twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.files import source as files
from connectors.reporting import ImportReport
from lrs.store.database import Database

__all__ = ["ImportReport", "import_outcomes", "import_paths", "import_people"]

Progress = Callable[[int, int], None]
"""Called with the rows done and the rows there are."""


def import_people(
    database: Database,
    tenant_id: int,
    path: Path,
    *,
    mapping: Path | None = None,
    dry_run: bool = False,
    source: str = files.name,
    as_of: int | None = None,
    whole_history: bool = False,
    accounts_on: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring people, teams and their history in; raises `BadInput` when the file cannot be used.

    ``as_of``: the file shows the state of that day, and says nothing of the time before.
    ``whole_history``: what the file leaves out of a person's past was never so.
    ``accounts_on``: a home page on which accounts are named by the person_id.
    """
    from connectors.people_import import open_people_file, run_people_import
    from connectors.store.people import Authority

    file = open_people_file(database, tenant_id, path, mapping, source, accounts_on)
    authority = Authority(as_of, whole_history)
    return run_people_import(
        database, tenant_id, file, authority, dry_run=dry_run, progress=progress
    )


def import_outcomes(
    database: Database,
    tenant_id: int,
    path: Path,
    *,
    mapping: Path | None = None,
    wide: Sequence[str] = (),
    dry_run: bool = False,
    metrics: Path | None = None,
    source: str = files.name,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring outcomes in; raises `BadInput` when the file cannot be used.

    ``wide`` are ``METRIC=COLUMN[/DENOMINATOR][:up|:down]``; ``metrics`` is a metrics.toml.
    """
    from connectors.outcomes_file import open_outcomes_file
    from connectors.outcomes_import import run_outcomes_import

    file = open_outcomes_file(database, tenant_id, path, mapping, wide, metrics)
    return run_outcomes_import(
        database, tenant_id, file, source=source, dry_run=dry_run, progress=progress
    )


def import_paths(
    database: Database, tenant_id: int, path: Path, *, dry_run: bool = False
) -> ImportReport:
    """Bring learning paths in, all of the file or none; raises `BadInput` that names the fault."""
    from connectors.paths_import import run_paths_import

    return run_paths_import(database, tenant_id, path, dry_run=dry_run)
