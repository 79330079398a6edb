"""A small company that came in by the imports, and its one report."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from analytics.impact import impact
from connectors.importing import import_outcomes, import_people
from lrs.app import create_app
from lrs.store.database import Database
from lrs.store.importing import import_statements
from lrs.store.migrate import open_database

PATH = "https://example.org/paths/listening"
TEAMS, EACH, MONTHS, START = 16, 4, 12, 6
AUTHORITY = {"account": {"homePage": "https://tool.example.org", "name": "tests"}}

People = dict[str, int]


@pytest.fixture
def reported(database: Database, tmp_path: Path) -> Database:
    """A store of each kind with the company and its report in it."""
    return _filled(database, tmp_path)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on SQLite, once, for what does not hang on the database."""
    folder = tmp_path_factory.mktemp("company")
    database = open_database({"home": str(folder / "home")})
    yield _filled(database, folder)
    database.close()


@pytest.fixture
def app(company: Database) -> Flask:
    """An application that shows the report."""
    return create_app(company.settings, company)


def _filled(database: Database, folder: Path) -> Database:
    """Half the teams were trained in month seven and err less since then."""
    people = {f"p{n:03d}": n // EACH for n in range(TEAMS * EACH)}
    import_people(database, 1, _table(folder / "people.csv", _staff(people)))
    import_outcomes(database, 1, _table(folder / "outcomes.csv", _errors(people)))
    statements = folder / "statements.ndjson"
    statements.write_text("\n".join(json.dumps(s) for s in _completions(people)), "utf-8")
    import_statements(database, 1, statements, authority=AUTHORITY)
    impact(database, 1, PATH, "errors")
    return database


def _table(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _staff(people: People) -> Iterator[dict[str, Any]]:
    for person, team in people.items():
        email = f"canary.{person}@example.org"
        yield {
            "person_id": person,
            "email": email,
            "team_id": f"team {team}",
            "valid_from": "2023-01-01",
        }


def _errors(people: People) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(7)
    for person, team in people.items():
        for month in range(MONTHS):
            trained = team % 2 == 0 and month >= START
            yield {
                "metric": "errors",
                "person_id": person,
                "period": f"2024-{month + 1:02d}",
                "numerator": rng.poisson(10 if trained else 20),
                "denominator": 100,
            }


def _completions(people: People) -> Iterator[dict[str, Any]]:
    for person, team in people.items():
        if team % 2 == 0:
            yield {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, person)),
                "actor": {
                    "mbox": f"mailto:canary.{person}@example.org",
                    "name": f"Canary {person}",
                },
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": PATH, "definition": {"name": {"en": "Listening"}}},
                "result": {"completion": True},
                "timestamp": "2024-07-02T09:00:00Z",
            }
