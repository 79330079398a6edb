"""The running server, over real sockets: what only shows there."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from serving import VERKAN, Served, serving

from lrs.settings import Settings

STATEMENTS = "/xapi/statements"
MIB = 1 << 20


def a_statement(course: int = 1, person: int = 1, verb: str = "completed") -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:p{person}@example.org"},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {
            "id": f"https://example.org/courses/{course}",
            "definition": {"name": {"en": f"Course {course}"}},
        },
    }


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests that leave nothing behind."""
    from lrs.settings import load

    home = tmp_path_factory.mktemp("served")
    with serving(load({"home": str(home)})) as running:
        yield running


def raw(served: Served, head: str, *pieces: bytes) -> socket.socket:
    """Open a connection, send these bytes, and leave it open."""
    connection = socket.create_connection(("127.0.0.1", served.settings.port), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode())
    for piece in pieces:
        connection.sendall(piece)
    return connection


def head(served: Served, *lines: str) -> str:
    signed = [f"{name}: {value}" for name, value in served.headers.items()]
    return (
        "\n".join(
            [
                f"POST {STATEMENTS} HTTP/1.1",
                "Host: x",
                "Content-Type: application/json",
                *signed,
                *lines,
            ]
        )
        + "\n\n"
    )


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer, whatever is still to be sent."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    found = response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    connection.close()
    return found


