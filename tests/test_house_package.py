"""What `pip install verkan` brings: all that the product needs beside its code, and little else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("lrs", "connectors", "analytics")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the build backend itself in a process of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    run = subprocess.run(
        [sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return folder / run.stdout.splitlines()[-1]


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> dict[str, str]:
    """An environment in which Verkan is the wheel's, and only what it rests on is this one's.

    The interpreter is the one below the virtual environment, so that an editable install in it
    is not seen.
    """
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    path = os.pathsep.join([str(tmp_path / "site"), sysconfig.get_paths()["purelib"]])
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def _verkan(installed: dict[str, str], folder: Path, *arguments: str) -> str:
    base = getattr(sys, "_base_executable", sys.executable)
    run = subprocess.run(
        [base, "-m", "lrs.cli", *arguments],
        env=installed,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_wheel_is_at_most_2_mb(wheel: Path) -> None:
    assert wheel.stat().st_size <= 2_000_000


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """Templates, styles, translations, migrations, the metric library: whatever lies there."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert [name for name in tracked if name not in names and (ROOT / name).exists()] == []
    for kind in (".po", ".css", ".html", ".toml", "_0001.py", "py.typed", "env.py"):
        assert any(name.endswith(kind) for name in names), kind


def test_the_wheel_holds_nothing_beside_the_packages(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_names_the_command_the_plugins_and_the_licence(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    info = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    said = archive.read(info).decode()
    for line in ("verkan = lrs.cli:main", "connectors = ", "analytics = "):
        assert line in said
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


PAGES = (
    "/setup?tool=any&lang=sv",
    "/setup?tool=moodle&lang=nl",
    "/statements",
    "/plans",
    "/assets/verkan.css",
)


def test_what_lies_beside_the_code_is_found_from_the_wheel(
    installed: dict[str, str], tmp_path: Path
) -> None:
    """Migrations, templates, styles and languages; the whole demo runs from it in the slow tests."""
    code = f"""
        import lrs
        from connectors.model.metrics import library
        from lrs.app import create_app
        from lrs.settings import load
        from lrs.store.migrate import open_database
        app = create_app(load({{"home": "home"}}), open_database({{"home": "home"}}))
        assert library()
        print(lrs.__file__, *(app.test_client().get(page).status_code for page in {PAGES!r}))
    """
    where, *statuses = _python(installed, tmp_path, textwrap.dedent(code)).splitlines()[-1].split()
    assert where.startswith(str(tmp_path / "site"))
    assert statuses == ["200"] * len(PAGES)
    spec = ROOT / "tests" / "data" / "eight_people.spec.json"
    told = _verkan(installed, tmp_path, "evaluate", "--json", "-", str(spec))
    assert json.loads(told)["verdict"] == "cannot_tell"


def _python(installed: dict[str, str], folder: Path, code: str) -> str:
    base = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run(
        [base, "-c", code], env=installed, cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_the_version_is_the_changelogs_newest() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = next(line for line in changelog.splitlines() if line.startswith("## "))
    from lrs import __version__

    assert newest.split()[1] == __version__


def test_the_test_group_does_not_ask_the_registry_for_verkan() -> None:
    """A name in a group is looked up outside; ours comes from this checkout only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [name for group in project["dependency-groups"].values() for name in group]
    assert [name for name in asked if name.startswith("verkan")] == []


@pytest.mark.slow
def test_the_wheel_installs_into_a_new_environment(wheel: Path, tmp_path: Path) -> None:
    """With what it says it rests on and nothing else."""
    venv.create(tmp_path / "new", with_pip=True)
    scripts = tmp_path / "new" / "bin"
    subprocess.run([scripts / "pip", "install", "--quiet", wheel], check=True)
    for told, times in (("(grade ", 3), ("here already", 1)):
        run = subprocess.run(
            [scripts / "verkan", "demo", "--no-serve"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout.count(told) == times
