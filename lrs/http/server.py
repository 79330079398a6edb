"""The built-in web server: waitress, with four things mended.

It reads a whole request before a thread is taken, so hundreds of slow senders cost nothing
(`trust.md`, "400 slow clients"). Mended here:

- its own refusals (a body over the limit, a broken header) take the one JSON form;
- a sender of a body over the limit gets to read the refusal: closing at once, with bytes still
  under way, would reset the connection and throw the answer away. So the answer is sent, and what
  still comes is read and dropped for a while (RFC 9112, 9.6);
- a sender that asks first (``Expect: 100-continue``) is not told to go on with such a body;
- an answer without a body (204, to each PUT) does not close the connection.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from typing import TYPE_CHECKING, Any, cast

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ErrorTask, WSGITask

from lrs import errors
from lrs.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_DRAIN_S = 10.0
_STOP_S = 15.0


class _Parser(HTTPRequestParser):
    """Reads one request."""

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.error:
            self.expect_continue = False
        return consumed


class _Refusal(ErrorTask):
    """Answers a request that the server itself refuses."""

    # What waitress' stubs leave out is typed as Any, here and below.
    channel: Any
    request: Any
    response_headers: Any

    def execute(self) -> None:
        error = _refusal(self.request.error.code, self.channel.adj.max_request_body_size - 1)
        body = json.dumps(error.as_json(secrets.token_hex(8))).encode()
        self.status = f"{self.request.error.code} {self.request.error.reason}"
        self.response_headers.extend(
            [
                ("Content-Type", "application/json"),
                # A page of any origin may read why its post was refused, as in `lrs.http.cors`.
                ("Access-Control-Allow-Origin", "*"),
            ]
        )
        self.set_close_on_finish()
        self.channel.draining = True
        self.content_length = len(body)
        self.write(body)


def _refusal(status: int, limit: int) -> errors.VerkanError:
    if status == 413:
        return errors.TooLarge(
            f"the body is larger than {limit} bytes",
            where="body",
            hint="send fewer statements at a time, or raise max_body_bytes",
        )
    if status == 431:
        return errors.BadInput("the headers are too large", hint="send shorter headers")
    if status >= 500:
        return errors.Internal("the server made a mistake", hint="try again, and report it")
    return errors.BadInput("this is not a whole HTTP request", hint="is a proxy in the way?")


class _Answer(WSGITask):
    """Answers a request by the application."""

    request: Any

    def set_close_on_finish(self) -> None:
        asked_to = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.version == "1.1" and not asked_to and self.status[:3] in ("204", "304"):
            return  # waitress would close for want of a Content-Length, which a 204 never has
        super().set_close_on_finish()


class _Channel(HTTPChannel):
    """One connection."""

    parser_class = _Parser
    task_class = _Answer
    error_task_class = _Refusal
    socket: Any
    _flush_exception: Any
    _flush_some: Any

    draining = False
    """Whether, after the answer, what still comes is to be dropped before the connection closes."""
    _drained_by: float | None = None

    def handle_write(self) -> None:
        if self.draining and self.close_when_flushed and self._drained_by is None:
            self._flush_exception(self._flush_some)
            if not self.total_outbufs_len and not self.will_close:
                self._begin_to_drain()
                return
        super().handle_write()

    def _begin_to_drain(self) -> None:
        self.close_when_flushed = False
        self._drained_by = time.monotonic() + _DRAIN_S
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # the sender has gone
            self.will_close = True

    def received(self, data: bytes) -> bool:
        if self._drained_by is None:
            taken: bool = super().received(data)
            return taken
        if time.monotonic() > self._drained_by:
            self.will_close = True
        return False


class Server:
    """Serves an application on a listening socket until told to stop."""

    def __init__(self, app: WSGIApplication, settings: Settings, listening: socket.socket) -> None:
        self._stopping = False
        self._map: dict[int, Any] = {}
        self._server = cast(
            Any,
            create_server(
                app,
                map=self._map,
                sockets=[listening],
                threads=settings.threads,
                connection_limit=settings.connection_limit,
                max_request_body_size=settings.max_body_bytes + 1,  # waitress refuses what is equal
                recv_bytes=1 << 16,
                inbuf_overflow=1 << 20,
                channel_timeout=120,
                log_socket_errors=False,
                # select() knows no file past the 1024th.
                asyncore_use_poll=True,
                # Whether a proxy stands between is what tells a reader on this machine from others.
                clear_untrusted_proxy_headers=False,
                ident=None,
            ),
        )
        self._server.channel_class = _Channel

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
        wasyncore.loop(timeout=timeout_s, use_poll=True, map=self._map, count=1)

    def _stop_listening(self) -> None:
        self._server.accepting = False
        self._server.del_channel()
        self._server.socket.close()

    def _busy(self) -> bool:
        """Close the connections where nothing is under way; tell whether others are left."""
        for channel in list(self._server.active_channels.values()):
            idle = not (channel.requests or channel.request or channel.total_outbufs_len)
            if idle and not channel.close_when_flushed:
                channel.will_close = True
        return bool(self._server.active_channels)
