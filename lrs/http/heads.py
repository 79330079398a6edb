"""Reads the heads of requests; what a sender says the same each time is read once.

The requests of a sender differ by a few values: how long the body is, its secret, perhaps an id. So a head
is known again by its bytes but for those values, which are filled in anew. No secret is kept: a head
with a cookie, or that says anything beyond the plainest, is read as waitress reads it, each time.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver

from lrs.recent import Recent

_VARY = re.compile(
    rb"\r\n(content-length|authorization|x-request-id|traceparent): ([!-~]+(?: [!-~]+)*)(?=\r\n)",
    re.IGNORECASE,
)
"""Written in the plainest way: one space behind the colon, and none at the end."""
_LENGTH = "CONTENT_LENGTH"
_LONGEST, _MOST = 2_000, 500
_FOLDS = (b"\r\n ", b"\r\n\t")
_SECRETS = (b"authorization", b"cookie")
"""In the names of headers whose values are not to be kept."""
_Around = tuple[bytes, ...]
"""The bytes of a head but for what varies, and the names of that, in turn."""


class _Known(NamedTuple):
    """What a head comes to, but for what varies."""

    read: dict[str, Any]
    headers: dict[str, str]


_known: Recent[_Around, _Known] = Recent(_MOST)


class HeadParser(HTTPRequestParser):
    """Reads one request."""

    headers: Any
    content_length: int
    body_rcv: Any
    adj: Any

    def parse_header(self, header_plus: bytes) -> None:
        """Read a head; raises what waitress does."""
        parts = _VARY.split(header_plus)
        values = parts[2::3]
        del parts[2::3]
        around = tuple(parts)
        known = _known.get(around)
        if known is None or not self._is_read_as(known, parts[1::2], values):
            self._read(header_plus, around)

    def _is_read_as(self, known: _Known, names: list[bytes], values: list[bytes]) -> bool:
        """Take over what is known of a head with these values, if they may stand there."""
        headers = dict(known.headers)
        for name, value in zip(names, values, strict=True):
            headers[_named(name)] = value.decode("ascii")
        length = headers.get(_LENGTH, "0")
        if not length.isdigit() or len(length) > 12:
            return False
        vars(self).update(known.read)
        self.headers = headers
        self.content_length = int(length)
        if self.content_length:
            buffer = OverflowableBuffer(self.adj.inbuf_overflow)
            self.body_rcv = FixedStreamReceiver(self.content_length, buffer)
        return True

    def _read(self, head: bytes, around: _Around) -> None:
        before = {*vars(self)}
        super().parse_header(head)
        read = {name: value for name, value in vars(self).items() if name not in before}
        read.pop("content_length", None)
        read.pop("body_rcv", None)
        if self._is_plain(head, around):
            vary = {_named(name) for name in around[1::2]}
            headers = {name: value for name, value in self.headers.items() if name not in vary}
            _known.put(around, _Known(read, headers))

    def _is_plain(self, head: bytes, around: _Around) -> bool:
        """Return whether what was read now may be taken over for another with other values."""
        said: Any = self
        names = [name.lower() for name in around[1::2]]
        line, _, _ = head.partition(b"\r\n")
        return not (
            len(head) > _LONGEST
            or b"?" in line  # most of those never come again
            or any(fold in head for fold in _FOLDS)
            or len({*names}) < len(names)
            or said.chunked
            or said.expect_continue
            or any(secret in text.lower() for text in around[::2] for secret in _SECRETS)
        )


def _named(name: bytes) -> str:
    """Return how the name of a header is written in the environment."""
    return name.upper().replace(b"-", b"_").decode("ascii")
