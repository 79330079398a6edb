"""Which hosts the server calls: none inside its own network, unless the administrator named it."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lrs.errors import BadInput
from lrs.forwarding import addresses
from lrs.forwarding.addresses import Allowed, checked_addresses, is_public, parse_allowed
from lrs.forwarding.calling import Caller, CallFailed, check_url

NOT_PUBLIC = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "0.0.0.0",  # noqa: S104
    "10.0.0.8",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fe80::1",
    "ff02::1",
    "localhost",
]


@pytest.mark.parametrize("host", NOT_PUBLIC)
def test_hosts_inside_are_not_called(host: str) -> None:
    with pytest.raises(BadInput) as told:
        checked_addresses(host, 443, Allowed())
    assert told.value.where == host
    assert "outgoing_hosts" in str(told.value.hint)


@pytest.mark.parametrize("host", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "100.128.0.1"])
def test_public_addresses_are_called(host: str) -> None:
    assert checked_addresses(host, 443, Allowed()) == [host]
    assert is_public(ipaddress.ip_address(host))


def _names(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", resolve)
    return asked


def test_a_name_with_one_address_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, "93.184.215.14", "10.0.0.8")
    with pytest.raises(BadInput):
        checked_addresses("lrs.example.org", 443, Allowed())


@pytest.mark.parametrize(
    ("setting", "host", "address"),
    [
        ("lrs.internal", "LRS.internal.", "10.0.0.8"),
        ("10.0.0.0/8", "lrs.internal", "10.0.0.8"),
        ("a.example, 10.0.0.8", "lrs.internal", "10.0.0.8"),
        ("fd00::/8", "lrs.internal", "fd00::1"),
        ("127.0.0.1", "lrs.internal", "::ffff:127.0.0.1"),
        ("169.254.10.1", "printer.internal", "169.254.10.1"),
    ],
)
def test_what_is_named_is_called(
    monkeypatch: pytest.MonkeyPatch, setting: str, host: str, address: str
) -> None:
    _names(monkeypatch, address)
    (found,) = checked_addresses(host, 443, parse_allowed(setting))
    assert ipaddress.ip_address(found) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    ("setting", "host", "address"),
    [
        ("lrs.internal", "other.internal", "10.0.0.8"),
        ("10.0.0.0/8", "lrs.internal", "127.0.0.1"),
        ("lrs.internal", "lrs.internal", "169.254.169.254"),
        ("lrs.internal", "lrs.internal", "::ffff:169.254.169.254"),
    ],
)
def test_what_is_not_named_is_not_called(
    monkeypatch: pytest.MonkeyPatch, setting: str, host: str, address: str
) -> None:
    _names(monkeypatch, address)
    with pytest.raises(BadInput):
        checked_addresses(host, 443, parse_allowed(setting))


@pytest.mark.parametrize("text", ["10.0.0.0/99", "*.internal", "http://lrs.internal"])
def test_a_setting_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="neither a host"):
        parse_allowed(text)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://lrs.example.org/",
        "lrs.example.org",
        "https://",
        "https://user:secret@lrs.example.org/",
        "https://lrs.example.org/#x",
        "https://lrs.example.org:99999/",
        "http://lrs.example.org/xapi",
    ],
)
def test_an_address_that_cannot_be_a_target_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as told:
        check_url(url, Allowed())
    assert told.value.where == "url"


def test_http_is_taken_for_a_host_that_is_named() -> None:
    for url in ("http://127.0.0.1:8080/xapi", "http://lrs.internal/xapi"):
        assert check_url(url, parse_allowed("127.0.0.0/8 lrs.internal")) == url


class _Peer(http.server.BaseHTTPRequestHandler):
    """Answers every request with a redirect to itself, and counts them."""

    def do_GET(self) -> None:
        counted: list[str] = self.server.counted  # type: ignore[attr-defined]
        counted.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def peer() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Peer) as server:
        server.counted = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_host_inside_gets_no_request(peer: http.server.HTTPServer) -> None:
    caller = Caller(Allowed())
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433"):
        with pytest.raises(BadInput):
            caller.ask("GET", f"http://{host}:{peer.server_port}/", headers={})
    caller.close()
    assert peer.counted == []  # type: ignore[attr-defined]


def test_a_redirect_is_answered_and_not_followed(peer: http.server.HTTPServer) -> None:
    caller = Caller(parse_allowed("127.0.0.1"))
    answer = caller.ask("GET", f"http://127.0.0.1:{peer.server_port}/first", headers={})
    caller.close()
    assert (answer.status, answer.headers["Location"]) == (302, "/elsewhere")
    assert peer.counted == ["/first"]  # type: ignore[attr-defined]


def test_the_connection_goes_to_the_address_that_was_checked(
    peer: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _names(monkeypatch, "127.0.0.1")
    caller = Caller(parse_allowed("lrs.internal"))
    caller.ask("GET", f"http://lrs.internal:{peer.server_port}/", headers={})
    caller.close()
    # The second look is at the address itself, which no answer of a name server can change.
    assert set(asked) == {"lrs.internal", "127.0.0.1"}
    assert len(peer.counted) == 1  # type: ignore[attr-defined]


def test_proxies_of_the_environment_are_not_used(
    peer: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{peer.server_port}")
    caller = Caller(Allowed())
    with pytest.raises(BadInput):
        caller.ask("GET", "http://10.0.0.8/", headers={})
    caller.close()
    assert peer.counted == []  # type: ignore[attr-defined]


class _Dripping(http.server.BaseHTTPRequestHandler):
    """Answers a byte now and then, without end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x")
                time.sleep(0.01)

    def log_message(self, *_: Any) -> None:
        pass


def test_an_answer_without_end_is_cut_off() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Dripping) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        caller = Caller(parse_allowed("127.0.0.1"), longest_s=0.2)
        with pytest.raises(CallFailed):
            caller.ask("GET", f"http://127.0.0.1:{server.server_port}/", headers={})
        caller.close()
        thread.join()


def test_nobody_there_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    caller = Caller(parse_allowed("127.0.0.1"))
    with pytest.raises(CallFailed, match="refused"):
        caller.ask("GET", f"http://127.0.0.1:{port}/", headers={})
    caller.close()
