"""Behind the proxies of `deploy/`, as they are there: nginx and Caddy, the real ones."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from serving import DEPLOY, Reply, Served, basic, free_port, serving, serving_by_granian

from lrs.settings import load
from lrs.store.database import Database

PUBLIC = "https://learning.example.com"
READER = ("ada", "only-here")


@dataclass
class Proxied:
    """A proxy with the server behind it, and the way to it."""

    served: Served
    name: str
    connect: Callable[[], http.client.HTTPConnection]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Reply:
        kept = connection or self.connect()
        given = {**self.served.headers, "Host": "learning.example.com"} | (headers or {})
        if body is not None:
            given["Content-Type"] = "application/json"
        try:
            kept.request(method, path, body, given)
            answer = kept.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                kept.close()

    def page(self, path: str, *, signed_in: bool) -> Reply:
        headers = {"Authorization": basic(*READER) if signed_in else ""}
        return self.ask("GET", path, headers=headers)


@pytest.fixture(scope="module", params=["nginx", "caddy", "nginx, granian"])
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    proxy, _, server = request.param.partition(", ")
    folder = tmp_path_factory.mktemp(proxy)
    (folder / "home").mkdir()
    given = {"pages": "open", "administration": "open", "public_url": PUBLIC}
    serve = serving_by_granian if server else serving
    with (
        serve(load({"home": str(folder / "home"), **given})) as served,
        _before(served, proxy, folder) as one,
    ):
        yield one


@contextmanager
def _before(served: Served, name: str, folder: Path) -> Iterator[Proxied]:
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    program = shutil.which(name, path=path)
    if program is None:
        pytest.skip(f"{name} is not here: what deploy/ says to it was not tried")
    with (_nginx if name == "nginx" else _caddy)(program, folder, served) as connect:
        yield Proxied(served, name, connect)


@contextmanager
def _running(folder: Path, port: int, *words: str, **environment: str) -> Iterator[None]:
    log = folder / "proxy.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            words,
            stdout=out,
            stderr=out,
            env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), **environment},
        )
    try:
        for _ in range(200):
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def _nginx(
    program: str, folder: Path, served: Served
) -> Iterator[Callable[[], http.client.HTTPConnection]]:
    """With a certificate; no line but addresses and files is another than in `deploy/`."""
    port, plain = free_port(), free_port()
    _certificate(folder)
    text = (DEPLOY / "nginx.conf").read_text()
    for was, now in (
        ("127.0.0.1:8080", f"127.0.0.1:{served.settings.port}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/etc/letsencrypt/live/learning.example.com/", f"{folder}/"),
        ("/etc/nginx/", f"{folder}/"),
    ):
        assert was in text
        text = text.replace(was, now)
    password = subprocess.run(
        ["openssl", "passwd", "-apr1", READER[1]], check=True, capture_output=True, text=True
    )
    (folder / "verkan.htpasswd").write_text(f"{READER[0]}:{password.stdout}")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off;\n{places}{text}}}\n"
    )
    trusting = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    trusting.check_hostname = False
    with _running(folder, port, program, "-e", "stderr", "-c", str(folder / "nginx.conf")):
        yield lambda: http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=trusting)


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "learning.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@contextmanager
def _caddy(
    program: str, folder: Path, served: Served
) -> Iterator[Callable[[], http.client.HTTPConnection]]:
    """Without a certificate, which Caddy would fetch from the internet."""
    port = free_port()
    hashed = subprocess.run(
        [program, "hash-password", "--plaintext", READER[1]],
        check=True,
        capture_output=True,
        text=True,
    )
    file = folder / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\nimport {DEPLOY}/Caddyfile\n")
    words = (program, "run", "--adapter", "caddyfile", "--config", str(file))
    environment = {
        "VERKAN_SITE": f"http://:{port}",
        "VERKAN_UPSTREAM": f"127.0.0.1:{served.settings.port}",
        "VERKAN_READER": READER[0],
        "VERKAN_READER_HASH": hashed.stdout.strip(),
    }
    with _running(folder, port, *words, **environment):
        yield lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def a_statement(response: str = "") -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": "mailto:ada@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/courses/1"},
        "result": {"response": response},
    }


def test_statements_arrive_over_one_kept_connection(proxied: Proxied) -> None:
    kept = proxied.connect()
    sockets = set()
    for _ in range(3):
        sent = a_statement()
        body = json.dumps(sent).encode()
        assert proxied.ask("POST", "/xapi/statements", body, connection=kept).json == [sent["id"]]
        one = f"/xapi/statements?statementId={sent['id']}"
        assert proxied.ask("PUT", one, body, connection=kept).status == 204
        assert proxied.ask("GET", one, connection=kept).json["id"] == sent["id"]
        sockets.add(kept.sock)
    assert len(sockets) == 1
    kept.close()


def test_a_large_batch_arrives(proxied: Proxied) -> None:
    large = [a_statement("x" * 190_000) for _ in range(100)]
    assert len(proxied.ask("POST", "/xapi/statements", json.dumps(large).encode()).json) == 100


def test_what_is_too_large_is_told_so_by_verkan(proxied: Proxied) -> None:
    over = json.dumps([a_statement("x" * 202_000) for _ in range(100)]).encode()
    try:
        reply = proxied.ask("POST", "/xapi/statements", over)
    except (BrokenPipeError, ConnectionResetError):
        # Caddy hands the answer on and closes, though the sender has not come to read it yet.
        assert proxied.name == "caddy"
        reply = proxied.served.ask("POST", "/xapi/statements", over)
    assert reply.status == 413
    assert reply.json["error"]["code"] == "too_large"


def test_a_query_with_a_long_address_is_answered(proxied: Proxied) -> None:
    group = {"member": [{"mbox": f"mailto:person{n}@example.org"} for n in range(150)]}
    asked = quote(json.dumps({"objectType": "Group", "mbox": "mailto:g@example.org", **group}))
    assert 8_000 < len(asked) < 32_000
    assert proxied.ask("GET", f"/xapi/statements?agent={asked}").status == 200


def test_more_is_followed_through_the_proxy(proxied: Proxied) -> None:
    body = json.dumps([a_statement() for _ in range(3)]).encode()
    assert proxied.ask("POST", "/xapi/statements", body).status == 200
    more = proxied.ask("GET", "/xapi/statements?limit=2").json["more"]
    assert more.startswith("/xapi/statements?")
    assert len(proxied.ask("GET", more).json["statements"]) >= 1


def test_pages_want_a_sign_in_and_show_the_public_address(proxied: Proxied) -> None:
    refused = proxied.page("/setup", signed_in=False)
    assert refused.status == 401
    assert "Basic" in refused.headers["WWW-Authenticate"]
    page = proxied.page("/setup", signed_in=True)
    assert page.status == 200
    assert f"{PUBLIC}/xapi" in page.body.decode()
    assert "127.0.0.1" not in page.body.decode()
    assert page.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    script = re.search(r'src="(/assets/[^"]+)"', page.body.decode())
    assert script
    assert proxied.page(script[1], signed_in=True).status == 200


def test_health_and_tokens_need_no_sign_in_of_the_proxy(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/health/ready", headers={"Authorization": ""}).status == 200
    assert proxied.ask("POST", "/oauth/token", headers={"Authorization": ""}).status in (400, 401)


def test_pages_for_this_machine_only_are_shown_to_nobody_through_a_proxy(
    proxied: Proxied, serve_on: Callable[..., Served], tmp_path: Path
) -> None:
    """A proxy on the machine has a loopback address too, and says that it forwards."""
    served = serve_on("sqlite")
    with _before(served, proxied.name, tmp_path) as shown:
        for name in ("learning.example.com", "localhost"):
            headers = {"Authorization": basic(*READER), "Host": name}
            assert shown.ask("GET", "/setup", headers=headers).status == 403
    assert served.ask("GET", "/setup", headers={"Authorization": None}).status == 200


def test_slow_senders_hold_up_nobody(proxied: Proxied) -> None:
    """As many as take all threads several times over: each stops within its body."""
    head = "POST /xapi/statements HTTP/1.1\r\nHost: learning.example.com\r\nContent-Length: 1000\r\n\r\n["
    slow = []
    try:
        for _ in range(40):
            connection = proxied.connect()
            connection.connect()
            assert connection.sock is not None
            connection.sock.sendall(head.encode())
            slow.append(connection)
        sent = a_statement()
        body = json.dumps(sent).encode()
        assert proxied.ask("POST", "/xapi/statements", body).json == [sent["id"]]
    finally:
        for connection in slow:
            connection.close()


def test_what_was_begun_is_finished_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    """By Granian, whose stop is its own; what it answered is there afterwards, for it is Verkan's."""
    batch = [a_statement() for _ in range(8_000)]
    with serving_by_granian(load({"home": str(tmp_path)})) as served:
        posting = served.connection()
        headers = {**served.headers, "Content-Type": "application/json"}
        posting.request("POST", "/xapi/statements", json.dumps(batch), headers)
        time.sleep(0.5)  # it has begun, and takes longer than that
        assert served.stop() == 0
        answer = posting.getresponse()
        assert answer.status == 200
        assert len(json.loads(answer.read())) == len(batch)
        posting.close()
    # Its process came to its own end, and closed the database: nothing waits in a log beside the file.
    assert not (tmp_path / "verkan.db-wal").exists()
    database = Database(served.settings)
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM statement").scalar_one() == len(batch)
    database.close()


