"""Peers that are slow, silent, or gone in the middle: they cost themselves, and nobody else."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from posting import STATEMENTS, a_statement, stored_ids
from restarting import until
from serving import Served

from lrs.http import server as built_in
from lrs.http.connection import Patience
from lrs.http.server import Server
from lrs.settings import load

Serve = Callable[..., Served]
NOT_AT_ALL = Patience(request_s=0.05, silent_s=0.05)


def _opened(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(sent)
    return connection


def _head(served: Served, length: int, address: str = STATEMENTS, method: str = "POST") -> bytes:
    lines = [f"{method} {address} HTTP/1.1", "Host: x", f"Content-Length: {length}"]
    signed = {**served.headers, "Content-Type": "application/json"}
    lines += [f"{name}: {value}" for name, value in signed.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _is_closed(connection: socket.socket) -> bool:
    """Wait until the other side closes."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


# Gone in the middle


def test_a_sender_that_is_gone_in_the_middle_has_stored_nothing(serve_on: Serve) -> None:
    served = serve_on("sqlite", log_level="warning")
    body = json.dumps([a_statement() for _ in range(50)]).encode()
    for cut in (1, len(body) // 2, len(body) - 1):
        for reset in (False, True):
            connection = _opened(served.settings.port, _head(served, len(body)) + body[:cut])
            if reset:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
    assert stored_ids(served) == []
    assert [line for line in served.log_lines() if line.get("fault")] == []


def test_a_sender_that_does_not_wait_for_the_answer_may_send_again(serve_on: Serve) -> None:
    served = serve_on("sqlite", log_level="warning")
    sent = [a_statement() for _ in range(20)]
    body = json.dumps(sent).encode()
    _opened(served.settings.port, _head(served, len(body)) + body).close()
    until(lambda: len(stored_ids(served)) == 20)
    assert served.ask("POST", STATEMENTS, body).json == [one["id"] for one in sent]
    assert len(stored_ids(served)) == 20


def test_readers_that_do_not_read_hold_no_thread(serve_on: Serve) -> None:
    served = serve_on("sqlite", log_level="warning")
    large = [a_statement(result={"response": "x" * 900_000}) for _ in range(20)]
    assert served.ask("POST", STATEMENTS, large).status == 200
    asking = _head(served, 0, f"{STATEMENTS}?limit=500", "GET")
    with ExitStack() as stack:
        for _ in range(served.settings.threads + 2):
            stack.enter_context(_opened(served.settings.port, asking))
        assert served.ask("GET", "/health/ready").status == 200


# Too slow, and too many


@contextmanager
def _server(
    patience: Patience,
    monkeypatch: pytest.MonkeyPatch,
    *,
    crowded: Patience = NOT_AT_ALL,
    connection_limit: int = 1000,
) -> Iterator[int]:
    """Run the built-in server here, with that patience; yield its port."""
    monkeypatch.setattr(built_in, "_CALM", patience)
    monkeypatch.setattr(built_in, "_CROWDED", crowded)
    monkeypatch.setattr(built_in, "_LOOK_EACH_S", 0.0)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(app, load({"connection_limit": connection_limit}, {}), listening)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield listening.getsockname()[1]
    server.stop()
    thread.join()


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["nothing", "a head", "a body", "nothing after an answer"],
)
def test_who_is_silent_for_too_long_is_let_go(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    with _server(NOT_AT_ALL, monkeypatch) as port, _opened(port, begun) as connection:
        until(lambda: _is_closed(connection))


def test_who_trickles_is_let_go_though_never_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    trickles = Patience(request_s=0.2, silent_s=3600)
    head = b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"
    with _server(trickles, monkeypatch) as port, _opened(port, head) as connection:
        connection.settimeout(0.01)

        def closed() -> bool:
            try:
                connection.sendall(b"x")
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        until(closed)


def test_who_sends_much_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each 500 bytes of a body buy a second."""
    hurried = Patience(request_s=0.05, silent_s=3600)
    head = b"POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n"
    with _server(hurried, monkeypatch) as port, _opened(port, head + b"x" * 100_000) as connection:
        for _ in range(20):  # the server looks meanwhile
            with _opened(port, b"GET / HTTP/1.1\r\n\r\n") as other:
                assert other.recv(100)
            threading.Event().wait(0.01)
        connection.sendall(b"x")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_slow_peers_make_room_when_nearly_all_connections_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = Patience(request_s=3600, silent_s=3600)
    slow = (b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n1", b"")
    with (
        _server(patient, monkeypatch, connection_limit=30) as port,
        ExitStack() as stack,
    ):
        for number in range(100):
            stack.enter_context(_opened(port, slow[number % 3]))
        quick = stack.enter_context(_opened(port, b"GET / HTTP/1.1\r\n\r\n"))
        assert quick.recv(15) == b"HTTP/1.1 200 OK"