def peak_kib(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def cpu_s(process: subprocess.Popen[str]) -> float:
    """What the server has computed so far; a busy machine does not change it."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Bodies


@pytest.mark.parametrize("size", [100 * MIB, 20_000_001])
def test_a_body_of_100_mb_is_413_and_the_answer_arrives(one: Served, size: int) -> None:
    before, begun = peak_kib(one.process), cpu_s(one.process)
    reply = one.ask("POST", STATEMENTS, b" " * size)
    assert (reply.status, reply.json["error"]["code"]) == (413, "too_large")
    assert reply.headers["Connection"] == "close"
    assert cpu_s(one.process) - begun < 2
    assert peak_kib(one.process) - before < 32 * 1024
    assert one.ask("GET", STATEMENTS).status == 200


def test_a_body_of_exactly_the_limit_is_read(one: Served) -> None:
    reply = one.ask("POST", STATEMENTS, b" " * one.settings.max_body_bytes)
    assert (reply.status, reply.json["error"]["where"]) == (400, "body")


def test_a_chunked_body_over_the_limit_is_413(one: Served) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    connection = raw(one, head(one, "Transfer-Encoding: chunked"), *([piece] * 320))
    status, headers, body = answer(connection)
    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(body)["error"]["code"] == "too_large"


def test_a_sender_that_asks_first_is_told_before_it_sends(one: Served) -> None:
    asking = head(one, f"Content-Length: {100 * MIB}", "Expect: 100-continue")
    status, _, body = answer(raw(one, asking))
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")


def test_a_sender_that_asks_first_may_send_a_small_body(one: Served) -> None:
    body = json.dumps(a_statement()).encode()
    connection = raw(one, head(one, f"Content-Length: {len(body)}", "Expect: 100-continue"))
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.sendall(body)
    assert answer(connection)[0] == 200


def a_gigabyte_of_nothing() -> bytes:
    """Packed with gzip, about a megabyte."""
    packer = zlib.compressobj(9, wbits=31)
    first, other = (
        packer.compress(b"\0" * MIB) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + other * 1023


def test_a_gzip_bomb_is_413_within_a_second_and_in_little_memory(one: Served) -> None:
    bomb = a_gigabyte_of_nothing()
    before, begun = peak_kib(one.process), cpu_s(one.process)
    reply = one.ask("POST", STATEMENTS, bomb, {"Content-Encoding": "gzip"})
    assert (reply.status, reply.json["error"]["code"]) == (413, "too_large")
    assert cpu_s(one.process) - begun < 1
    assert peak_kib(one.process) - before < 32 * 1024


def test_a_chunked_body_is_stored(served: Served) -> None:
    sent = [a_statement(n) for n in range(3)]
    body = json.dumps(sent).encode()
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    framed = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    status, _, told = answer(
        raw(served, head(served, "Transfer-Encoding: chunked"), *framed, b"0\r\n\r\n")
    )
    assert (status, json.loads(told)) == (200, [each["id"] for each in sent])
    assert len(served.ask("GET", STATEMENTS).json["statements"]) == 3


def test_a_packed_body_is_stored(served: Served) -> None:
    sent = a_statement()
    packed = gzip.compress(json.dumps(sent).encode())
    assert served.ask("POST", STATEMENTS, packed, {"Content-Encoding": "gzip"}).json == [sent["id"]]


@pytest.mark.parametrize(
    "head",
    [
        "GET\n\n",
        "\x16\x03\x01 nonsense\n\n",
        "GET / HTTP/1.1\nno colon\n\n",
        "POST /xapi/statements HTTP/1.1\nContent-Length: -1\n\n",
        "POST /xapi/statements HTTP/1.1\nContent-Length: many\n\n",
        "POST /xapi/statements HTTP/1.1\nTransfer-Encoding: gzip\n\n",
        "GET /" + "x" * 300_000 + " HTTP/1.1\n\n",
    ],
    ids=["no address", "TLS", "no header", "negative", "no number", "coding", "too long"],
)
def test_what_is_no_request_gets_the_one_form(one: Served, head: str) -> None:
    status, headers, body = answer(raw(one, head))
    assert 400 <= status <= 501
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["error"]["request_id"]


# Connections


def test_a_connection_is_kept_after_every_kind_of_answer(one: Served) -> None:
    connection = one.connection()
    sent = a_statement()
    for method, path, body in (
        ("PUT", f"{STATEMENTS}?statementId={sent['id']}", sent),
        ("POST", STATEMENTS, sent),
        ("GET", f"{STATEMENTS}?statementId={sent['id']}", None),
        ("HEAD", STATEMENTS, None),
        ("OPTIONS", STATEMENTS, None),
        ("GET", "/nothing", None),
    ):
        packed = json.dumps(body).encode() if body else None
        connection.request(
            method, path, packed, {**one.headers, "Content-Type": "application/json"}
        )
        socket_before = connection.sock
        response = connection.getresponse()
        response.read()
        assert response.getheader("Connection") is None, method
        assert connection.sock is socket_before, method
    connection.close()


def test_many_slow_senders_do_not_hold_up_a_quick_one(one: Served) -> None:
    slow = [raw(one, head(one, "Content-Length: 1000"), b"[") for _ in range(150)]
    slow += [raw(one, "POST /xapi/statements HTTP/1.1\nHost: x\n") for _ in range(150)]
    begun = time.monotonic()
    assert all(one.ask("GET", "/health/live").status == 200 for _ in range(5))
    assert time.monotonic() - begun < 3
    for connection in slow:
        connection.close()


def test_eight_clients_whose_batches_share_everything_get_no_fault(served: Served) -> None:
    def post(client: int) -> list[int]:
        connection = served.connection()
        statuses = []
        for batch in range(6):
            sent = [
                a_statement(
                    (client * 7 + batch + n) % 5, (client + n) % 4, ("passed", "failed")[n % 2]
                )
                for n in range(25)
            ]
            if client % 2:
                sent.reverse()
            headers = {**served.headers, "Content-Type": "application/json"}
            connection.request("POST", STATEMENTS, json.dumps(sent).encode(), headers)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(8) as clients:
        statuses = [status for found in clients.map(post, range(8)) for status in found]
    assert statuses == [200] * 48
    assert _count(served) == 8 * 6 * 25


def test_one_id_from_eight_clients_is_stored_once(served: Served) -> None:
    sent = a_statement()
    other = {**sent, "result": {"completion": True}}
    with ThreadPoolExecutor(8) as clients:
        bodies = [sent, other] * 8
        replies = list(clients.map(lambda body: served.ask("POST", STATEMENTS, body), bodies))
    statuses = [reply.status for reply in replies]
    assert sorted(set(statuses)) == [200, 409]
    assert statuses.count(200) == 8, "all that are equal to the first are taken, no other is"
    assert _count(served) == 1


def _count(served: Served) -> int:
    found, path = 0, f"{STATEMENTS}?limit=0"
    while path:
        page = served.ask("GET", path).json
        found, path = found + len(page["statements"]), page["more"]
    return found


# Starting and stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_status_0(
    serve_on: Callable[..., Served], number: signal.Signals
) -> None:
    served = serve_on("sqlite")
    assert served.stop(number) == 0
    assert all("fault" not in line for line in served.log_lines())


def test_a_request_under_way_is_finished_before_it_stops(serve_on: Callable[..., Served]) -> None:
    served = serve_on("sqlite")
    body = json.dumps(a_statement()).encode()
    connection = raw(served, head(served, f"Content-Length: {len(body)}"), body[:50])
    idle = served.connection()
    idle.request("GET", "/health/live")
    assert idle.getresponse().read()
    served.process.send_signal(signal.SIGTERM)
    assert idle.sock.recv(1000) == b"", "an idle connection is closed"
    idle.close()
    connection.sendall(body[50:])
    assert answer(connection)[0] == 200
    assert served.process.wait(20) == 0


def test_two_workers_serve_one_postgresql(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql", workers=2)
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(lambda n: served.ask("POST", STATEMENTS, a_statement(n)), range(20)))
    assert _count(served) == 20
    assert len(_children(served)) == 2
    assert served.stop() == 0


def test_the_worker_that_holds_fewer_connections_gets_the_next_unless_it_hangs(
    serve_on: Callable[..., Served],
) -> None:
    served = serve_on("postgresql", workers=2)

    def held() -> list[int]:
        return [_connections(worker, served.settings.port) for worker in _children(served)]

    with ExitStack() as kept:

        def keep_one() -> http.client.HTTPConnection:
            line = kept.enter_context(closing(served.connection()))
            _post(served, line)
            return line

        def each_holds_one() -> bool:
            line = keep_one()
            if held() == [1, 1]:
                return True
            line.close()  # the other is about to begin
            _until(lambda: sum(held()) == 1)
            return False

        keep_one()
        _until(each_holds_one)
        hanging = _children(served)[0]
        os.kill(hanging, signal.SIGSTOP)
        try:
            for _ in range(4):
                keep_one()
            assert held() == [1, 5]
        finally:
            os.kill(hanging, signal.SIGCONT)
        for _ in range(4):
            keep_one()
        assert held()[0] >= 4, "it holds fewer, so it gets the next"


def _post(served: Served, line: http.client.HTTPConnection) -> None:
    headers = {**served.headers, "Content-Type": "application/json"}
    line.request("POST", STATEMENTS, json.dumps(a_statement()), headers)
    answer = line.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()


def _connections(worker: int, port: int) -> int:
    """Return how many connections to the port a process holds."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(f":{port:04X}")}
    here -= {f"socket:[{line[9]}]" for line in lines if line[3] == "0A"}  # listens
    return sum(str(file.readlink()) in here for file in Path(f"/proc/{worker}/fd").iterdir())


def test_a_worker_that_dies_is_replaced_and_it_is_told(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql", workers=2)
    first, second = _children(served)
    os.kill(first, signal.SIGKILL)
    _until(lambda: len(_children(served)) == 2 and first not in _children(served))
    assert second in _children(served), "the other goes on"
    assert served.ask("POST", STATEMENTS, a_statement()).status == 200
    told = [line for line in served.log_lines() if line["event"] == "worker_replaced"]
    assert [line["ended"] for line in told] == ["SIGKILL"]
    assert served.stop() == 0


def test_workers_that_die_again_and_again_end_the_server(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql", workers=2)
    for _ in range(6):
        _until(lambda: len(_children(served)) == 2)
        killed = _children(served)[0]
        os.kill(killed, signal.SIGKILL)
        _until(lambda gone=killed: gone not in _children(served))
    assert served.process.wait(30) == 1
    assert "workers_keep_failing" in served.log.read_text()


def _until(held: Callable[[], bool]) -> None:
    by = time.monotonic() + 30
    while not held():
        assert time.monotonic() < by, "it never came to hold"
        threading.Event().wait(0.01)


def test_workers_stop_when_the_first_process_is_killed(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql", workers=2)
    handles = [os.pidfd_open(worker) for worker in _children(served)]
    served.process.kill()
    import select

    ended = select.poll()
    for handle in handles:
        ended.register(handle, select.POLLIN)
    left = set(handles)
    while left:
        found = {handle for handle, _ in ended.poll(20_000)} & left
        assert found, "a worker goes on without the process that watches it"
        for handle in found:
            ended.unregister(handle)
        left -= found
    for handle in handles:
        os.close(handle)


def _children(served: Served) -> list[int]:
    pid = served.process.pid
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # it has ended
        return []
    return [int(child) for child in told.split()]


def test_several_workers_on_sqlite_are_refused(tmp_path: Path) -> None:
    done = _verkan(tmp_path, "serve", "--workers", "2")
    assert done.returncode == 2
    assert "PostgreSQL" in done.stderr


def test_a_port_that_is_taken_is_told(one: Served, tmp_path: Path) -> None:
    done = _verkan(tmp_path, "serve", "--port", str(one.settings.port))
    assert done.returncode == 2
    assert f"127.0.0.1:{one.settings.port}" in done.stderr
    assert "--port" in done.stderr


def _verkan(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VERKAN, "--home", str(home), *arguments], capture_output=True, text=True, timeout=30
    )


def test_an_idle_server_is_light(one: Served) -> None:
    status = Path(f"/proc/{one.process.pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    assert int(resident.split()[1]) < 120 * 1024
    loaded = Path(f"/proc/{one.process.pid}/maps").read_text()
    assert not any(f"/{name}/" in loaded for name in ("pandas", "scipy", "statsmodels"))


def test_the_whole_log_names_nobody(one: Served) -> None:
    sent = a_statement(person=424242)
    one.ask("POST", STATEMENTS, sent)
    one.ask("POST", STATEMENTS, {**sent, "actor": {"mbox": "p424242@example.org"}})
    agent = json.dumps(sent["actor"]).replace('"', "%22").replace(" ", "")
    one.ask("GET", f"{STATEMENTS}?agent={agent}")
    logged = one.log.read_text()
    assert "424242" not in logged
    assert one.secret not in logged


def test_on_ready_may_speak_to_the_server_and_its_fault_is_raised(
    make_settings: Callable[..., Settings],
) -> None:
    from lrs import serve

    settings = make_settings("sqlite", port=0, log_level="error")
    seen: list[int] = []

    def on_ready(url: str) -> None:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/health/ready")
        seen.append(connection.getresponse().status)
        connection.close()
        raise LookupError("done")

    with pytest.raises(LookupError, match="done"):
        serve.run(settings, on_ready=on_ready)
    assert seen == [200]
    assert threading.active_count() < 50
