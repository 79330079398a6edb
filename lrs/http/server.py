"""The built-in web server: waitress, with patience that ends.

Hundreds of slow senders cost nothing but their connections (`lrs.http.connection`), and connections
are not without number. So a peer that takes a minute for a request, or is silent for two, is let
go; and when nearly all connections are taken, whoever is slow or silent makes room after seconds,
so that a quick request still gets in. One of several processes leaves a new connection to one that
holds fewer (`lrs.evenly`).
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, cast

import structlog
from waitress import wasyncore
from waitress.server import create_server

from lrs.evenly import Share
from lrs.http.connection import Connection, Patience
from lrs.http.dispatching import Dispatcher
from lrs.http.plain_writes import PlainWrites
from lrs.log import fault_fields
from lrs.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_STOP_S = 15.0
_CALM = Patience(request_s=60, silent_s=120)
_CROWDED = Patience(request_s=5, silent_s=5)
_CROWDED_FROM = 0.9
_LOOK_EACH_S = 1.0
_FOREVER_S = 10 * 365 * 86_400
_LEFT_S = 0.02
"""For how long a connection is left to others: they may be in the middle of a batch."""
_TAKEN_AT_ONCE = 16
"""Connections that nobody else took; so even beside a process that hangs there is no crowd."""
_log = structlog.get_logger("lrs.http")


class Server:
    """Serves an application on a listening socket until told to stop."""

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        listening: socket.socket,
        share: Share | None = None,
    ) -> None:
        """``share`` is this process's, where several serve."""
        self._stopping = False
        self._share = share
        self._left_until: float | None = None
        """When what was left to others is taken after all."""
        self._limit = settings.connection_limit
        self._looked_at = 0.0
        self._map: dict[int, Any] = {}
        self._is_behind = False
        """Whether something is left to do before others are waited for."""
        dispatcher = None
        if isinstance(app, PlainWrites):
            dispatcher = Dispatcher(app)
            dispatcher.set_thread_count(settings.threads)
        self._dispatcher = dispatcher
        self._server = cast(
            Any,
            create_server(
                app,
                _dispatcher=dispatcher,
                map=self._map,
                sockets=[listening],
                threads=settings.threads,
                connection_limit=settings.connection_limit,
                max_request_body_size=settings.max_body_bytes + 1,  # waitress refuses what is equal
                recv_bytes=1 << 16,
                inbuf_overflow=1 << 20,
                # An answer is whole in memory already: on disk it would need room to be read, and
                # over the watermark it would hold its thread for as long as the reader is slow.
                outbuf_overflow=1 << 24,
                outbuf_high_watermark=1 << 30,
                # Its own patience goes by the clock on the wall, which may be set.
                channel_timeout=_FOREVER_S,
                log_socket_errors=False,
                # select() knows no file past the 1024th.
                asyncore_use_poll=True,
                # Whether a proxy stands between is what tells a reader on this machine from others.
                clear_untrusted_proxy_headers=False,
                ident=None,
            ),
        )
        self._server.channel_class = Connection
        if dispatcher is not None:
            wake = self._server.pull_trigger
            self._server.pull_trigger = dispatcher.join(self._map, wake)
        self._accept = self._server.handle_accept
        self._server.handle_accept = self._accept_or_leave
        self._tell()

    def run(self) -> None:
        """Serve until `stop`; then finish what was begun, within seconds."""
        while not self._stopping:
            self._turn(1.0)
        self._stop_listening()
        deadline = time.monotonic() + _STOP_S
        while self._busy() and time.monotonic() < deadline:
            self._turn(0.1)
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """Begin to stop; may be called from a signal or another thread."""
        self._stopping = True
        self._server.pull_trigger()

    def _turn(self, timeout_s: float) -> None:
        if self._left_until is not None:
            timeout_s = min(timeout_s, max(0.0, self._left_until - time.monotonic()))
        if self._is_behind:
            timeout_s = 0.0
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._map, count=1)
        self._is_behind = self._dispatcher is not None and self._works(self._dispatcher)
        now = time.monotonic()
        if self._left_until is not None and now >= self._left_until:
            self._take_what_is_left()
        self._tell()
        if now - self._looked_at >= _LOOK_EACH_S:
            self._looked_at = now
            self._let_go()

    def _works(self, dispatcher: Dispatcher) -> bool:
        """Do what needs no other thread; return whether some of it is left."""
        try:
            return dispatcher.work()
        except Exception as exc:
            # Nobody foresaw it of some request; the others are to be answered.
            _log.error("work_failed", **fault_fields(exc))
            return False

    def _accept_or_leave(self) -> None:
        """Take a new connection, or listen no more for a moment."""
        if self._share is not None and self._share.is_large():
            self._server.accepting = False
            self._left_until = time.monotonic() + _LEFT_S
            return
        self._accept()
        self._tell()

    def _take_what_is_left(self) -> None:
        self._left_until = None
        self._server.accepting = True
        for _ in range(_TAKEN_AT_ONCE):
            if len(self._map) < self._limit:
                self._accept()  # nothing happens if none is left

    def _tell(self) -> None:
        if self._share is not None:
            self._share.tell(len(self._server.active_channels))

    def _let_go(self) -> None:
        """Close the connections whose peers are overdue."""
        crowded = len(self._map) >= self._limit * _CROWDED_FROM
        patience = _CROWDED if crowded or self._stopping else _CALM
        overdue = [each for each in self._connections() if each.is_overdue(patience)]
        for each in overdue:
            each.will_close = True
        if overdue and crowded:
            _log.warning("slow_peers_let_go", number=len(overdue), of=len(self._map))

    def _connections(self) -> list[Connection]:
        return list(self._server.active_channels.values())

    def _stop_listening(self) -> None:
        self._left_until = None
        self._server.accepting = False
        self._server.del_channel()
        self._server.socket.close()

    def _busy(self) -> bool:
        """Close the connections where nothing is under way; tell whether others are left."""
        for each in self._connections():
            if each.is_idle() and not each.close_when_flushed:
                each.will_close = True
        return bool(self._server.active_channels)
