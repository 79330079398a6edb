"""A stranger's clone lacks the founders' folder; the run says which tests that cost, and why."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_tests_that_need_the_founders_folder_are_named_with_the_reason(tmp_path: Path) -> None:
    tests = tmp_path / "clone" / "tests"
    tests.mkdir(parents=True)
    for name in ("conftest.py", "serving.py"):
        shutil.copy(ROOT / "tests" / name, tests / name)
    shutil.copy(ROOT / "pyproject.toml", tests.parent)
    (tests / "test_cases.py").write_text("def test_case_mpdta(shared):\n    raise AssertionError\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tests.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    told = next(line for line in run.stdout.splitlines() if line.startswith("SKIPPED"))
    assert "test_case_mpdta" in told
    assert "../shared is not here" in told
