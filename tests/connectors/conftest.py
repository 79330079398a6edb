"""Files to import, and what is kept after it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people_kept import TENANT, Kept

from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Return ``f(header, *rows)``: the path of a file of these lines."""
    made = iter(range(1000))

    def make(*lines: str, name: str | None = None) -> Path:
        path = tmp_path / (name or f"file{next(made)}.csv")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


@pytest.fixture
def kept(database: Database) -> Kept:
    """What is kept for the default tenant."""
    return Kept(database)


@pytest.fixture
def say(database: Database) -> Callable[..., None]:
    """Return ``f(*actors)``: stores a statement by each of them."""

    def store(*actors: dict[str, Any]) -> None:
        statements = [
            {
                "id": str(uuid.uuid4()),
                "actor": actor,
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": "https://example.org/course"},
            }
            for actor in actors
        ]
        batch = check_batch(json.dumps(statements).encode(), SpecVersion.V1_0)
        authority = {"account": {"homePage": "https://store.example.org", "name": "key"}}
        write_statements(database, TENANT, batch, authority=authority, key_id=None)

    return store
