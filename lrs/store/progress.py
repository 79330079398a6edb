"""How far a command is, for whoever watches it in a terminal; for anyone else, nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE_S = 2.0


@contextmanager
def shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield ``f(done, of)``; a bar appears when the work takes longer than two seconds."""
    if not sys.stderr.isatty():
        yield _nobody_looks
        return
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(what)
    begun = time.monotonic()

    def tell(done: int, of: int) -> None:
        if not bar.live.is_started and time.monotonic() - begun > _PATIENCE_S:
            bar.start()
        bar.update(task, completed=done, total=of or None)

    try:
        yield tell
    finally:
        bar.stop()


def _nobody_looks(_done: int, _of: int) -> None:
    pass
