"""Sends prepared requests over several connections at once and says how it went.

Threads, one kept connection each; requests are written beforehand, and of an answer no more is read
than where it ends. A sender that did more would take the processor from the server that it measures.
"""

from __future__ import annotations

import base64
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What a load came to."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """Answers that are not 200."""
        return sum(number for status, number in self.statuses.items() if status != 200)

    def wait(self, share: float) -> float:
        """Return the time within which that share of the requests was answered."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def post(port: int, key: str, secret: str, streams: Sequence[Sequence[bytes]]) -> Outcome:
    """Post each stream's bodies one after another, all streams at once."""
    return _load(
        port,
        key,
        secret,
        [[("POST", "/xapi/statements", body) for body in stream] for stream in streams],
    )


def get(port: int, key: str, secret: str, streams: Sequence[Sequence[str]]) -> Outcome:
    """Get each stream's addresses one after another, all streams at once."""
    return _load(port, key, secret, [[("GET", path, b"") for path in stream] for stream in streams])


_Request = tuple[str, str, bytes]


def _load(port: int, key: str, secret: str, streams: Sequence[Sequence[_Request]]) -> Outcome:
    signed_in = base64.b64encode(f"{key}:{secret}".encode()).decode()
    head = (
        f"Host: 127.0.0.1:{port}\r\nAuthorization: Basic {signed_in}\r\n"
        "X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n"
    )
    outcome = Outcome()
    start = threading.Barrier(len(streams) + 1)
    threads = [
        threading.Thread(
            target=_send_stream,
            args=(port, [_written(head, *request) for request in stream], start, outcome),
        )
        for stream in streams
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    outcome.seconds = time.perf_counter() - began
    return outcome


def _written(head: str, method: str, path: str, body: bytes) -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    return f"{method} {path} HTTP/1.1\r\n{head}{length}\r\n".encode() + body


def _send_stream(
    port: int, requests: Sequence[bytes], start: threading.Barrier, outcome: Outcome
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=120) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start.wait()
        for request in requests:
            began = time.perf_counter()
            wire.sendall(request)
            status = _status(wire)
            outcome.waits.append(time.perf_counter() - began)
            outcome.statuses[status] += 1


_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_AT_ONCE = 1 << 18


def _status(wire: socket.socket) -> int:
    """Read one answer, and return its status."""
    read = _more(wire)
    while (end := read.find(b"\r\n\r\n")) < 0:
        read += _more(wire)
    length = _LENGTH.search(read, 0, end)
    if length is None:
        raise ConnectionError(f"an answer does not say how long it is: {read[:end]!r}")
    left = end + 4 + int(length[1]) - len(read)
    while left > 0:
        left -= len(_more(wire))
    return int(read[9:12])


def _more(wire: socket.socket) -> bytes:
    read = wire.recv(_AT_ONCE)
    if not read:
        raise ConnectionError("the server closed the connection in the middle of an answer")
    return read
