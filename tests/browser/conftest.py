"""A real Chromium, and a real server that shows the made-up company."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from serving import VERKAN, Served, serving

from lrs.settings import Settings, load

TESTS = Path(__file__).resolve().parents[1]
AXE = TESTS / "clients" / "node_modules" / "axe-core" / "axe.min.js"
# Nothing may leave the machine, the browser's own curiosity included.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one VERKAN_CHROMIUM names, the machine's, or Playwright's own."""
    found = os.environ.get("VERKAN_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which looks for what keeps people from reading a page."""
    if os.environ.get("VERKAN_TESTS_WITHOUT_NPM"):
        pytest.skip("VERKAN_TESTS_WITHOUT_NPM is set: axe did not look at the pages")
    if not AXE.is_file():
        pytest.fail("axe-core is not there: `make test` installs it (npm install in tests/clients)")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the made-up company in it; built once, however many workers run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    built = shared / "demo-company"
    with (shared / "demo-company.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (built / "verkan.db").is_file():
            _build(built)
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(built, home)
    return home


def _build(home: Path) -> None:
    partial = home.with_name("demo-company-partial")
    subprocess.run([VERKAN, "--home", partial, "demo", "--no-serve"], check=True, timeout=240)
    partial.rename(home)


@pytest.fixture(scope="session")
def demo(demo_home: Path) -> Iterator[Served]:
    """A running server that shows the made-up company."""
    with serving(load({"home": str(demo_home)})) as running:
        yield running


@pytest.fixture
def fresh(make_settings: Callable[..., Settings]) -> Iterator[Served]:
    """A running server with nothing in it."""
    with serving(make_settings("sqlite")) as running:
        yield running
