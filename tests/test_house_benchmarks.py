"""Every command that a figure is claimed with runs: each is tried on little, and claims nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parent / "benchmarks"
LITTLE = {
    "bench.py": "--stored 2000 --scale 0.01 --kept {kept}",
    "bench_facts.py": "--statements 20000",
    "bench_faults.py": "--statements 2000 --database sqlite",
    "bench_large.py": "--people 2000 --where file memory",
    "bench_panel.py": "--people 2000 --going 20",
    "bench_people.py": "--rows 2000",
    "bench_rows.py": "--people 2000",
    "calibrate.py": "--draws 1 --kept {kept} --out {out}",
}


def test_every_benchmark_is_tried() -> None:
    there = {path.name for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert there == set(LITTLE)


def test_a_calibration_without_its_company_says_so(tmp_path: Path) -> None:
    words = [sys.executable, BENCHMARKS / "calibrate.py", "--company", tmp_path]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no simulated company at {tmp_path}" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", LITTLE)
def test_a_benchmark_runs(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if name == "calibrate.py":  # whose company is the founders'
        request.getfixturevalue("shared")
    places = {"kept": tmp_path / "kept", "out": tmp_path / "out.md"}
    asked = [word.format(**places) for word in LITTLE[name].split()]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, *asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert any(letter.isdigit() for letter in done.stdout)
