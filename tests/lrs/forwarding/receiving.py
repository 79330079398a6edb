"""A small real HTTP server that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from lrs.xapi.multipart import Part

ON_ONE_KIND = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""Marks what does not hang on the database."""
SECRET = "a secret of the tests"
CLOSE = "close"
"""Closes the connection without an answer."""


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """What is answered."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"[]"


Answering = Callable[[Asked], "Said | str"]


class Receiver(http.server.ThreadingHTTPServer):
    """Answers by what ``then`` holds, one after the other, and from then on by ``answering``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.then: list[Said | str] = []
        self.answering: Answering = lambda _: Said()
        self.came = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, asked: Asked) -> Said | str:
        with self.came:
            self.asked.append(asked)
            said = self.then.pop(0) if self.then else self.answering(asked)
            self.came.notify_all()
        return said

    def wait_for(self, number: int) -> list[Asked]:
        """Wait until so many requests came."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.asked) >= number, 20), len(self.asked)
            return list(self.asked)

    def statements(self) -> list[str]:
        """The ids of all statements that came, in order, those of refused requests too."""
        found = [asked.json for asked in self.asked if asked.method == "POST"]
        lists = [each["statements"] if isinstance(each, dict) else each for each in found]
        return [one["id"] for each in lists for one in each]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
        said = self.server.answer(asked)
        if isinstance(said, str):
            self.close_connection = True
            return
        self.send_response_only(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def attached(content: bytes) -> tuple[Part, dict[str, Any]]:
    """An attachment, and what a statement says of it."""
    part = Part(hashlib.sha256(content).hexdigest(), "text/plain", content)
    said = {
        "usageType": "https://example.org/file",
        "display": {"en": "A file"},
        "contentType": part.content_type,
        "length": len(content),
        "sha2": part.sha2,
    }
    return part, said


def until(met: Callable[[], object], patience_s: float = 20) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience_s
    while not met():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)
