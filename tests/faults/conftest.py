"""What the tests of faults stand on: places of their own, which may be killed, filled and stopped."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from restarting import Mortal, OwnPostgres

from lrs.settings import Settings, load
from lrs.store import migrate

TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnPostgres]:
    """A PostgreSQL for the tests of faults alone, so that it may be stopped and killed."""
    server = OwnPostgres(tmp_path_factory.mktemp("own") / "postgres")
    home = tmp_path_factory.mktemp("home")
    url = server.new_database(TEMPLATE)
    migrate.open_database({"home": str(home), "database_url": url}).close()
    yield server
    server.stop()


@pytest.fixture
def durable_settings(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], tmp_path: Path
) -> Callable[..., Settings]:
    """Return ``f(kind, **settings)``: settings of a database that brings commits to the disk."""

    def make(kind: str, **given: str | int) -> Settings:
        if kind == "sqlite":
            return make_settings(kind, **given)
        server: OwnPostgres = request.getfixturevalue("own_postgres")
        url = server.new_database(f"test_{uuid.uuid4().hex}", f"TEMPLATE {TEMPLATE}")
        (tmp_path / "home").mkdir()
        return load({"home": str(tmp_path / "home"), "database_url": url, **given})

    return make


@pytest.fixture
def mortal() -> Iterator[Callable[..., Mortal]]:
    """Return ``f(settings)``: a server that may be killed and begun again."""
    with ExitStack() as stack:

        def make(settings: Settings, **named: str) -> Mortal:
            made = Mortal(settings, **named)
            stack.callback(made.stop)
            return made

        yield make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return ``f(size in kB)``: a folder on a disk of its own that is no larger."""
    mounted: list[Path] = []
    tmp_path.chmod(0o755)  # PostgreSQL may be of another user

    def make(kilobytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount a small disk")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
