"""An application on a fresh database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from wiring import Wire

from lrs.access.keys import make_key
from lrs.app import create_app
from lrs.settings import Settings
from lrs.store.database import Database


@pytest.fixture
def make_wire() -> Iterator[Callable[[Settings], Wire]]:
    """Return ``f(settings)``: a client of an application on that database."""
    opened: list[Database] = []

    def make(settings: Settings) -> Wire:
        database = Database(settings)
        opened.append(database)
        return Wire(
            create_app(settings, database), database, make_key(database, settings, name="Tests")
        )

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def wire(settings: Settings, make_wire: Callable[[Settings], Wire]) -> Wire:
    """A client of an application on a fresh database of each kind."""
    return make_wire(settings)
