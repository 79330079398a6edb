"""The factory of the web application: the host that every plug-in's routes are put in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field

from flask import Flask, current_app

from lrs import log, plugins
from lrs.access.limits import Limits
from lrs.access.origins import OriginBook
from lrs.access.ring import KeyRing
from lrs.access.tokens import Tokens
from lrs.settings import Settings, load
from lrs.store.database import Database


@dataclass(frozen=True, slots=True)
class Verkan:
    """What a request has at hand."""

    settings: Settings
    database: Database
    keys: KeyRing
    origins: OriginBook
    tokens: Tokens
    reading: AbstractContextManager[object]
    """The turn of whoever reads statements."""
    limits: Limits = field(default_factory=Limits)
    bounds: dict[int, tuple[float, int]] = field(default_factory=dict)
    """By tenant: when its consistent-through bound was read, and what it was."""
    on_stored: list[Callable[[], None]] = field(default_factory=list)
    """Called when a plain write was stored past the application (`lrs.http.plain_writes`)."""


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """Return the application on that database; without one, on the one the settings name."""
    from lrs.http import alternate, arguments, errors, plain_writes, tracing

    settings = settings or load()
    database = database or _opened(settings)
    app = Flask("lrs", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.url_map.merge_slashes = False  # two slashes are no other address's, so nobody is sent there
    app.json.sort_keys = False  # type: ignore[attr-defined]  # our forms have an order
    keys = KeyRing(database, settings)
    tokens = Tokens(keys, settings.secret_bytes(), settings.token_lifetime_s)
    app.extensions["verkan"] = Verkan(
        settings, database, keys, OriginBook(database), tokens, _turn_of_readers(database)
    )
    log.configure(settings)
    tracing.install(app)
    errors.install(app)
    app.before_request(arguments.refuse_nul)
    with app.app_context():
        for target in plugins.each("routes"):
            plugins.load(target)(app)
    is_wrapped = "wsgi_app" in vars(app)  # by a plug-in, past which nothing is to go
    whole = alternate.AlternateSyntax(app.wsgi_app, settings.max_body_bytes)
    app.wsgi_app = whole if is_wrapped else plain_writes.PlainWrites(app, whole)  # type: ignore[method-assign]
    return app


def _turn_of_readers(database: Database) -> AbstractContextManager[object]:
    """Return the turn, which on SQLite is one thread's at a time.

    There reading is this process's own work, and threads that do it at once only take the
    interpreter from each other at every step: they gave half as many pages together.
    """
    return threading.Lock() if database.is_sqlite else nullcontext()


def host() -> Verkan:
    """Return what the current application stands on."""
    found: Verkan = current_app.extensions["verkan"]
    return found


def _opened(settings: Settings) -> Database:
    from lrs.store.migrate import open_database

    return open_database(asdict(settings))
