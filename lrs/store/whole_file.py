"""Files that appear under their name when they are whole, on the disk, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lrs.errors import BadInput


@contextmanager
def written_whole(out: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """Yield a file that gets its name at the end; ``private``: only its owner may read it."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
        _keep_name(out)
    except OSError as exc:
        raise BadInput(f"the file cannot be written: {exc.strerror}", where=str(out)) from exc
    finally:
        part.unlink(missing_ok=True)


def _keep_name(out: Path) -> None:
    """A name is on the disk when its folder is."""
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
