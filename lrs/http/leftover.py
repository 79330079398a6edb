"""What an answer left unread of its request, under a server of one's own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PIECE = 1 << 16
_LONGEST_S = 10.0


class ReadToTheEnd:
    """Stands before the application and reads what it left, up to so many bytes and for 10 s.

    Many a refusal needs no look at the body: no key, no right, too large. A server that then closes
    on a sender in the middle of it resets the connection, and the answer is lost: nginx tells its
    sender 502. So what still comes is read and dropped before the answer is sent (RFC 9112, 9.6).
    The built-in server does so by itself (`lrs.http.connection`).
    """

    def __init__(self, app: WSGIApplication, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._app(environ, start_response)
        # Past the end, an input that does not say it ends may wait for ever; and who asks first
        # (``Expect: 100-continue``) sends nothing until somebody reads.
        if environ.get("wsgi.input_terminated") and "HTTP_EXPECT" not in environ:
            self._drop(environ)
        return answer

    def _drop(self, environ: WSGIEnvironment) -> None:
        left, until = self._most_bytes, time.monotonic() + _LONGEST_S
        try:
            while left > 0 and time.monotonic() < until:
                piece = environ["wsgi.input"].read(_PIECE)
                if not piece:
                    return
                left -= len(piece)
        except OSError:
            return  # the sender has gone
