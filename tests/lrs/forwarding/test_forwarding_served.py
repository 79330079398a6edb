"""Forwarding in running servers: started with them, one sender a target, nothing lost or doubled."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from receiving import Asked, Receiver, Said, until
from serving import Served, serving
from store_making import body, write

from lrs.access.ring import now_us
from lrs.forwarding.addresses import parse_allowed
from lrs.forwarding.claims import Claims
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.running import Runner, run_now
from lrs.forwarding.standing import Standing, standings
from lrs.forwarding.targets import Target, add_target
from lrs.settings import Settings
from lrs.store.database import Database

KINDS = ("sqlite", "postgresql")
HERE: dict[str, Any] = {
    "outgoing_hosts": "127.0.0.1",
    "forwarding_retry_s": 0.02,
    "pull_every_s": 0.1,
}
MakeSettings = Callable[..., Settings]


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database of a server, seen from beside it."""
    database = Database(settings)
    yield database
    database.close()


def add_hook(database: Database, receiver: Receiver) -> Target:
    """Add a webhook at the receiver."""
    form = TargetForm("hook", Kind.WEBHOOK, receiver.url, secret_ref="env:TARGET_SECRET")
    return add_target(database, 1, form)[0]


def standing(database: Database) -> Standing:
    with database.read() as conn:
        (found,) = standings(conn, 1)
    return found


def ids_in(server: Served) -> list[str]:
    """The ids of all statements of a server, oldest first."""
    found: list[str] = []
    more = "/xapi/statements?ascending=true&limit=500"
    while more:
        page = server.ask("GET", more).json
        found += [one["id"] for one in page["statements"]]
        more = page["more"]
    return found


def post(server: Served, number: int) -> list[str]:
    reply = server.ask("POST", "/xapi/statements", [body() for _ in range(number)])
    assert reply.status == 200
    ids: list[str] = reply.json
    return ids


