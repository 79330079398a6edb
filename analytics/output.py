"""Where a command puts what it made: a file, or the screen."""

from __future__ import annotations

from pathlib import Path

import click

from lrs.errors import BadInput


def put(out: str, text: str) -> None:
    """Write a text to the file named, or to the screen for ``-``."""
    if out == "-":
        click.echo(text, nl=False)
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise BadInput(f"cannot write the file: {exc.strerror}", where=out) from exc
