"""Plain writes side by side in the built-in server: one thread a line, and each its own answer."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from serving import Served, basic, serving
from wiring import MakeWire

from lrs import log
from lrs.access.keys import MadeKey, make_key
from lrs.access.tenants import make_tenant
from lrs.http.dispatching import Dispatcher, Line, Waking
from lrs.http.server import Server
from lrs.serve import listen
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.turns import take_turn

STATEMENTS = "/xapi/statements"
FAULTY = {"mbox": "ada@example.org"}


def a_statement(**changed: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:{uuid.uuid4().hex}@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/courses/1"},
        **changed,
    }


class Threads:
    """Gives each call a thread when told to, as a dispatcher does."""

    def __init__(self) -> None:
        self.queue: list[Line[int]] = []
        self.called = 0

    def call(self, line: Line[int]) -> None:
        self.called += 1
        self.queue.append(line)

    def go(self) -> None:
        while self.queue:
            self.queue.pop(0).service()


def test_all_that_lies_in_a_line_is_done_at_once_and_in_order() -> None:
    threads, done = Threads(), list[list[int]]()
    line = Line[int](threads, lambda lying: done.append([*lying]), lambda _: None)
    line.put([1, 2])
    line.put([3])
    line.put([])
    assert threads.called == 1
    threads.go()
    assert done == [[1, 2, 3]]


def test_what_is_laid_in_a_line_meanwhile_is_done_by_the_same_thread() -> None:
    threads, done = Threads(), list[list[int]]()

    def do(lying: Sequence[int]) -> None:
        done.append([*lying])
        if lying[-1] < 3:
            line.put([lying[-1] + 1])

    line = Line[int](threads, do, lambda _: None)
    line.put([1])
    threads.go()
    assert (done, threads.called) == ([[1], [2], [3]], 1)
    line.put([7])
    assert threads.called == 2


def test_a_thread_that_is_wanted_elsewhere_leaves_the_line_for_later() -> None:
    threads, done = Threads(), list[tuple[str, list[int]]]()

    def do(lying: Sequence[int]) -> None:
        done.append(("first", [*lying]))
        if len(done) == 1:
            second.put([9])
            first.put([2])

    first = Line[int](threads, do, lambda _: None)
    second = Line[int](threads, lambda lying: done.append(("second", [*lying])), lambda _: None)
    first.put([1])
    threads.go()
    assert done == [("first", [1]), ("second", [9]), ("first", [2])]


def test_a_line_goes_on_behind_what_nobody_foresaw() -> None:
    threads, done = Threads(), list[list[int]]()

    def do(lying: Sequence[int]) -> None:
        if lying[0] == 1:
            line.put([2])
            raise ZeroDivisionError
        done.append([*lying])

    line = Line[int](threads, do, lambda _: None)
    line.put([1])
    with pytest.raises(ZeroDivisionError):
        threads.go()
    threads.go()
    assert done == [[2]]
    line.put([3])
    threads.go()
    assert done == [[2], [3]]


def test_what_is_not_done_any_more_is_told() -> None:
    threads, dropped = Threads(), list[int]()
    line = Line[int](threads, lambda _: None, dropped.append)
    line.put([1, 2])
    line.cancel()
    assert dropped == [1, 2]


def test_several_answers_wake_once_and_a_lone_one_at_once() -> None:
    woken: list[int] = []
    waking = Waking(lambda: woken.append(1))
    waking()
    with waking.once():
        waking()
        waking()
        other = threading.Thread(target=waking)
        other.start()
        other.join()
        assert len(woken) == 2  # of this thread before, and of the other
    assert len(woken) == 3
    waking()
    assert len(woken) == 4


def answers(
    served: Served, bodies: Sequence[Any], headers: dict[str, str] | None = None
) -> list[Any]:
    """Post on one connection each, all at once, after one that shows how it is answered."""
    assert served.ask("POST", STATEMENTS, a_statement()).status == 200
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: served.ask("POST", STATEMENTS, body, headers), bodies))


def test_who_posts_at_once_is_answered_each_for_itself(served: Served) -> None:
    sent = [a_statement() if n % 3 else [a_statement(), a_statement()] for n in range(40)]
    taken = a_statement()
    served.ask("POST", STATEMENTS, taken)
    faulty = a_statement(actor=FAULTY)
    other = {**taken, "verb": {"id": "https://example.org/else"}}
    replies = answers(served, [*sent, faulty, other, taken])
    assert [reply.status for reply in replies] == [200] * 40 + [400, 409, 200]
    for body, reply in zip(sent, replies, strict=False):
        assert reply.json == [one["id"] for one in (body if isinstance(body, list) else [body])]
    for one in sent:
        id_ = (one[0] if isinstance(one, list) else one)["id"]
        assert served.ask("GET", f"{STATEMENTS}?statementId={id_}").status == 200
    found = served.ask("GET", f"{STATEMENTS}?statementId={taken['id']}").json
    assert found["verb"]["id"] == taken["verb"]["id"]


def test_requests_behind_each_other_are_answered_in_their_order(served: Served) -> None:
    served.ask("POST", STATEMENTS, a_statement())
    sent = [a_statement() for _ in range(6)]
    sent[3]["actor"] = FAULTY
    head = "".join(f"{name}: {value}\r\n" for name, value in served.headers.items())
    raw = b""
    for one in sent:
        body = json.dumps(one).encode()
        raw += (
            f"POST {STATEMENTS} HTTP/1.1\r\nHost: x\r\n{head}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
    with closing(socket.create_connection(("127.0.0.1", served.settings.port), timeout=20)) as wire:
        wire.sendall(raw)
        got = [_answer(wire) for _ in sent]
    for one, (status, body) in zip(sent, got, strict=True):
        if one["actor"] == FAULTY:
            assert status == 400
        else:
            assert (status, json.loads(body)) == (200, [one["id"]])


def _answer(wire: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(wire)
    # What is read ahead belongs to the next answer: so byte by byte.
    response.fp.close()
    response.fp = wire.makefile("rb", buffering=0)  # type: ignore[assignment]
    response.begin()
    return response.status, response.read()


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
    ],
)
def test_a_connection_stays_open_as_was_asked(
    served: Served, version: str, connection: str | None, stays: bool
) -> None:
    served.ask("POST", STATEMENTS, a_statement())
    body = json.dumps(a_statement()).encode()
    headers = {
        **served.headers,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    if connection is not None:
        headers["Connection"] = connection
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with closing(socket.create_connection(("127.0.0.1", served.settings.port), timeout=5)) as wire:
        wire.sendall(f"POST {STATEMENTS} HTTP/{version}\r\nHost: x\r\n{head}\r\n".encode() + body)
        assert _answer(wire)[0] == 200
        wire.settimeout(1)
        try:
            ended = wire.recv(1) == b""
        except TimeoutError:
            ended = False
    assert ended is not stays


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_all_answers_have_the_headers_of_the_application(
    served: Served, method: str, version: str
) -> None:
    headers = {"X-Experience-API-Version": version, "Origin": "https://lms.example.org"}

    def answered() -> list[tuple[str, str]]:
        body = a_statement(timestamp="2026-03-01T08:30:00.000Z")
        path = f"{STATEMENTS}?statementId={body['id']}" if method == "PUT" else STATEMENTS
        reply = served.ask(method, path, body, headers)
        assert reply.status == (204 if method == "PUT" else 200)
        assert reply.headers["X-Request-ID"]
        assert reply.headers["X-Experience-API-Consistent-Through"].endswith("Z")
        parsed = parsedate_to_datetime(reply.headers["Date"])
        assert abs((parsed - datetime.now(UTC)).total_seconds()) < 60
        changing = ("date", "x-request-id", "x-experience-api-consistent-through")
        told = [(name.lower(), value) for name, value in reply.headers.items()]
        return sorted(each for each in told if each[0] not in changing)

    of_application = answered()
    assert answered() == of_application
    assert answered() == of_application


def test_one_statement_sent_by_many_at_once_is_stored_once(served: Served) -> None:
    one = a_statement()
    replies = answers(served, [one] * 16)
    assert [(reply.status, reply.json) for reply in replies] == [(200, [one["id"]])] * 16
    found = served.ask("GET", f"{STATEMENTS}?agent={quote(json.dumps(one['actor']))}").json
    assert [each["id"] for each in found["statements"]] == [one["id"]]


def test_nobody_waits_for_those_behind_that_go_another_way(served: Served) -> None:
    known = {"mbox": "mailto:known@example.org"}
    assert served.ask("POST", STATEMENTS, a_statement(actor=known)).status == 200
    time.sleep(0.3)
    for _ in range(15):
        sent = [a_statement(actor=known), *(a_statement(actor=FAULTY) for _ in range(9))]
        assert [reply.status for reply in answers(served, sent)] == [200, *[400] * 9]


def test_what_nobody_named_before_is_stored_with_what_is_known(served: Served) -> None:
    known = {"id": "https://example.org/courses/1"}
    sent = [a_statement(object=known) for _ in range(8)]
    sent += [a_statement(verb={"id": f"https://example.org/did/{n}"}) for n in range(8)]
    sent += [[a_statement() for _ in range(30)] for _ in range(4)]
    assert {reply.status for reply in answers(served, sent)} == {200}
    for n in range(8):
        verb = quote(f"https://example.org/did/{n}")
        assert len(served.ask("GET", f"{STATEMENTS}?verb={verb}").json["statements"]) == 1


def test_until_what_instant_all_is_to_be_read_is_true_and_rises(served: Served) -> None:
    bounds = []
    for _ in range(3):
        time.sleep(1.1)  # a bound may be a second old
        for reply in answers(served, [a_statement() for _ in range(4)]):
            bound = reply.headers["X-Experience-API-Consistent-Through"]
            bounds.append(bound)
            until = served.ask("GET", f"{STATEMENTS}?until={bound}&limit=100").json["statements"]
            again = served.ask("GET", f"{STATEMENTS}?until={bound}&limit=100").json["statements"]
            assert [one["id"] for one in until] == [one["id"] for one in again]
    newest = served.ask("GET", f"{STATEMENTS}?limit=1").json["statements"][0]["stored"]
    assert bounds[0] < newest
    assert bounds[0] < bounds[-1]


def _end_connections(settings: Settings) -> None:
    engine = sa.create_engine(settings.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
            "datname = current_database() AND pid <> pg_backend_pid() AND strpos(query, 'held') = 0"
        )
    engine.dispose()


def test_who_posts_notices_nothing_of_connections_that_end(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql")
    sent = []
    for _ in range(4):
        sent += [a_statement() for _ in range(6)]
        assert {reply.status for reply in answers(served, sent[-6:])} == {200}
        _end_connections(served.settings)
        sent += [a_statement() for _ in range(6)]
        assert {reply.status for reply in answers(served, sent[-6:])} == {200}
        time.sleep(0.4)
    for one in sent:
        assert served.ask("GET", f"{STATEMENTS}?statementId={one['id']}").status == 200


def test_nobody_waits_longer_for_a_turn_than_is_set(serve_on: Callable[..., Served]) -> None:
    served = serve_on("postgresql", busy_timeout_s=0.6)
    known = {"mbox": "mailto:known@example.org"}
    for _ in range(3):  # the first makes it connect
        assert served.ask("POST", STATEMENTS, a_statement(actor=known)).status == 200
        time.sleep(0.2)
    with ThreadPoolExecutor(4) as pool, _turn_held(served.settings, 1):
        first = pool.submit(served.ask, "POST", STATEMENTS, a_statement(actor=known)).result()
    assert first.status == 503
    assert first.json["error"]["message"] == "no turn to write within 0.6 s"  # and no other one
    assert served.ask("POST", STATEMENTS, a_statement(actor=known)).status == 200


def test_what_was_under_way_on_a_connection_that_ends_is_stored_once(
    serve_on: Callable[..., Served],
) -> None:
    served = serve_on("postgresql")
    known = {"mbox": "mailto:known@example.org"}
    for _ in range(3):  # the first makes it connect
        assert served.ask("POST", STATEMENTS, a_statement(actor=known)).status == 200
        time.sleep(0.2)
    sent = [a_statement(actor=known) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        with _turn_held(served.settings, 1):
            waiting = [pool.submit(served.ask, "POST", STATEMENTS, one) for one in sent]
            time.sleep(0.5)
            _end_connections(served.settings)
            time.sleep(0.5)
        assert {one.result().status for one in waiting} == {200}
    path = f"{STATEMENTS}?agent={quote(json.dumps(known))}"
    found = [one["id"] for one in served.ask("GET", path).json["statements"]]
    assert sorted(found[:10]) == sorted(one["id"] for one in sent)
    assert len(found) == 13


@contextmanager
def _turn_held(settings: Settings, tenant_id: int) -> Iterator[None]:
    database = Database(settings)
    try:
        with database.write() as conn:
            take_turn(database, conn, tenant_id)
            conn.exec_driver_sql("SELECT 'held'")
            yield
    finally:
        database.close()


def test_a_tenant_whose_turn_is_taken_keeps_no_other_waiting(
    serve_on: Callable[..., Served],
) -> None:
    served = serve_on("postgresql", threads=3)
    other = _key_of(served.settings, "other")
    signed = {"Authorization": basic(other.key, other.secret)}
    for headers in ({}, signed):
        assert served.ask("POST", STATEMENTS, a_statement(), headers).status == 200
    with ThreadPoolExecutor(20) as pool:
        with _turn_held(served.settings, 1):
            waiting = [
                pool.submit(served.ask, "POST", STATEMENTS, a_statement()) for _ in range(10)
            ]
            time.sleep(0.3)
            for _ in range(5):
                assert served.ask("POST", STATEMENTS, a_statement(), signed).status == 200
            assert not any(one.done() for one in waiting)
        assert {one.result().status for one in waiting} == {200}


def _key_of(settings: Settings, tenant: str) -> MadeKey:
    database = Database(settings)
    with database.write() as conn:
        make_tenant(conn, tenant)
    made = make_key(database, settings, name=tenant, tenant=tenant)
    database.close()
    return made


def test_one_thread_is_enough(serve_on: Callable[..., Served]) -> None:
    served = serve_on("sqlite", threads=1)
    replies = answers(served, [a_statement() for _ in range(30)])
    assert {reply.status for reply in replies} == {200}
    assert served.ask("GET", f"{STATEMENTS}?limit=1").status == 200


def test_who_was_begun_with_is_answered_when_the_server_stops(settings: Settings) -> None:
    with serving(settings) as served:
        assert served.ask("POST", STATEMENTS, a_statement()).status == 200
        with ThreadPoolExecutor(12) as pool:
            sent = [
                pool.submit(served.ask, "POST", STATEMENTS, [a_statement() for _ in range(200)])
                for _ in range(12)
            ]
            time.sleep(0.05)
            assert served.stop() == 0
            told = [one for one in sent if one.exception() is None]
            assert all(one.result().status == 200 for one in told)
            assert told


def test_statements_share_a_commit_where_their_senders_come_together(
    serve_on: Callable[..., Served],
) -> None:
    served = serve_on("postgresql")
    assert served.ask("POST", STATEMENTS, a_statement()).status == 200
    database = Database(served.settings)
    with ThreadPoolExecutor(20) as pool:
        with _turn_held(served.settings, 1):
            sent = [pool.submit(served.ask, "POST", STATEMENTS, a_statement()) for _ in range(20)]
            time.sleep(0.5)
        assert {one.result().status for one in sent} == {200}
    with database.read() as conn:
        # Within one transaction `stored` rises by one.
        stamps = list(
            conn.execute(sa.text("SELECT stored_at FROM statement ORDER BY seq")).scalars()
        )
    database.close()
    commits = sum(later != earlier + 1 for earlier, later in pairwise(stamps))
    assert commits <= 3


def test_what_nobody_foresaw_about_one_request_does_not_end_the_server(
    make_wire: MakeWire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = make_wire("sqlite")
    settings = wire.database.settings
    log.configure(settings)

    def fails(_: object) -> bool:
        raise ZeroDivisionError

    with closing(listen(replace(settings, port=0))) as listening:
        server = Server(wire.app.wsgi_app, settings, listening)
        with monkeypatch.context() as patched:
            patched.setattr(Dispatcher, "work", fails)
            server._turn(0)
        assert "work_failed" in capsys.readouterr().err
        server.stop()
        server.run()
