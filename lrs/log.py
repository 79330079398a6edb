"""What is written to the log, and what never is.

One line an event on standard error: JSON for machines, plain on a terminal. No line carries a
secret, an address of a person, a body or a query string (`trust.md`, "logs, traces, errors"): what
a request named is told by its route, who sent it by the name of its key. The message of an error we
did not foresee may quote data, so only its type and the lines it passed through are logged.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from lrs.settings import Settings

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


_held = threading.local()


@contextlib.contextmanager
def in_one_piece() -> Iterator[None]:
    """Write what this thread logs until the end at once then, and not line by line."""
    if getattr(_held, "lines", None) is not None:
        yield
        return
    lines = _held.lines = []
    try:
        yield
    finally:
        _held.lines = None
        _write("".join(lines))


def _write(text: str) -> None:
    # A log on a full disk, or that nobody reads any more, must not fail what it tells of.
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


class _StandardError:
    """Writes to whatever standard error is now; tests and daemons change it."""

    def msg(self, message: str) -> None:
        lines: list[str] | None = getattr(_held, "lines", None)
        if lines is None:
            _write(message + "\n")
        else:
            lines.append(message + "\n")

    log = debug = info = warning = error = critical = exception = msg


class _FromLibraries(logging.Handler):
    """Gives what libraries log the same form. Their messages may quote data, so arguments go out."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        log = structlog.get_logger(record.name)
        log.log(
            record.levelno,
            str(record.msg),
            logger=record.name,
            **(fault_fields(fault) if fault else {}),
        )


def configure(settings: Settings) -> None:
    """Set up logging for this process."""
    level = _LEVELS.get(settings.log_level, logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_empty,
            _renderer(settings.log_format),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _FromLibraries)]
    root.addHandler(_FromLibraries())
    root.setLevel(logging.WARNING)
    # It warns whenever a request waits for a thread, which under load is every request.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _renderer(log_format: str) -> Processor:
    plain = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    if plain:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    return structlog.processors.JSONRenderer()


def _without_empty(_logger: object, _name: str, event: EventDict) -> EventDict:
    return {name: value for name, value in event.items() if value is not None}


def fault_fields(fault: BaseException) -> dict[str, Any]:
    """Return an error as log fields: its type, and where it passed, innermost last."""
    steps = traceback.extract_tb(fault.__traceback__)
    ours = [step for step in steps if not _is_of_a_library(step.filename)]
    cause = fault.__cause__
    return {
        "fault": type(fault).__name__,
        "cause": type(cause).__name__ if cause else None,
        "at": [f"{_short(s.filename)}:{s.lineno} {s.name}" for s in [*ours[-8:], steps[-1]]]
        if steps
        else [],
    }


def _is_of_a_library(filename: str) -> bool:
    _, installed, module = filename.partition("site-packages/")
    return bool(installed) and not module.startswith(("lrs/", "connectors/", "analytics/"))


def _short(filename: str) -> str:
    return "/".join(PurePath(filename).parts[-2:])
