"""Many at once: one winner an id, no deadlock over shared names, nothing missed by a follower."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from store_making import AUTHORITY, TENANT, VERBS, body, pages, write

from lrs.errors import Conflict, StoreUnavailable
from lrs.settings import Settings
from lrs.store import writing
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.reading import consistent_through, every_statement, statements
from lrs.store.turns import take_turn
from lrs.xapi.queries import StatementQuery

WRITERS = 8


@pytest.fixture
def crowd(settings: Settings) -> Iterator[list[Database]]:
    """Databases that share nothing but what is stored, as so many processes would."""
    opened = [Database(settings) for _ in range(WRITERS)]
    yield opened
    for one in opened:
        one.close()


def _all_at_once(crowd: list[Database], act: Callable[[int, Database], Any]) -> list[Any]:
    """Let everybody act at the same moment; return what each came to, an error included."""
    start = threading.Barrier(len(crowd))

    def run(number: int, database: Database) -> Any:
        start.wait()
        try:
            return act(number, database)
        except Conflict as exc:
            return exc

    with ThreadPoolExecutor(len(crowd)) as pool:
        return list(pool.map(run, range(len(crowd)), crowd))


def test_same_statement_from_everybody_is_stored_once(crowd: list[Database]) -> None:
    sent = [body() for _ in range(5)]
    came_to = _all_at_once(crowd, lambda _number, database: write(database, *sent))
    assert sum(one.new for written in came_to for one in written) == len(sent)
    assert len(pages(crowd[0])) == len(sent)


def test_same_id_with_other_content_has_one_winner(crowd: list[Database]) -> None:
    wanted = str(uuid.uuid4())
    came_to = _all_at_once(
        crowd,
        lambda number, database: write(database, body(id=wanted, result={"response": str(number)})),
    )
    assert sum(isinstance(one, Conflict) for one in came_to) == WRITERS - 1
    (stored,) = pages(crowd[0])
    winner = next(n for n, one in enumerate(came_to) if not isinstance(one, Conflict))
    assert stored["result"]["response"] == str(winner)


def test_batches_that_share_names_in_other_orders_do_not_deadlock(crowd: list[Database]) -> None:
    """The peers answer 500 here."""

    def act(number: int, database: Database) -> None:
        for turn in range(4):
            places = list(range(12))
            places = places[number:] + places[:number]
            if number % 2:
                places.reverse()
            write(
                database,
                *(
                    body(
                        actor={"mbox": f"mailto:p{place}-{turn}@example.org"},
                        verb={"id": f"{VERBS}verb-{place}-{turn}"},
                        object={
                            "id": f"https://example.org/{place}-{turn}",
                            "definition": {"name": {"en": f"{place} by {number}"}},
                        },
                    )
                    for place in places
                ),
            )

    assert _all_at_once(crowd, act) == [None] * WRITERS
    assert len(list(every_statement(crowd[0], TENANT))) == WRITERS * 4 * 12
    assert check_store(crowd[0]).faults == []


def test_follower_that_pages_misses_nothing(
    crowd: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While writers hold their transactions open for different times before the commit."""
    delays = itertools.cycle((0.0, 0.004, 0.0, 0.011, 0.002))

    def dawdling(*args: Any) -> None:
        settle(*args)
        threading.Event().wait(next(delays))

    settle = writing.settle
    monkeypatch.setattr(writing, "settle", dawdling)
    *writers, reader = crowd
    seen: list[str] = []
    writing_on = threading.Event()

    def follow() -> None:
        since, over = None, False
        while not over:
            over = not writing_on.is_set()
            page = statements(reader, TENANT, StatementQuery(since=since, ascending=True, limit=3))
            while True:
                seen.extend(orjson.loads(one)["id"] for one in page.statements)
                since = page.last_stored or since
                if page.more is None:
                    break
                page = statements(reader, TENANT, None, cursor=page.more)

    writing_on.set()
    follower = threading.Thread(target=follow)
    follower.start()
    _all_at_once(
        writers, lambda _n, database: [write(database, body(), body()) for _ in range(6)] and None
    )
    writing_on.clear()
    follower.join()
    stored = [str(one.id) for one in every_statement(reader, TENANT)]
    assert len(stored) == len(writers) * 12
    assert seen == stored


def test_nothing_appears_below_a_bound_that_was_given(crowd: list[Database]) -> None:
    """X-Experience-API-Consistent-Through, read again and again while seven write."""
    *writers, reader = crowd
    promised: list[tuple[int, int]] = []
    writing_on = threading.Event()
    writing_on.set()

    def ask() -> None:
        while writing_on.is_set():
            bound = consistent_through(reader, TENANT)
            visible = sum(one.stored_at <= bound for one in every_statement(reader, TENANT))
            promised.append((bound, visible))

    asker = threading.Thread(target=ask)
    asker.start()
    _all_at_once(writers, lambda _n, database: [write(database, body()) for _ in range(8)] and None)
    writing_on.clear()
    asker.join()
    final = [one.stored_at for one in every_statement(reader, TENANT)]
    assert len(promised) > 1
    for bound, visible in promised:
        assert sum(stored <= bound for stored in final) == visible


def test_bound_is_the_newest_stored_while_somebody_writes(database: Database) -> None:
    write(database, body())
    (stored,) = every_statement(database, TENANT)
    with database.write() as conn:
        turn = take_turn(database, conn, TENANT)
        assert consistent_through(database, TENANT) == stored.stored_at < turn.stored_at
    assert consistent_through(database, TENANT) > stored.stored_at


def test_turn_that_is_not_given_in_time_is_said(make_settings: Callable[..., Settings]) -> None:
    for kind in ("sqlite", "postgresql"):
        given = make_settings(kind, busy_timeout_s=0.2)
        holder, waiter = Database(given), Database(given)
        with holder.write() as conn:
            take_turn(holder, conn, TENANT)
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                write(waiter, body())
            assert 0.1 < time.monotonic() - began < 10
        assert write(waiter, body())[0].new
        holder.close()
        waiter.close()


_OTHER_PROCESS = """
import sys, orjson
from lrs.settings import load
from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion
database = Database(load({"home": sys.argv[1]}))
authority = orjson.loads(sys.argv[2])
for line in sys.stdin.buffer:
    sent = check_batch(line, SpecVersion.V1_0)
    write_statements(database, 1, sent, authority=authority, key_id=None)
"""


def test_two_processes_write_one_sqlite_file_in_turn(
    make_settings: Callable[..., Settings],
) -> None:
    given = make_settings("sqlite")
    batches = [[orjson.dumps([body(), body()]) for _ in range(15)] for _ in range(2)]
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROCESS, given.home, orjson.dumps(AUTHORITY).decode()],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in batches
    ]
    with ThreadPoolExecutor(2) as pool:
        ended = list(
            pool.map(lambda one, lines: one.communicate(b"\n".join(lines)), begun, batches)
        )
    assert [one.returncode for one in begun] == [0, 0], ended
    database = Database(given)
    stored = {str(one.id) for one in every_statement(database, TENANT)}
    assert stored == {
        one["id"] for lines in batches for line in lines for one in orjson.loads(line)
    }
    assert check_store(database).faults == []
    database.close()
