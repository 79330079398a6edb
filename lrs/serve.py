"""`verkan serve`: the record store, the pages and the API, in one process or several.

On PostgreSQL several processes may serve: they share one listening socket, opened before they are
made, and the kernel hands each connection to one of them (`record-store.md`, Server). The first
process then only watches over the others (`lrs.workers`).
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from types import FrameType

import click

from lrs import log
from lrs.access.keys import home_page
from lrs.errors import BadInput
from lrs.evenly import Held, Share
from lrs.settings import Settings, load
from lrs.store.database import Database
from lrs.workers import STOPPING, Workers

OnReady = Callable[[str], None]


@click.command()
@click.option("--host", help="Address to listen on (VERKAN_HOST; default 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (VERKAN_PORT; default 8080; 0: any).")
@click.option(
    "--workers", type=int, help="Processes (VERKAN_WORKERS; more than 1 needs PostgreSQL)."
)
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None, workers: int | None) -> int:
    """Serve the record store, the pages and the API until stopped (Ctrl-C or SIGTERM)."""
    settings = load({**(ctx.obj or {}), "host": host, "port": port, "workers": workers})
    return run(settings, on_ready=_say_where)


def _say_where(url: str) -> None:
    click.echo(f"Verkan serves {url} - tools post to {url}/xapi/ - stop with Ctrl-C")


def run(settings: Settings, *, on_ready: OnReady | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status.

    ``on_ready`` is called with the server's address, in a thread of its own, once requests are
    answered; it may make some. What it raises stops the server and is raised again.
    """
    from lrs.store.migrate import open_database

    listening = listen(settings)
    settings = replace(settings, port=listening.getsockname()[1])
    settings.secret_bytes()  # made here, if it is new, before several processes would each do so
    _allow_files(settings)
    try:
        database = open_database(asdict(settings))
        if settings.workers == 1:
            return _serve_here(settings, listening, database, on_ready)
        database.close()  # a connection must not be shared by two processes
        return _watch(settings, listening, on_ready)
    finally:
        listening.close()


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens at the address of the settings."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except (OSError, OverflowError) as exc:
        listening.close()
        raise BadInput(
            f"cannot listen: {exc.strerror if isinstance(exc, OSError) else exc}",
            where=f"{settings.host}:{settings.port}",
            hint="another program may serve there already: choose another --port",
        ) from exc
    listening.listen(1024)
    return listening


def address(settings: Settings) -> str:
    """Return the address a reader on this machine opens."""
    return home_page(replace(settings, public_url=""))


def _serve_here(
    settings: Settings,
    listening: socket.socket,
    database: Database,
    on_ready: OnReady | None = None,
    leader: int | None = None,
    share: Share | None = None,
) -> int:
    """Serve in this process; stop too when the leader's end of a pipe closes.

    ``share`` is this one's share of the connections, where several serve.
    """
    from lrs.http.server import Server
    from lrs.wsgi import begin

    app, end = begin(settings, database)
    server = Server(app, settings, listening, share)
    restore = _on_signals(server.stop)
    failed: list[BaseException] = []
    if on_ready is not None:
        _aside(lambda: on_ready(address(settings)), failed, server.stop)
    if leader is not None:
        _aside(lambda: _stop_after(leader, server.stop), failed, server.stop)
    try:
        server.run()
    finally:
        restore()
        end()
    if failed:
        raise failed[0]
    return 0


def _stop_after(leader: int, stop: Callable[[], None]) -> None:
    os.read(leader, 1)  # nothing is ever written: it returns when the other end closes
    stop()


def _aside(call: Callable[[], None], failed: list[BaseException], stop: Callable[[], None]) -> None:
    """Call something in a thread of its own; keep what it raises, and stop."""

    def kept() -> None:
        try:
            call()
        except BaseException as exc:  # raised again where the server was started
            failed.append(exc)
            stop()

    threading.Thread(target=kept, name="aside", daemon=True).start()


def _on_signals(stop: Callable[[], None]) -> Callable[[], None]:
    """Stop on SIGTERM and SIGINT; return what puts the former ways back."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def stopping(_signal: int, _frame: FrameType | None) -> None:
        stop()

    former = {number: signal.signal(number, stopping) for number in STOPPING}

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    return restore


def _allow_files(settings: Settings) -> None:
    """Raise the number of files this process may hold to what its connections need."""
    needed = settings.connection_limit * 2 + settings.threads * 8 + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        ceiling = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ceiling), hard))


def _watch(settings: Settings, listening: socket.socket, on_ready: OnReady | None) -> int:
    """Make the processes that serve, and watch over them until told to stop."""
    log.configure(settings)
    held = Held(settings.workers)

    def serve_one(leader: int, place: int) -> int:
        database, share = Database(settings), held.of(place)
        return _serve_here(settings, listening, database, leader=leader, share=share)

    workers = Workers(settings.workers, serve_one)
    restore = _on_signals(workers.stop)
    failed: list[BaseException] = []
    if on_ready is not None:
        _aside(lambda: on_ready(address(settings)), failed, workers.stop)
    status = workers.watch()
    restore()
    if failed:
        raise failed[0]
    return status