def test_a_refusal_before_the_body_was_read_arrives(tmp_path: Path) -> None:
    """A server that closes on the rest of a body resets the connection, and nginx says 502 for it."""
    with serving_by_granian(load({"home": str(tmp_path)})) as served:
        size = served.settings.max_body_bytes
        for length, key, status in ((size + 1, served.key, 413), (size, "nobody", 401)):
            headers = {**served.headers, "Authorization": basic(key, served.secret)}
            posting = served.connection()
            posting.putrequest("POST", "/xapi/statements")
            for name, value in {**headers, "Content-Length": str(length)}.items():
                posting.putheader(name, value)
            posting.endheaders()
            for piece in (size // 2, length - size // 2):
                time.sleep(0.3)  # long enough for an answer, and for a connection to be closed
                posting.send(b" " * piece)
            answer = posting.getresponse()
            assert answer.status == status
            assert "error" in json.loads(answer.read())
            posting.request("GET", "/health/live")  # and the connection is fit for more
            assert posting.getresponse().read()
            posting.close()


def test_settings_that_cannot_be_are_told_by_the_factory(tmp_path: Path) -> None:
    settings = replace(load({"home": str(tmp_path)}), threads=0)
    told = r"error: threads must be at least 1\nwhere: environment\ndo: "
    with pytest.raises(AssertionError, match=told), serving_by_granian(settings):
        pass
