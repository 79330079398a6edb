"""What waits for the same turn is done in one go, and each gets its own outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from failing import fail_after_inserting
from store_making import AUTHORITY, TENANT, VERBS, body, checked, ids, pages, write

from lrs.access.keys import make_key
from lrs.errors import Conflict, StoreFull
from lrs.store import writing
from lrs.store.authorities import as_authority
from lrs.store.database import Database
from lrs.store.rows import Incoming
from lrs.store.schema import access_key, statement
from lrs.store.together import Together
from lrs.store.writing import Written


@contextmanager
def _turn_taken(together: Together, turn: object = TENANT) -> Iterator[Callable[[int], None]]:
    """Hold a turn until the block ends; what is given waits until so many are in line."""
    begun, end = threading.Event(), threading.Event()

    def hold(works: Sequence[None]) -> list[None]:
        begun.set()
        end.wait(30)
        return [None for _ in works]

    def until(number: int) -> None:
        for _ in range(30_000):
            if together.waiting(turn) >= number:
                return
            threading.Event().wait(0.001)
        raise AssertionError(f"{together.waiting(turn)} in line, not {number}")

    holder = threading.Thread(target=together.run, args=(turn, None, hold, _never))
    holder.start()
    begun.wait(30)
    try:
        yield until
    finally:
        end.set()
        holder.join()


def _never(group: Sequence[Any], one: Any) -> bool:
    return False


def _any(group: Sequence[Any], one: Any) -> bool:
    return True


def _queued(
    database: Database, *batches: Sequence[dict[str, Any]]
) -> list[Future[Sequence[Written]]]:
    """Write batches that come, in this order, while the turn is taken."""
    with ThreadPoolExecutor(len(batches)) as pool, _turn_taken(database.together) as until:
        futures = []
        for number, sent in enumerate(batches, 1):
            futures.append(pool.submit(write, database, *sent))
            until(number)
    return futures


def _transactions(database: Database) -> list[int]:
    """Return how many statements each commit brought: within one, `stored` rises by one."""
    with database.read() as conn:
        stamps = list(
            conn.execute(sa.select(statement.c.stored_at).order_by(statement.c.seq)).scalars()
        )
    sizes: list[int] = []
    for before, stamp in zip([0, *stamps], stamps, strict=False):
        if stamp == before + 1:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def test_alone_one_goes_at_once() -> None:
    done: list[Sequence[int]] = []

    def do(works: Sequence[int]) -> list[int]:
        done.append(list(works))
        return [2 * work for work in works]

    together = Together()
    assert [together.run("turn", n, do, _any) for n in (1, 2, 3)] == [2, 4, 6]
    assert done == [[1], [2], [3]]


def test_those_who_wait_are_done_together_and_in_order() -> None:
    groups: list[list[int]] = []

    def do(works: Sequence[int]) -> list[int | BaseException]:
        groups.append(list(works))
        return [ValueError(work) if work == 2 else -work for work in works]

    together = Together()
    with ThreadPoolExecutor(5) as pool, _turn_taken(together) as until:
        futures = []
        for number in range(1, 6):
            futures.append(
                pool.submit(together.run, TENANT, number, do, lambda group, _: len(group) < 3)
            )
            until(number)
    assert groups == [[1, 2, 3], [4, 5]]
    assert [future.result() for future in futures if future is not futures[1]] == [-1, -3, -4, -5]
    with pytest.raises(ValueError, match="2"):
        futures[1].result()


def test_turns_do_not_wait_for_each_other() -> None:
    together = Together()
    with _turn_taken(together, "one"):
        assert together.run("other", 1, lambda works: list(works), _any) == 1


def test_a_turn_is_handed_on_after_a_failure() -> None:
    def fail(works: Sequence[int]) -> list[int]:
        raise OSError("no more")

    together = Together()
    with pytest.raises(OSError, match="no more"):
        together.run("turn", 1, fail, _any)
    assert together.run("turn", 2, lambda works: list(works), _any) == 2


def test_batches_that_wait_share_a_commit(database: Database) -> None:
    sent = [[body(), body()] for _ in range(4)]
    written = _queued(database, *sent)
    assert all(one.new for future in written for one in future.result())
    assert ids(pages(database, ascending=True)) == [one["id"] for batch in sent for one in batch]
    assert _transactions(database) == [8]


def test_a_conflict_undoes_its_own_batch_only(database: Database) -> None:
    there = body()
    write(database, there)
    other = {**there, "verb": {"id": VERBS + "failed"}}
    first, wrong, last = [body()], [body(), other], [body(), there]
    futures = _queued(database, first, wrong, last)
    with pytest.raises(Conflict) as told:
        futures[1].result()
    assert told.value.where == "$[1].id"
    assert [one.new for one in futures[2].result()] == [True, False]
    stored = ids(pages(database, ascending=True))
    assert stored == [there["id"], first[0]["id"], last[0]["id"]]


def test_an_id_that_comes_twice_at_once_is_stored_once(database: Database) -> None:
    sent = body()
    other = {**sent, "verb": {"id": VERBS + "failed"}}
    futures = _queued(database, [sent], [sent], [other])
    assert [one.new for future in futures[:2] for one in future.result()] == [True, False]
    with pytest.raises(Conflict):
        futures[2].result()
    assert ids(pages(database)) == [sent["id"]]


def test_a_full_disk_is_told_to_each(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_ids: set[str]) -> None:
        raise StoreFull("no room left")

    fail_after_inserting(monkeypatch, database, full)
    for future in _queued(database, [body()], [body()]):
        with pytest.raises(StoreFull):
            future.result()
    assert ids(pages(database)) == []


def test_what_no_rule_foresaw_in_one_batch_does_not_hold_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = body(), body()

    def look(ids: set[str]) -> None:
        if bad["id"] in ids:
            raise RuntimeError("never seen before")

    fail_after_inserting(monkeypatch, database, look)
    futures = _queued(database, [bad], [good])
    with pytest.raises(RuntimeError, match="never seen"):
        futures[0].result()
    assert [one.new for one in futures[1].result()] == [True]
    assert ids(pages(database)) == [good["id"]]


def test_what_was_prepared_together_is_stored_in_its_order_and_each_for_itself(
    database: Database,
) -> None:
    sent = [[body() for _ in range(number)] for number in (1, 700, 400, 1, 30)]
    sent[3] = [{**sent[0][0], "verb": {"id": VERBS + "failed"}}]
    vouching = as_authority(AUTHORITY)
    incoming = [[Incoming(one, vouching) for one in checked(*batch)] for batch in sent]
    key_id = _key_of(database)
    batches = [writing.prepare(database, TENANT, each, key_id) for each in incoming]
    batches = writing.complete(database, TENANT, batches)
    outcomes = writing.store_prepared(database, TENANT, batches)
    assert isinstance(outcomes[3], Conflict)
    kept = (0, 1, 2, 4)
    for n in kept:
        assert outcomes[n] == [Written(one.statement.id, True) for one in incoming[n]]
    assert ids(pages(database, ascending=True)) == [one["id"] for n in kept for one in sent[n]]
    assert _transactions(database) == [701, 430]


def _key_of(database: Database) -> int:
    made = make_key(database, database.settings, name="Tests")
    with database.read() as conn:
        found = conn.execute(sa.select(access_key.c.id).where(access_key.c.key == made.key))
        return int(found.scalar_one())