@pytest.mark.parametrize("kind", KINDS)
def test_statements_go_from_one_server_to_another_and_are_pulled_from_there(
    kind: str,
    make_settings: MakeSettings,
    store_on: Callable[[str], Served],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = store_on(kind)
    monkeypatch.setenv("TARGET_SECRET", there.secret)
    form = TargetForm("there", Kind.XAPI, there.endpoint, there.key, "env:TARGET_SECRET")
    settings, third = make_settings(kind, **HERE), make_settings(kind, **HERE)
    with opened(settings) as here, opened(third) as puller:
        add_target(here, 1, form)
        begun, since = len(ids_in(there)), now_us()
        with serving(settings) as server:
            ids = post(server, 120) + post(server, 3)
            until(lambda: standing(here).waiting == 0)
        assert (standing(here).state(), standing(here).dead) == ("working", 0)
        assert ids_in(there)[begun:] == ids
        add_target(puller, 1, replace(form, kind=Kind.PULL), since=since)
        (done,) = run_now(puller, [standing(puller).target])
        assert (done["stored"], done["error"]) == (123, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_killed_loses_nothing_and_doubles_nothing(
    kind: str, make_settings: MakeSettings, receiver: Receiver
) -> None:
    settings = make_settings(kind, **HERE)
    hold = threading.Event()
    receiver.answering = _held(receiver, hold)
    with opened(settings) as database:
        add_hook(database, receiver)
        ids = [str(one.id) for one in write(database, *(body() for _ in range(450)))]
        with serving(settings) as first:
            receiver.wait_for(3)
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(20)
        hold.set()
        with serving(settings):
            until(lambda: standing(database).waiting == 0)
    by_id = {asked.headers["webhook-id"]: asked for asked in receiver.asked}
    arrived = [one["id"] for asked in by_id.values() for one in asked.json["statements"]]
    assert arrived == ids


def _held(receiver: Receiver, hold: threading.Event) -> Callable[[Asked], Said]:
    """Answer at once, but the third request only when whoever sent it is gone."""
    number = iter(range(1, 10_000))

    def answer(_: Asked) -> Said:
        third = next(number) == 3
        if third:
            receiver.came.notify_all()
            receiver.came.wait_for(hold.is_set, 20)
        return Said()

    return answer


@pytest.mark.parametrize("kind", KINDS)
def test_posts_go_on_while_a_target_is_down_and_it_gets_all_later(
    kind: str, make_settings: MakeSettings, receiver: Receiver
) -> None:
    settings = make_settings(kind, **HERE)
    receiver.answering = lambda _: Said(503)
    with opened(settings) as database:
        add_hook(database, receiver)
        with serving(settings) as here:
            ids = post(here, 2)
            receiver.wait_for(3)
            ids += [each for _ in range(10) for each in post(here, 1)]
            receiver.answering = lambda _: Said()
            until(lambda: standing(database).waiting == 0)
    assert list(dict.fromkeys(receiver.statements())) == ids


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
def test_nothing_is_missed_or_doubled_while_four_write(
    kind: str, workers: int, make_settings: MakeSettings, receiver: Receiver
) -> None:
    settings = make_settings(kind, workers=workers, **HERE)
    stored: list[str] = []
    with opened(settings) as database:
        add_hook(database, receiver)
        with serving(settings) as here:

            def writes() -> None:
                for _ in range(25):
                    stored.extend(post(here, 3))

            writers = [threading.Thread(target=writes) for _ in range(4)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            until(lambda: standing(database).waiting == 0)
            assert receiver.statements() == ids_in(here)
    assert sorted(receiver.statements()) == sorted(stored)


def test_a_claim_is_given_to_one_at_a_time(database: Database) -> None:
    mine, theirs = Claims(database), Claims(database)
    with mine.claimed(1) as first, theirs.claimed(1) as second, mine.claimed(1) as again:
        assert (first, second, again) == (True, False, False)
        with mine.claimed(2) as other:
            assert other
    with theirs.claimed(1) as now:
        assert now


@pytest.fixture
def target(database: Database, receiver: Receiver) -> Target:
    return add_hook(database, receiver)


def test_what_is_stored_in_the_same_process_goes_out_without_waiting_for_the_next_look(
    database: Database, target: Target, receiver: Receiver
) -> None:
    runner = Runner(database, parse_allowed("127.0.0.1"), look_s=3600)
    runner.start()
    until(lambda: runner.has_targets)
    write(database, body())
    runner.look_soon()
    receiver.wait_for(1)
    runner.stop()


def test_a_stop_waits_for_what_is_under_way(
    database: Database, target: Target, receiver: Receiver
) -> None:
    reached = threading.Event()

    def slowly(_: Asked) -> Said:
        reached.set()
        time.sleep(0.1)
        return Said()

    receiver.answering = slowly
    write(database, body())
    runner = Runner(database, parse_allowed("127.0.0.1"))
    runner.start()
    assert reached.wait(20)
    runner.stop()
    assert standing(database).waiting == 0


def test_without_targets_a_look_is_one_query(database: Database) -> None:
    asked: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    runner = Runner(database, parse_allowed(""), look_s=3600)
    runner.start()
    until(lambda: asked)
    runner.look_soon()
    runner.stop()
    assert len([each for each in asked if each != "BEGIN"]) == 1


def test_a_server_without_targets_does_not_bring_what_calls_others(tmp_path: Path) -> None:
    code = (
        "import sys; from lrs.app import create_app; from lrs.settings import load\n"
        "create_app(load({'home': 'home'})); import lrs.forwarding.running\n"
        "print('requests' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def test_forwarding_can_be_off(make_settings: MakeSettings, receiver: Receiver) -> None:
    settings = make_settings("sqlite", forwarding="off", **HERE)
    with opened(settings) as database, serving(settings) as here:
        add_hook(database, receiver)
        post(here, 2)
        assert standing(database).waiting == 2
    assert receiver.asked == []
