"""`verkan demo`: the made-up company, built once and served."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.option("--port", type=int, default=None, help="Port to serve at; default 8080.")
@click.option("--no-serve", is_flag=True, help="Build it and stop.")
@click.pass_obj
def demo(given: dict[str, Any], port: int | None, no_serve: bool) -> int:
    """Build a made-up company, with a report on each of its three learning paths, and serve it.

    It comes in through the same doors as your own data would. What is there already is left as it
    is, so the command can be run again.
    """
    from analytics.demo.build import build
    from lrs.serve import listen, run
    from lrs.store.migrate import open_database

    database = open_database({**given, "port": port})
    settings = database.settings
    try:
        if not no_serve:
            listen(settings).close()  # a taken port is told before the work, not after it
        built = build(database, click.echo)
    finally:
        database.close()
    click.echo("built" if built else "the made-up company is here already")
    return 0 if no_serve else run(settings, on_ready=_tell_address)


def _tell_address(url: str) -> None:
    click.echo(f"\nThe three reports: {url}/\nStop with Ctrl-C.")
