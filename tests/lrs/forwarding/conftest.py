"""Targets on a fresh database of each kind, and a receiver to send to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from receiving import SECRET, Receiver, receiving

from lrs.forwarding.addresses import parse_allowed
from lrs.forwarding.calling import Caller
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.rounds import Round, Tally
from lrs.forwarding.targets import Target, add_target
from lrs.forwarding.verdicts import Pace
from lrs.settings import Settings
from lrs.store.database import Database

# Statements are made as in the tests of the store.
sys.path.append(str(Path(__file__).parents[1] / "store"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that answers as it is told."""
    with receiving() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, make_settings: Callable[..., Settings]) -> Settings:
    """Settings of a fresh database that may call this machine: the test runs once on each kind."""
    return make_settings(request.param, outgoing_hosts="127.0.0.1", pull_every_s=0.1)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret that targets of the tests refer to."""
    monkeypatch.setenv("TARGET_SECRET", SECRET)


@pytest.fixture
def add(database: Database, receiver: Receiver) -> Callable[..., Target]:
    """Return ``f(kind, **form)``: a target at the receiver."""

    def make(
        kind: str = "xapi", *, since: int | None = None, tenant: int = 1, **form: Any
    ) -> Target:
        given = {"name": "there", "url": receiver.url, "secret_ref": "env:TARGET_SECRET", **form}
        return add_target(database, tenant, TargetForm(kind=Kind(kind), **given), since=since)[0]

    return make


@pytest.fixture
def work(database: Database) -> Iterator[Callable[..., Tally]]:
    """Return ``f(target, **round)``, which gives a target a round; what failed waits a moment."""
    caller = Caller(parse_allowed("127.0.0.1"))

    def run(target: Target, first_s: float = 0.001, **more: Any) -> Tally:
        pace = Pace(first_s=first_s, most_tries=3)
        return Round(database, caller, pace, **more).work(target.tenant_id, target.id)

    yield run
    caller.close()
