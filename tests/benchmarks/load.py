"""Sends prepared requests over several connections at once and says how it went.

Threads and `http.client`, one kept connection a thread, nothing built while the clock runs.
"""

from __future__ import annotations

import base64
import http.client
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
    headers = {
        "Authorization": f"Basic {signed_in}",
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    outcome = Outcome()
    start = threading.Barrier(len(streams) + 1)
    threads = [
        threading.Thread(target=_send_stream, args=(port, headers, stream, start, outcome))
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


def _send_stream(
    port: int,
    headers: dict[str, str],
    requests: Sequence[_Request],
    start: threading.Barrier,
    outcome: Outcome,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    start.wait()
    for method, path, body in requests:
        began = time.perf_counter()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        outcome.waits.append(time.perf_counter() - began)
        outcome.statuses[answer.status] += 1
    connection.close()
