"""Many tools at once, over real sockets: one winner an id, and a follower that misses nothing.

PostgreSQL is served by two processes. Writers that hold their transaction open are beside them in
this process: they write through the store's own function, and dawdle before the commit.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from serving import Served

from lrs.store.database import Database
from lrs.store.turns import take_turn
from lrs.store.writing import Beside, write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion
from lrs.xapi.wire import instant

STATEMENTS = "/xapi/statements"
BOUND = "X-Experience-API-Consistent-Through"
TENANT = 1
WRITERS = 8


@pytest.fixture(params=[("sqlite", 1), ("postgresql", 2)], ids=lambda p: f"{p[0]}-{p[1]}")
def crowded(request: pytest.FixtureRequest, serve_on: Callable[..., Served]) -> Served:
    """A server of one process on SQLite, of two on PostgreSQL."""
    kind, workers = request.param
    served: Served = serve_on(kind, workers=workers, log_level="error")
    return served


class Answer(NamedTuple):
    """What a writer or follower was told."""

    status: int
    bound: str | None
    body: bytes


class Line:
    """One kept connection, as a tool holds it."""

    def __init__(self, served: Served) -> None:
        self._connection = served.connection(60)
        self._headers = {**served.headers, "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        self._connection.request(method, path, body, self._headers)
        response: http.client.HTTPResponse = self._connection.getresponse()
        return Answer(response.status, response.getheader(BOUND), response.read())

    def get(self, path: str) -> dict[str, Any]:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return {**json.loads(answer.body), "bound": answer.bound}

    def close(self) -> None:
        self._connection.close()


@contextmanager
def lines(served: Served, number: int) -> Iterator[list[Line]]:
    opened = [Line(served) for _ in range(number)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


def all_at_once(lines: Sequence[Line], act: Callable[[int, Line], Any]) -> list[Any]:
    start = threading.Barrier(len(lines))

    def run(number: int, line: Line) -> Any:
        start.wait()
        return act(number, line)

    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(run, itertools.count(), lines))


def a_statement(response: str = "", id_: str = "") -> dict[str, Any]:
    return {
        "id": id_ or str(uuid.uuid4()),
        "actor": {"mbox": "mailto:ada@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/courses/1"},
        "timestamp": "2026-03-01T08:30:00.000Z",
        "result": {"response": response},
    }


def packed(body: Any) -> bytes:
    return json.dumps(body).encode()


def everything(line: Line) -> list[dict[str, Any]]:
    """What is to be read, in the order stored."""
    page = line.get(f"{STATEMENTS}?ascending=true&limit=0")
    found: list[dict[str, Any]] = page["statements"]
    while page["more"]:
        page = line.get(page["more"])
        found += page["statements"]
    return found


@pytest.mark.parametrize(("method", "done", "number_of"), [("POST", 200, 200), ("PUT", 204, 40)])
def test_of_one_id_sent_by_eight_exactly_one_is_stored(
    crowded: Served, method: str, done: int, number_of: int
) -> None:
    """Half of the ids with one body from everybody, half with a body of each writer's own."""
    ids = [str(uuid.uuid4()) for _ in range(number_of)]
    same, other = set(ids[::2]), set(ids[1::2])

    def send(number: int, line: Line) -> list[int]:
        mine = ids[number * 5 :] + ids[: number * 5] if number % 2 else ids
        told = {}
        for id_ in mine:
            body = packed(a_statement(str(number) if id_ in other else "same", id_))
            place = STATEMENTS if method == "POST" else f"{STATEMENTS}?statementId={id_}"
            told[id_] = line.ask(method, place, body).status
        return [told[id_] for id_ in ids]

    with lines(crowded, WRITERS) as crowd:
        came_to = dict(zip(ids, zip(*all_at_once(crowd, send), strict=True), strict=True))
        stored = {one["id"]: one["result"]["response"] for one in everything(crowd[0])}
        assert len(everything(crowd[0])) == number_of
    assert stored.keys() == set(ids)
    for id_ in same:
        assert set(came_to[id_]) == {done}
    for id_ in other:
        assert Counter(came_to[id_]) == {done: 1, 409: WRITERS - 1}
        assert stored[id_] == str(came_to[id_].index(done)), "whoever was told so has been stored"


