"""paths.toml: all of the file, or nothing of it. A path that a file leaves out is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from connectors.files import source as files
from connectors.files.mapping import read_toml
from connectors.model.paths import declared
from connectors.paths import declare_paths
from connectors.reporting import ImportReport
from connectors.store.runs import begin_run, end_run
from connectors.store.transactions import turns
from lrs.store.database import Database

STREAM = "paths"


def run_paths_import(
    database: Database, tenant_id: int, path: Path, *, dry_run: bool
) -> ImportReport:
    """Bring the paths in; return what came of it."""
    report = ImportReport(str(path), STREAM, dry_run)
    paths = declared(read_toml(path), path.name)
    with turns(database, tenant_id, dry_run=dry_run) as turn, turn() as conn:
        run_id = begin_run(conn, tenant_id, files.name, STREAM)
        states = declare_paths(conn, tenant_id, paths)
        counts = Counter(states.values())
        report.read = len(paths)
        report.new, report.changed = counts["new"], counts["changed"]
        report.unchanged = counts["unchanged"]
        report.kinds["path"] = report.new + report.changed
        report.examples = [f"{key}: {state}" for key, state in states.items()][:5]
        end_run(conn, tenant_id, run_id, report)
    return report
