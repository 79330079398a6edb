"""Every commit waits for the disk. A kill cannot show it, for what was written outlives the writer
in the kernel; so the calls themselves are counted.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from posting import STATEMENTS, a_statement
from restarting import Mortal, OwnPostgres, descendants, needed

from lrs.settings import Settings

POSTS = 25
pytestmark = pytest.mark.slow


@contextmanager
def _syncs(processes: list[int], told: Path) -> Iterator[list[str]]:
    """Yield a list that, at the end, holds each call by which these processes reached the disk."""
    needed("strace", "strace")
    attached = [argument for process in processes for argument in ("-p", str(process))]
    tracer = subprocess.Popen(
        ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", told, *attached],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tracer.stderr is not None
    for _ in processes:
        line = tracer.stderr.readline()
        if "attached" not in line:
            tracer.kill()
            tracer.wait()
            pytest.skip(f"no process may be traced here: {line.strip()}")
    calls: list[str] = []
    yield calls
    tracer.send_signal(signal.SIGINT)
    tracer.stderr.read()
    tracer.stderr.close()
    tracer.wait()
    calls += re.findall(r"f(?:data)?sync\(\d+<([^>]+)>", told.read_text())


def test_sqlite_reaches_the_disk_at_each_commit(
    durable_settings: Callable[..., Settings], mortal: Callable[[Settings], Mortal], tmp_path: Path
) -> None:
    store = mortal(durable_settings("sqlite"))
    with _syncs([store.process.pid], tmp_path / "trace") as calls:
        _post(store)
    wal = [path for path in calls if path.endswith(".db-wal")]
    assert len(wal) >= POSTS, calls


def test_postgresql_reaches_the_disk_at_each_commit(
    own_postgres: OwnPostgres,
    durable_settings: Callable[..., Settings],
    mortal: Callable[[Settings], Mortal],
    tmp_path: Path,
) -> None:
    store = mortal(durable_settings("postgresql"))
    _post(store)
    with _syncs([own_postgres.pid, *descendants(own_postgres.pid)], tmp_path / "trace") as calls:
        _post(store)
    wal = [path for path in calls if f"{os.sep}pg_wal{os.sep}" in path]
    assert len(wal) >= POSTS, calls


def _post(store: Mortal) -> None:
    """Post one after another, so that no two commits share a call."""
    for _ in range(POSTS):
        assert store.served.ask("POST", STATEMENTS, a_statement()).status == 200
