"""One round for a target: what is due is sent until nothing is, it fails, or others want a turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lrs.access.ring import now_us
from lrs.errors import NotFound
from lrs.forwarding import outbox
from lrs.forwarding.calling import Caller
from lrs.forwarding.forms import Kind
from lrs.forwarding.outbox import Delivery, TakenUp
from lrs.forwarding.pulling import Puller
from lrs.forwarding.sending import Sender, send_statements
from lrs.forwarding.targets import Target, find_target
from lrs.forwarding.verdicts import Outcome, Pace, Verdict
from lrs.forwarding.webhooks import send_webhook
from lrs.store.database import Database

_LONGEST_S = 20.0
_MOST_IN_A_ROW = 20
_SENDERS: dict[Kind, Sender] = {Kind.XAPI: send_statements, Kind.WEBHOOK: send_webhook}


@dataclass(slots=True)
class Tally:
    """What a round did."""

    sent: int = 0
    stored: int = 0
    dead: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What a round has at hand; ``given_up`` tells that whoever began it waits no more."""

    database: Database
    caller: Caller
    pace: Pace
    stopping: Callable[[], bool] = field(default=lambda: False)
    given_up: Callable[[], bool] = field(default=lambda: False)
    longest_s: float = _LONGEST_S
    at_once: bool = False
    """What waits for its time is not waited for."""

    def work(self, tenant_id: int, target_id: int) -> Tally:
        """Do what is due; the caller holds the claim on the target (`lrs.forwarding.claims`)."""
        tally = Tally()
        until = time.monotonic() + self.longest_s
        while not self.stopping() and time.monotonic() < until:
            target = self._target(tenant_id, target_id)
            if target is None or not self._step(target, tally):
                break
        return tally

    def _target(self, tenant_id: int, target_id: int) -> Target | None:
        """Return the target as it is now: it may be changed or removed at any time."""
        try:
            with self.database.read() as conn:
                target = find_target(conn, tenant_id, target_id)
        except NotFound:
            return None
        return target if target.form.enabled else None

    def _step(self, target: Target, tally: Tally) -> bool:
        """Do one thing; return whether there may be another."""
        with self.database.read() as conn:
            waiting = outbox.first_waiting(conn, target.id)
        if waiting is not None and waiting.next_at > now_us() and not self.at_once:
            return False
        if target.form.kind == Kind.PULL:
            return self._pull(target, waiting, tally)
        taken: TakenUp | int | None
        if waiting is None:
            taken = outbox.take_up(self.database, target)
        else:
            taken = outbox.statements_of(self.database, target, waiting)
        if isinstance(taken, TakenUp):
            return self._send(target, taken, tally)
        return taken is not None

    def _send(self, target: Target, taken: TakenUp, tally: Tally) -> bool:
        if not taken.statements:  # changed filters, or erased
            outbox.arrived(self.database, target, taken.delivery)
            return True
        send = _SENDERS[target.form.kind]
        outcome = send(self.database, self.caller, target, taken.statements)
        if self.given_up():
            return False
        self._settle(target, taken, outcome, tally)
        return tally.error is None

    def _settle(self, target: Target, taken: TakenUp, outcome: Outcome, tally: Tally) -> None:
        sent = taken.delivery
        if outcome.verdict is Verdict.DONE:
            outbox.arrived(self.database, target, sent)
            tally.sent += len(taken.statements)
        elif outcome.verdict is Verdict.REFUSED or self._too_often(sent.tries, outcome):
            # Of what broke the target down each half is tried once, not the whole number again.
            tries = 0 if outcome.verdict is Verdict.REFUSED else sent.tries
            outbox.refuse(self.database, target, taken, outcome.told, tries=tries)
            if len(taken.statements) == 1:
                tally.dead += 1
                self._slow_down(target, outcome, tally)
        else:
            self._wait(target, sent, outcome)
            tally.error = outcome.told

    def _slow_down(self, target: Target, outcome: Outcome, tally: Tally) -> None:
        """A target that refuses all there is may be set up wrongly: it is not asked all of it now."""
        over = outbox.refused_in_a_row(self.database, target) - _MOST_IN_A_ROW
        if over > 0:
            next_at = now_us() + round(self.pace.wait_s(over) * 1_000_000)
            outbox.wait_for_a_while(self.database, target, outcome.told, next_at)
            tally.error = outcome.told

    def _too_often(self, tries: int, outcome: Outcome) -> bool:
        return outcome.verdict is Verdict.DOUBTFUL and tries + 1 >= self.pace.most_tries

    def _wait(self, target: Target, sent: Delivery, outcome: Outcome) -> None:
        wait_s = self.pace.wait_s(sent.tries + 1, outcome.asked_s)
        next_at = now_us() + round(wait_s * 1_000_000)
        outbox.try_later(self.database, target, sent, outcome.told, next_at)

    def _pull(self, target: Target, waiting: Delivery | None, tally: Tally) -> bool:
        """Take one page; return whether the run has another."""
        every_s = self.database.settings.pull_every_s
        if waiting is None and not self.at_once and target.pulled_next_at(every_s) > now_us():
            return False
        pulled = Puller(self.database, self.caller, target).page()
        if self.given_up():
            return False
        if isinstance(pulled, Outcome):
            if pulled.verdict is Verdict.REFUSED:  # its `more` leads nowhere any more
                outbox.begin_anew(self.database, target)
            self._wait(target, waiting or outbox.appoint(self.database, target), pulled)
            tally.error = pulled.told
            return False
        outbox.pulled(self.database, pulled.target, waiting)
        tally.stored += pulled.stored
        return not pulled.is_last
