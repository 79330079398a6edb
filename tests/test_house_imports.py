"""What is light stays light: the store without the analytics, and the command line's first answer."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("pandas", "scipy", "statsmodels", "numpy", "pyarrow")


def _imported_by(statement: str, folder: Path | None = None) -> set[str]:
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import lrs",
        "import lrs.cli",
        "import lrs.app, lrs.serve",
        "import connectors",
        "from lrs.app import create_app; create_app()",
    ],
)
def test_the_store_brings_no_analytics_libraries(statement: str, tmp_path: Path) -> None:
    assert _imported_by(statement, tmp_path).isdisjoint(HEAVY)


def test_import_lrs_brings_nothing_of_ours_above_it() -> None:
    assert _imported_by("import lrs.app").isdisjoint({"connectors", "analytics"})


@pytest.mark.parametrize("module", ["analytics.impact.making", "analytics.evaluate"])
def test_a_report_begins_without_the_slowest_of_libraries(module: str) -> None:
    """`scipy.stats` and statsmodels take half a second each; who needs one imports it then."""
    loaded = f"import {module}, sys; assert 'pandas' in sys.modules; assert 'scipy.stats' not in sys.modules"
    assert "statsmodels" not in _imported_by(loaded)


def test_help_is_there_within_0_4_seconds() -> None:
    """Processor time, so that a busy machine does not make it fail; the quickest of three."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "lrs.cli", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(took) <= 0.4
