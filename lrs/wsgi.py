"""The record store for a WSGI server of one's own: the factory ``lrs.wsgi:application``.

`verkan serve` brings a server that stands in the open. Another one, or a platform that Verkan is
part of, calls the factory once in each of its processes and gets what PEP 3333 describes. Settings
come from the file and the environment, as for every command (`docs/settings.md`), but for ``host``,
``port``, ``workers``, ``threads`` and ``connection_limit``, which are the server's own.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

import click

from lrs.app import create_app
from lrs.errors import VerkanError
from lrs.forwarding import running
from lrs.garbage import give_back, look_past_what_is_loaded, look_seldom
from lrs.http.leftover import ReadToTheEnd
from lrs.settings import Settings, load
from lrs.store import checkpoints, waiting
from lrs.store.database import Database
from lrs.store.migrate import open_database
from lrs.store.recalling import recall

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_OWN_S = 0.001
"""For how long a thread may go on while another waits for the interpreter. Who stores a batch, and lets
others wait for the turn meanwhile, needs it back at each answer of the database; in Python's own 5 ms
a database has stored half a batch."""


def application() -> WSGIApplication:
    """Return the application on the database that the settings name; its process may end any time.

    Tells what is wrong with the settings or the database as the command line does, and ends the
    process, for no server knows better.
    """
    try:
        settings = load()
        served, stop = begin(settings, open_database(asdict(settings)))
    except VerkanError as exc:
        click.echo(exc.as_text(), err=True)
        sys.exit(exc.exit_code)
    atexit.register(stop)
    # A process that `multiprocessing` made does not come to what `atexit` keeps.
    Finalize(None, stop, exitpriority=0)
    return ReadToTheEnd(served, 2 * settings.max_body_bytes)


def begin(settings: Settings, database: Database) -> tuple[WSGIApplication, Callable[[], None]]:
    """Return the application, what goes on in the background begun; and what ends that, once."""
    give_back()
    sys.setswitchinterval(_OWN_S)
    app = create_app(settings, database)
    recall(database)
    ending = [
        database.close,
        checkpoints.start(database),
        waiting.start(database),
        running.start(app, database),
    ]
    look_seldom()
    look_past_what_is_loaded()

    def stop() -> None:
        while ending:
            ending.pop()()

    return app.wsgi_app, stop