class Dawdling(Beside):
    """Holds the transaction open, its statements numbered and stamped, before the commit."""

    def __init__(self) -> None:
        self._pauses = itertools.cycle((0.03, 0.0, 0.08, 0.01))

    def keep(self, conn: Any, stored: Any) -> None:
        threading.Event().wait(next(self._pauses))


def dawdle(served: Served, number: int) -> None:
    """Write beside the server, from another process's point of view, slowly."""
    database = Database(served.settings)
    authority = {"account": {"homePage": "https://lrs.example.org", "name": "slow"}}
    beside = Dawdling()
    for _ in range(number):
        sent = check_batch(packed([a_statement(), a_statement()]), SpecVersion.V1_0)
        write_statements(database, TENANT, sent, authority=authority, key_id=None, besides=[beside])
    database.close()


class Follower:
    """Pages by ``since`` and ``more`` as long as it is told to, and once more."""

    def __init__(self, line: Line) -> None:
        self.seen: list[str] = []
        self.promised: list[tuple[str, int]] = []
        """Each bound that came with the end of a walk, and how many had been seen by then."""
        self.over = threading.Event()
        self._walked = threading.Condition()
        self._line = line
        self._since = "2001-01-01T00:00:00Z"

    def follow(self) -> None:
        last = False
        while not last:
            last = self.over.is_set()
            path = f"{STATEMENTS}?ascending=true&limit=7&since={self._since}"
            while path:
                page = self._line.get(path)
                for one in page["statements"]:
                    self.seen.append(one["id"])
                    self._since = one["stored"]
                path = page["more"]
            with self._walked:
                self.promised.append((page["bound"], len(self.seen)))
                self._walked.notify_all()

    def wait_for_a_walk(self) -> None:
        """Wait until it has come to the end of what there is once more."""
        with self._walked:
            before = len(self.promised)
            assert self._walked.wait_for(lambda: len(self.promised) > before, 60)


def test_follower_misses_nothing_and_no_bound_is_broken(crowded: Served) -> None:
    """While eight write over HTTP, and two hold their transactions open."""

    def send(number: int, line: Line) -> list[Answer]:
        told = []
        for n in range(30):
            told.append(line.ask("POST", STATEMENTS, packed(a_statement(str(n)))))
            if n % 10 == 9:
                follower.wait_for_a_walk()
        return told

    with lines(crowded, WRITERS + 1) as (reader, *writers):
        follower = Follower(reader)
        slow = [threading.Thread(target=dawdle, args=(crowded, 12)) for _ in range(2)]
        following = threading.Thread(target=follower.follow)
        for thread in (*slow, following):
            thread.start()
        answers = [one for told in all_at_once(writers, send) for one in told]
        for thread in slow:
            thread.join()
        follower.over.set()
        following.join()
        stored = [(one["stored"], one["id"]) for one in everything(reader)]
    assert {one.status for one in answers} == {200}
    assert all(one.bound for one in answers)
    assert len(stored) == WRITERS * 30 + 2 * 24
    assert follower.seen == [id_ for _, id_ in stored]
    assert len(follower.promised) > 3, "it came to the end while others went on"
    for bound, seen in follower.promised:
        assert sum(when <= bound for when, _ in stored) <= seen


def test_bound_stays_below_what_a_held_open_transaction_has_stamped(crowded: Served) -> None:
    database = Database(crowded.settings)
    with lines(crowded, 2) as (reader, writer), ThreadPoolExecutor(1) as pool:
        before = writer.ask("POST", STATEMENTS, packed(a_statement("before")))
        with database.write() as conn:
            turn = take_turn(database, conn, TENANT)
            waiting = pool.submit(writer.ask, "POST", STATEMENTS, packed(a_statement("after")))
            for _ in range(20):
                page = reader.get(STATEMENTS)
                assert page["bound"] < instant(turn.stored_at)
                assert [one["result"]["response"] for one in page["statements"]] == ["before"]
            assert not waiting.done(), "nobody else is numbered while the turn is held"
        assert (before.status, waiting.result().status) == (200, 200)
        page = reader.get(STATEMENTS)
        assert [one["result"]["response"] for one in page["statements"]] == ["after", "before"]
        assert page["bound"] >= page["statements"][0]["stored"] > instant(turn.stored_at)
    database.close()
