"""A company whose people take one path, told by files and statements, and corrected later."""

from __future__ import annotations

import csv
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

PATH = "https://example.org/paths/care"
VERBS = "http://adlnet.gov/expapi/verbs/"
AUTHORITY = {"objectType": "Agent", "mbox": "mailto:lms@example.org"}
TEAMS, SIZE, MONTHS = 18, 4, 12
STARTS = {0: "2024-05", 1: "2024-08"}  # by team; every third never
MOVED, HANDED_OVER = 5, 9  # persons
Statement = dict[str, Any]


def people_file(path: Path, *, corrected: bool) -> Path:
    """Write the staff history; the correction moves one person and gives a mail to another."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["person_id", "email", "team_id", "valid_from", "valid_to"])
        for n in range(TEAMS * SIZE):
            mail, team = f"p{n}@example.org", f"T{n // SIZE:02}"
            if corrected and n == MOVED:
                out.writerow([f"P{n}", mail, team, "2023-01-01", "2024-04-01"])
                out.writerow([f"P{n}", mail, "T02", "2024-04-01", ""])
            elif corrected and n == HANDED_OVER:
                out.writerow([f"P{n}", "", team, "2023-01-01", ""])
            elif corrected and n == HANDED_OVER + 1:
                out.writerow([f"P{n}", f"p{HANDED_OVER}@example.org", team, "2023-01-01", ""])
            else:
                out.writerow([f"P{n}", mail, team, "2023-01-01", ""])
    return path


def outcomes_file(path: Path) -> Path:
    """Write a figure a person and month."""
    chance = np.random.default_rng(8)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["metric", "person_id", "period", "value"])
        for n in range(TEAMS * SIZE):
            for month in range(1, MONTHS + 1):
                value = round(float(chance.normal(10, 1)), 2)
                out.writerow(["calls", f"P{n}", f"2024-{month:02}", value])
    return path


def said(person: int, verb: str, when: str) -> Statement:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": f"mailto:p{person}@example.org"},
        "verb": {"id": VERBS + verb},
        "object": {"id": PATH},
        "timestamp": when,
        "result": {"duration": "PT30M", "score": {"scaled": 0.75}},
    }


def voids(target: Statement) -> Statement:
    return {
        "actor": {"mbox": "mailto:admin@example.org"},
        "verb": {"id": VERBS + "voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def store(database: Database, tenant_id: int, statements: list[Statement]) -> None:
    checked = check_batch(orjson.dumps(statements), SpecVersion.V1_0)
    write_statements(database, tenant_id, checked, authority=AUTHORITY, key_id=None)


def course() -> tuple[list[Statement], list[Statement], list[Statement]]:
    """Return who completes, what comes late and is dated long before, and what is taken back."""
    trained = [n for n in range(TEAMS * SIZE) if n // SIZE % 3 in STARTS]
    first = [said(n, "completed", f"{STARTS[n // SIZE % 3]}-03T10:00:00Z") for n in trained]
    late = [said(n, "initialized", "2024-02-11T10:00:00Z") for n in trained[::2]]
    late += [said(n, "completed", "2024-03-20T10:00:00Z") for n in trained[:3]]
    return first, late, [voids(first[-1]), voids(late[0]), voids(late[-1])]
