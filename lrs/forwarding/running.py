"""The work in the background of `verkan serve`: who is due is found, and gets a round.

Every process that serves runs one; for each target one of them sends (`lrs.forwarding.claims`). It
looks when something was stored in this process, when a wait is over, and every few seconds for what
other processes stored. Without a target that look is one query of an empty table. Nothing here
stands in the way of a request: rounds have threads of their own, a few at a time, so a target that
hangs holds up neither posts nor other targets.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from lrs.access.ring import now_us
from lrs.forwarding.addresses import Allowed, parse_allowed
from lrs.forwarding.claims import Claims
from lrs.forwarding.verdicts import Pace
from lrs.log import fault_fields
from lrs.store.database import Database

if TYPE_CHECKING:
    from flask import Flask, Response

    from lrs.forwarding.calling import Caller
    from lrs.forwarding.standing import Due
    from lrs.forwarding.targets import Target

LOOK_S = 3.0
_AT_A_TIME = 4
_GATHER_S = 0.05
_AFTER_A_FAULT_S = 5.0
_AFTER_ANOTHER_S = 0.5
_STOP_S = 10.0
_log = structlog.get_logger("lrs.forwarding")


def start(app: Flask, database: Database) -> Callable[[], None]:
    """Begin to send and pull in the background of a server; return what ends it."""
    from flask import request

    allowed = parse_allowed(database.settings.outgoing_hosts)
    if database.settings.forwarding != "on":
        return lambda: None
    runner = Runner(database, allowed)

    @app.after_request
    def look_after_a_write(response: Response) -> Response:
        if request.method in ("POST", "PUT") and response.status_code < 400:
            runner.look_soon()
        return response

    app.extensions["verkan"].on_stored.append(runner.look_soon)
    runner.start()
    return runner.stop


class Runner:
    """Looks who is due, and gives each a round in a thread of its own."""

    def __init__(self, database: Database, allowed: Allowed, *, look_s: float = LOOK_S) -> None:
        self._database = database
        self._allowed = allowed
        self._look_s = look_s
        self._claims = Claims(database)
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self.has_targets = False
        self._rounds: dict[int, threading.Thread] = {}
        self._callers: dict[int, Caller] = {}
        self._begun: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._thread = threading.Thread(target=self._run, name="forwarding", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look_soon(self) -> None:
        """Have a look at once: something may have been stored. Costs nothing without targets."""
        if self.has_targets:
            self._wanted.set()

    def stop(self) -> None:
        """Begin nothing more, and wait some seconds for what is under way.

        What does not end by then is sent again by whoever comes next; it has its own ids.
        """
        self._stopping.set()
        self._wanted.set()
        deadline = time.monotonic() + _STOP_S
        self._thread.join(_STOP_S)
        for thread in list(self._rounds.values()):
            thread.join(max(deadline - time.monotonic(), 0))
        self._given_up.set()
        for caller in self._callers.values():
            caller.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.clear()
            wait_s = self._look_safely()
            self._wanted.wait(wait_s)
            self._stopping.wait(_GATHER_S)  # what is stored together goes out together

    def _look_safely(self) -> float:
        try:
            return self._look()
        except Exception as exc:  # whatever it is, the next look may go well
            self._tell(exc, None)
            return _AFTER_A_FAULT_S

    def _look(self) -> float:
        """Begin a round for everyone who is due; return the seconds until somebody else is."""
        from lrs.forwarding.standing import due_targets

        with self._database.read() as conn:
            found = due_targets(conn, self._database.settings.pull_every_s)
        self.has_targets = bool(found)
        self._forget({each.target_id for each in found})
        found.sort(key=lambda each: self._begun.get(each.target_id, 0.0))
        return min((self._wait_s(each) for each in found), default=self._look_s)

    def _wait_s(self, due: Due) -> float:
        """Begin a target's round if it is time; return the seconds until it may be."""
        paused_s = self._not_before.get(due.target_id, 0.0) - time.monotonic()
        due_s = self._look_s if due.at is None else (due.at - now_us()) / 1_000_000
        wait_s = max(due_s, paused_s)
        if wait_s <= 0:
            self._begin(due)
            return self._look_s
        return min(wait_s, self._look_s)

    def _forget(self, enabled: set[int]) -> None:
        self._rounds = {n: thread for n, thread in self._rounds.items() if thread.is_alive()}
        for gone in self._callers.keys() - enabled - self._rounds.keys():
            self._callers.pop(gone).close()

    def _begin(self, due: Due) -> None:
        if due.target_id in self._rounds or len(self._rounds) >= _AT_A_TIME:
            return
        thread = threading.Thread(
            target=self._round, args=(due,), name=f"forwarding {due.target_id}", daemon=True
        )
        self._rounds[due.target_id] = thread
        self._begun[due.target_id] = time.monotonic()
        thread.start()

    def _round(self, due: Due) -> None:
        try:
            with self._claims.claimed(due.target_id) as ours:
                if ours:
                    self._work(due)
                else:  # another process is at it
                    self._pause(due, _AFTER_ANOTHER_S)
        except Exception as exc:  # a thread has nobody above it to tell
            if not self._given_up.is_set():
                self._tell(exc, due.target_id)
            self._pause(due, _AFTER_A_FAULT_S)
        finally:
            self._wanted.set()

    def _work(self, due: Due) -> None:
        from lrs.forwarding.rounds import Round

        work = Round(
            self._database,
            self._caller(due.target_id),
            pace_of(self._database),
            self._stopping.is_set,
            self._given_up.is_set,
        )
        if work.work(due.tenant_id, due.target_id).error is not None:
            _log.warning("forwarding_waits", target=due.target_id)

    def _caller(self, target_id: int) -> Caller:
        """Return the target's caller, which keeps its connection from round to round."""
        from lrs.forwarding.calling import Caller

        if target_id not in self._callers:
            self._callers[target_id] = Caller(self._allowed)
        return self._callers[target_id]

    def _pause(self, due: Due, wait_s: float) -> None:
        self._not_before[due.target_id] = time.monotonic() + wait_s

    def _tell(self, exc: Exception, target_id: int | None) -> None:
        _log.error("forwarding_failed", target=target_id, **fault_fields(exc))


def run_now(database: Database, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Do at once all that is due for targets; return what was done for each."""
    from lrs.forwarding.calling import Caller

    claims = Claims(database)
    caller = Caller(parse_allowed(database.settings.outgoing_hosts))
    try:
        return [_run_one(database, caller, claims, each) for each in targets]
    finally:
        caller.close()


def _run_one(database: Database, caller: Caller, claims: Claims, target: Target) -> dict[str, Any]:
    from lrs.forwarding.rounds import Round, Tally

    work = Round(database, caller, pace_of(database), longest_s=math.inf, at_once=True)
    with claims.claimed(target.id) as ours:
        done = Tally(error="another process is at it just now")
        if ours:
            done = work.work(target.tenant_id, target.id)
    told = {"sent": done.sent, "stored": done.stored, "dead": done.dead, "error": done.error}
    return {"name": target.form.name, **told}


def pace_of(database: Database) -> Pace:
    """Return how soon what failed is tried again, by the settings."""
    return Pace(first_s=database.settings.forwarding_retry_s)
