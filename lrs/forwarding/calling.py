"""HTTP to other systems, to checked addresses only.

The connection resolves and checks by itself (`lrs.forwarding.addresses`), so nothing above it can
forget to. Redirects are not followed: an answer that sends elsewhere would send statements, and the
secret with them, to whom nobody set up. Proxies and passwords from the environment are not used.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from lrs import __version__
from lrs.errors import BadInput
from lrs.forwarding.addresses import Allowed, checked_addresses

_CONNECT_S = 10.0
_ANSWER_S = 60.0
_LONGEST_S = 120.0
_CHUNK = 1 << 16
_SHOWN = 300
_LONGEST_URL = 2_000


class CallFailed(Exception):
    """There was no answer: the name is unknown, nobody listens, or the answer did not come."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def told(self) -> str:
        """Return the answer in one line, for an administrator."""
        text = " ".join(self.body[:_SHOWN].decode(errors="replace").replace("\0", " ").split())
        return f"{self.status} {text}".strip()


class Caller:
    """Calls hosts that are public or allowed; close it to give its connections back."""

    def __init__(self, allowed: Allowed, *, longest_s: float = _LONGEST_S) -> None:
        self._longest_s = longest_s
        self._line = _Line()
        self._session = requests.Session()
        self._session.trust_env = False
        # Companies that look into TLS have an authority of their own.
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        self._session.headers["User-Agent"] = f"verkan/{__version__}"
        adapter = _Checked(allowed, self._line)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        signed: tuple[str, str] | None = None,
        most_bytes: int = 1_000_000,
    ) -> Answer:
        """Send one request; raises `CallFailed`, and `BadInput` for an address not to be called."""
        # The waits below are for each piece; who sends piece after piece would hold us for ever.
        patience = threading.Timer(self._longest_s, self._line.cut)
        patience.daemon = True
        patience.start()
        try:
            with self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                auth=None if signed is None else _Basic(*signed),
                timeout=(_CONNECT_S, _ANSWER_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers, _read(response, most_bytes))
        except requests.RequestException as exc:
            raise CallFailed(_reason(exc)) from exc
        finally:
            patience.cancel()

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()
        self._line.hang_up()


class _Basic(requests.auth.AuthBase):
    """HTTP Basic in UTF-8, as RFC 7617 has it; requests would write Latin-1."""

    def __init__(self, user: str, secret: str) -> None:
        self._basic = requests.auth.HTTPBasicAuth(user.encode(), secret.encode())

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._basic(request)
        return signed


def _read(response: requests.Response, most: int) -> bytes:
    found = b""
    for chunk in response.iter_content(_CHUNK):
        found += chunk
        if len(found) > most:
            raise CallFailed(f"the answer is larger than {most} bytes")
    return found


def _reason(exc: BaseException) -> str:
    """Return what is below the wrappers: the fault of the network itself."""
    seen: BaseException = exc
    while seen.__cause__ is not None or seen.__context__ is not None:
        seen = seen.__cause__ or seen.__context__ or seen
    return f"{type(seen).__name__}: {seen}"[:_SHOWN]


class _Line:
    """The connection that was made last, held by a second end so that it can be cut under TLS too."""

    def __init__(self) -> None:
        self._end: socket.socket | None = None

    def hold(self, made: socket.socket) -> socket.socket:
        self.hang_up()
        self._end = made.dup()
        return made

    def cut(self) -> None:
        end = self._end
        if end is not None:
            with suppress(OSError):  # it has ended by itself
                end.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end.close()


class _Checked(HTTPAdapter):
    """Makes connections by `checked_addresses` alone."""

    def __init__(self, allowed: Allowed, line: _Line) -> None:
        self._allowed = allowed
        self._line = line
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(self._allowed, self._line)


def _pools(allowed: Allowed, line: _Line) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return line.hold(_connect(self, allowed))

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return line.hold(_connect(self, allowed))

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connect(connection: HTTPConnection, allowed: Allowed) -> socket.socket:
    failed: OSError | None = None
    try:
        for address in checked_addresses(connection.host, connection.port, allowed):
            try:
                return socket.create_connection((address, connection.port), _CONNECT_S)
            except OSError as exc:
                failed = exc
    except OSError as exc:
        raise NewConnectionError(connection, f"{connection.host}: {exc}") from exc
    raise NewConnectionError(connection, f"{connection.host}: {failed}") from failed


def check_url(url: str, allowed: Allowed) -> str:
    """Return the address of a target as it is kept; raises `BadInput` for one that cannot be."""
    parts = _parts(url.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(
            f"{url!r} is no address to call", where="url", hint="https://lrs.example.org/xapi"
        )
    if parts.username or parts.password or parts.fragment:
        raise BadInput(
            "the address holds more than an address",
            where="url",
            hint="give the user and the reference of the secret on their own",
        )
    if parts.scheme == "http" and not allowed.host(parts.hostname):
        raise BadInput(
            "over http anyone on the way reads the statements and the secret",
            where="url",
            hint="use https, or name the host in the setting outgoing_hosts",
        )
    return url.strip()


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address; None where brackets, port or letters can be of none."""
    try:
        parts = urlsplit(url)
        possible = parts.port != 0 and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        return None
    return parts if possible and len(url) <= _LONGEST_URL else None
