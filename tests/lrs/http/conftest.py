"""An application on a fresh database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wiring import MakeWire, Wire

from lrs.access.keys import make_key
from lrs.app import create_app
from lrs.settings import Settings
from lrs.store.database import Database


@pytest.fixture
def make_wire(make_settings: Callable[..., Settings]) -> Iterator[MakeWire]:
    """Return ``f(kind, **settings)``: a client of an application on a fresh database."""
    opened: list[Database] = []

    def make(kind: str, **given: Any) -> Wire:
        settings = make_settings(kind, **given)
        database = Database(settings)
        opened.append(database)
        made = make_key(database, settings, name="Tests")
        return Wire(create_app(settings, database), database, made)

    yield make
    for database in opened:
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def wire(request: pytest.FixtureRequest, make_wire: MakeWire) -> Wire:
    """A client of an application: the test runs once on each kind of database."""
    return make_wire(request.param)


@pytest.fixture
def lite(make_wire: MakeWire) -> Wire:
    """The same, for rules that end before the database: one kind is enough."""
    return make_wire("sqlite")
