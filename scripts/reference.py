"""Writes what the docs say about settings and commands from the code: `python scripts/reference.py`.

With ``--check`` nothing is written, and a page that differs from the code ends it with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from lrs.cli import verkan
from lrs.settings import TABLE

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- made by scripts/reference.py: begin -->", "<!-- end -->"


def settings() -> Iterator[str]:
    """Yield the table of settings."""
    yield "| setting | environment | default | what it does |"
    yield "| --- | --- | --- | --- |"
    for row in TABLE:
        default = f"`{row.default}`" if row.default != "" else "empty"
        yield f"| `{row.name}` | `VERKAN_{row.name.upper()}` | {default} | {row.help} |"


def commands() -> Iterator[str]:
    """Yield a section for each command and sub-command."""
    context = click.Context(verkan, info_name="verkan")
    yield from _options(verkan)
    for name in verkan.list_commands(context):
        yield from _command(verkan.get_command(context, name), f"verkan {name}")


def _command(command: click.Command | None, title: str) -> Iterator[str]:
    if command is None:
        raise LookupError(title)
    arguments = [p.human_readable_name for p in command.params if isinstance(p, click.Argument)]
    yield f"\n## {' '.join([title, *arguments])}\n"
    yield " ".join((command.help or "").split("\f")[0].replace("\b", "").split("\n\n")[0].split())
    yield from _options(command)
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{title} {name}")


def _options(command: click.Command) -> Iterator[str]:
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield "\n| option | what it does |\n| --- | --- |"
    for option in options:
        yield f"| `{', '.join([*option.opts, *option.secondary_opts])}` | {option.help or ''} |"


def made(page: Path, lines: Iterator[str]) -> tuple[str, str]:
    """Return the page as it is and as it should be."""
    text = page.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    return text, f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Write the pages, or tell which of them is behind the code."""
    behind = 0
    for name, lines in (("settings.md", settings()), ("commands.md", commands())):
        was, now = made(DOCS / name, lines)
        if was != now and "--check" in sys.argv:
            print(f"docs/{name} is behind the code: run `python scripts/reference.py`")
            behind = 1
        elif was != now:
            (DOCS / name).write_text(now, encoding="utf-8")
    return behind


if __name__ == "__main__":
    sys.exit(main())
