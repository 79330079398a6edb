"""Real xAPI clients, as their makers publish them, against a running server."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import Served

HERE = Path(__file__).resolve().parent

Drive = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of the clients from npm; they are installed if they are not there yet."""
    if os.environ.get("VERKAN_TESTS_WITHOUT_NPM"):
        pytest.skip("VERKAN_TESTS_WITHOUT_NPM is set: the JavaScript clients were not tried")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    with (HERE / "package.json").open() as turn:  # one of several test processes installs
        fcntl.flock(turn, fcntl.LOCK_EX)
        if _installed() != wanted:
            _install()
    assert _installed() == wanted
    return HERE / "node_modules"


def _installed() -> dict[str, str]:
    found = (
        (HERE / "node_modules").glob("*/package.json"),
        (HERE / "node_modules").glob("@*/*/package.json"),
    )
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    described = [json.loads(path.read_text("utf-8")) for paths in found for path in paths]
    return {each["name"]: each["version"] for each in described if each.get("name") in wanted}


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.fail(
            "node and npm are needed to test with the JavaScript clients: `make test` installs "
            "them; set VERKAN_TESTS_WITHOUT_NPM=1 to go without",
            pytrace=False,
        )
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        pytest.fail(f"npm install failed:\n{done.stderr[-2000:]}", pytrace=False)


@pytest.fixture(scope="session")
def openedx() -> Path:
    """A Python with Open edX's package, which wants Django and more: an environment of its own."""
    if os.environ.get("VERKAN_TESTS_WITHOUT_OPENEDX"):
        pytest.skip("VERKAN_TESTS_WITHOUT_OPENEDX is set: Open edX was not tried")
    wanted = HERE / "openedx.txt"
    home = Path(sys.prefix) / "openedx"
    made = home / "made"
    with wanted.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not made.is_file() or made.read_text("utf-8") != wanted.read_text("utf-8"):
            _run(sys.executable, "-m", "venv", "--clear", str(home))
            pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
            _run(*pip, "--requirement", str(wanted))
            made.write_text(wanted.read_text("utf-8"), "utf-8")
    return home / "bin" / "python"


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        pytest.fail(
            f"{' '.join(words)} failed; set VERKAN_TESTS_WITHOUT_OPENEDX=1 to go without:\n"
            f"{done.stderr[-2000:]}",
            pytrace=False,
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, store_on: Callable[[str], Served]) -> Served:
    """A running server for all clients, one on each kind of database."""
    return store_on(request.param)


@pytest.fixture
def drive(store: Served, packages: Path) -> Drive:
    """Return ``f(script, **given)``: run a driver and return what it says it saw."""

    def run(script: str, **given: str) -> dict[str, Any]:
        told = {"endpoint": store.endpoint, "key": store.key, "secret": store.secret, **given}
        python = script.endswith(".py")
        runner = [sys.executable] if python else ["node", "--no-deprecation"]
        done = subprocess.run(
            [*runner, HERE / script, json.dumps(told)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run
