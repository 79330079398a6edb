"""`kill -9` in the middle of writing: what was acknowledged is there, once, and can be followed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from posting import Follower, Senders, assert_nothing_lost_or_doubled
from restarting import Mortal, OwnPostgres

from lrs.settings import Settings

Settle = Callable[..., Settings]
Raise = Callable[[Settings], Mortal]


def _kill_and_raise(senders: Senders, kill: Callable[[], None], rise: Callable[[], None]) -> None:
    """Kill at no moment in particular of the writing, and begin again."""
    senders.wait_for_more(random.randrange(1, 40))
    threading.Event().wait(random.random() * 0.01)
    kill()
    rise()


def test_what_is_acknowledged_outlives_the_server_and_postgresql(
    own_postgres: OwnPostgres, durable_settings: Settle, mortal: Raise
) -> None:
    store = mortal(durable_settings("postgresql"))
    with Follower(store.served) as follower, Senders([store.served]) as senders:
        _kill_and_raise(senders, store.kill, store.rise)
        _kill_and_raise(senders, own_postgres.kill, own_postgres.rise)
        senders.wait_for_more(20)
    assert follower.seen == assert_nothing_lost_or_doubled(store.served, senders)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fifty_kills_of_the_server_lose_and_double_nothing(
    durable_settings: Settle, mortal: Raise, kind: str
) -> None:
    store = mortal(durable_settings(kind))
    with Follower(store.served) as follower, Senders([store.served]) as senders:
        for _ in range(50):
            _kill_and_raise(senders, store.kill, store.rise)
        senders.wait_for_more(20)
    stored = assert_nothing_lost_or_doubled(store.served, senders)
    assert follower.seen == stored, "who pages on sees each once, in order"


@pytest.mark.slow
def test_fifty_kills_of_postgresql_lose_and_double_nothing(
    own_postgres: OwnPostgres, durable_settings: Settle, mortal: Raise
) -> None:
    store = mortal(durable_settings("postgresql", workers=2))
    with Follower(store.served) as follower, Senders([store.served]) as senders:
        for _ in range(50):
            _kill_and_raise(senders, own_postgres.kill, own_postgres.rise)
        senders.wait_for_more(20)
    assert set(senders.statuses) <= {200, 503}, senders.errors
    assert follower.seen == assert_nothing_lost_or_doubled(store.served, senders)


def test_two_servers_write_one_sqlite_folder_and_one_may_be_killed(
    durable_settings: Settle, mortal: Callable[..., Mortal]
) -> None:
    settings = durable_settings("sqlite")
    first, second = mortal(settings, log="first.log"), mortal(settings, log="second.log")
    with Follower(second.served) as follower, Senders([first.served, second.served]) as senders:
        senders.wait_for_more(40)
        _kill_and_raise(senders, first.kill, first.rise)
        senders.wait_for_more(40)
    assert set(senders.statuses) <= {0, 200}, senders.errors
    assert follower.seen == assert_nothing_lost_or_doubled(second.served, senders)
    assert "locked" not in first.log() + second.log()
