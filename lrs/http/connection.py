"""One connection of the built-in server: how a request is read, answered, and how long it may take.

waitress reads a whole request before a thread is taken, so hundreds of slow senders cost nothing
(`trust.md`, "400 slow clients"). Mended here:

- its own refusals (a body over the limit, a broken header) take the one JSON form;
- a sender of a body over the limit gets to read the refusal: closing at once, with bytes still
  under way, would reset the connection and throw the answer away. So the answer is sent, and what
  still comes is read and dropped for a while (RFC 9112, 9.6);
- a sender that asks first (``Expect: 100-continue``) is not told to go on with such a body;
- a large body is kept on disk while it comes in: when that is full, the sender is told so;
- an answer without a body (204, to each PUT) does not close the connection;
- how long a peer has kept the server waiting is known, by a clock that nobody sets.
"""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error, build_http_date

from lrs import errors
from lrs.http.heads import HeadParser
from lrs.http.plain_writes import Answer, Asked, asked

_DRAIN_S = 10.0
_SMALL_BYTES = 1 << 17
"""What takes longer to look at has a thread of its own, so that no small one waits for it."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_LEAST_BYTES_PER_S = 500


class Patience(NamedTuple):
    """How many seconds a peer may take for a request, and may be silent."""

    request_s: float
    silent_s: float


class _NoRoom(Error):
    code = 507
    reason = "Insufficient Storage"


class _Parser(HeadParser):
    """Reads one request."""

    def received(self, data: bytes) -> int:
        try:
            consumed: int = super().received(data)
        except OSError as exc:  # of the file that a large body is kept in
            self.error = _NoRoom(exc.strerror or "")
            self.completed = True
            return len(data)
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
        if error.status in errors.RETRY_AFTER_S:
            self.response_headers.append(("Retry-After", str(errors.RETRY_AFTER_S[error.status])))
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
    if status == 507:
        return errors.StoreFull(
            "no room left on the disk for a body of this size",
            where="body",
            hint="free some room, or send fewer statements at a time",
        )
    if status >= 500:
        return errors.Internal("the server made a mistake", hint="try again, and report it")
    return errors.BadInput("this is not a whole HTTP request", hint="is a proxy in the way?")


class _Answer(WSGITask):
    """Answers a request by the application."""

    request: Any

    def set_close_on_finish(self) -> None:
        has_no_body = self.status[:3] in ("204", "304")
        if self.version == "1.1" and has_no_body and not _asks_to_close(self.request):
            return  # waitress would close for want of a Content-Length, which a 204 never has
        super().set_close_on_finish()

    def get_environment(self) -> Any:
        """Tell the application, too, what was found out before it was asked."""
        environ = cast(Any, super()).get_environment()
        connection = cast(Connection, self.channel)
        environ.update(connection.passed_on)
        connection.passed_on = _NOTHING
        return environ

    def write(self, data: bytes) -> None:
        """Send the head of an answer together with its body: to send twice wakes the peer twice."""
        length = self.content_length
        if self.wrote_header or not self.has_body or length is None or not 0 < len(data) <= length:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written += len(data)
        self.channel.write_soon(head + data)


class _Given(_Answer):
    """Gives an answer that is there already, after which the connection may have to be closed."""

    response_headers: Any
    complete = True

    def __init__(self, connection: Connection, request: Any, given: Answer) -> None:
        super().__init__(connection, request)
        self._given = given

    def execute(self) -> None:
        self.status, self.response_headers = self._given.status, self._given.headers
        self.content_length = len(self._given.body)
        self.write(self._given.body)


class _GivenAtOnce:
    """Gives an answer that is there already, on a connection that stays open.

    What waitress makes of an answer, header by header, took longer than all else about giving one.
    """

    close_on_finish = False
    wrote_header = True

    def __init__(self, connection: Connection, request: Any, given: Answer) -> None:
        self.request = request
        self._connection = connection
        self._given = given

    def service(self) -> None:
        """Send it."""
        written = self._given.written(_date(int(time.time())))
        cast(Any, self._connection).write_soon(written)


_date = lru_cache(maxsize=2)(build_http_date)


def _task(connection: Connection, request: Any) -> _Answer | _GivenAtOnce:
    given, connection.given = connection.given, None
    if given is None:
        return _Answer(connection, request)
    stays = request.version == "1.1" and not _asks_to_close(request)
    return (_GivenAtOnce if stays else _Given)(connection, request, given)


def _asks_to_close(request: Any) -> bool:
    asked: str = request.headers.get("CONNECTION", "")
    return asked.lower() == "close"


class Connection(HTTPChannel):
    """One connection, from the first byte to the last."""

    parser_class = _Parser
    task_class = cast(Any, staticmethod(_task))
    error_task_class = _Refusal
    socket: Any
    requests: Any
    request: Any
    total_outbufs_len: Any
    _flush_exception: Any

    given: Answer | None = None
    """The answer to the next request, where that is there already."""
    passed_on: Mapping[str, Any] = _NOTHING
    """What is told the application beside the next request."""
    draining = False
    """Whether, after the answer, what still comes is to be dropped before the connection closes."""
    _drained_by: float | None = None
    _moved_at = 0.0
    """When a byte last came or went."""
    _begun: tuple[Any, float] = (None, 0.0)
    """The request that is only in part here, and when it began."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._moved_at = time.monotonic()

    def said_plainly(self) -> Asked | None:
        """Return what the next request says beside its body, if it may be plain."""
        request = self.requests[0]
        if request.error or request.body_rcv is None or len(request.body_rcv) > _SMALL_BYTES:
            return None
        return asked(request.command, request.path, request.query, request.headers.get)

    def body(self) -> bytes:
        """Return the body of the next request, which stays to be read."""
        found: bytes = self.requests[0].body_rcv.getbuf().get(_SMALL_BYTES)
        return found

    def give(self, answer: Answer) -> None:
        """Answer the next request, and go on to the one behind it."""
        self.given = answer
        cast(Any, self).service()

    def is_idle(self) -> bool:
        """Return whether nothing is under way."""
        return not (self.requests or self.request or self.total_outbufs_len)

    def is_overdue(self, patience: Patience) -> bool:
        """Return whether the peer, and not the server, has let the other wait for too long."""
        if self.requests:
            return False
        now = time.monotonic()
        request, begun_at = self._begun
        if request is not None and request is self.request:
            paid_s = request.body_bytes_received / _LEAST_BYTES_PER_S
            if now - begun_at - paid_s > patience.request_s:
                return True
        return now - self._moved_at > patience.silent_s

    def handle_read(self) -> None:
        super().handle_read()
        self._moved_at = time.monotonic()
        if self.request is not self._begun[0]:
            self._begun = (self.request, self._moved_at)

    def _flush_some(self, do_close: bool = True) -> bool:
        sent: bool = cast(Any, super())._flush_some(do_close)
        if sent:
            self._moved_at = time.monotonic()
        return sent

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
