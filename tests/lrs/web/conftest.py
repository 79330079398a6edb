"""The pages of an application on a fresh database of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from lrs.app import create_app
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion


@pytest.fixture
def app(settings: Settings, database: Database) -> Flask:
    """An application on a fresh database of each kind."""
    return create_app(settings, database)


@pytest.fixture
def small_app(
    make_settings: Callable[..., Settings], request: pytest.FixtureRequest
) -> Callable[..., Flask]:
    """Return ``f(**settings)``: an application on SQLite, where the database does not matter."""

    def make(**given: Any) -> Flask:
        settings = make_settings("sqlite", **given)
        database = Database(settings)
        request.addfinalizer(database.close)
        return create_app(settings, database)

    return make


@pytest.fixture
def store(database: Database) -> Callable[..., None]:
    """Return ``f(*statements)``, which stores them in that order."""

    def store_them(*statements: dict[str, Any]) -> None:
        batch = check_batch(json.dumps(statements).encode(), SpecVersion.V1_0)
        authority = {"account": {"homePage": "https://tool.example.org", "name": "tests"}}
        write_statements(database, 1, batch, authority=authority, key_id=None)

    return store_them
