"""A server that starts knows what was said before it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog
from store_making import TENANT, body, pages, write

from lrs.access.tenants import make_tenant
from lrs.store import recalling
from lrs.store.database import Database
from lrs.store.definitions import NewDefinitions
from lrs.store.recalling import recall
from lrs.store.terms import UNKNOWN, known_numbers
from lrs.xapi import phrases
from lrs.xapi.glancing import forget_phrases
from lrs.xapi.naming import Names
from lrs.xapi.terms import TermKind

LESSON = {
    "id": "https://example.org/lesson",
    "definition": {"name": {"en": "Lifting", "sv": "Lyft"}},
}


@contextmanager
def started_anew(database: Database) -> Iterator[Database]:
    """Yield the database as a process has it that has just been begun."""
    forget_phrases()
    another = Database(database.settings)
    yield another
    another.close()


def test_names_and_definitions_are_known(database: Database) -> None:
    sent = [body(object={**LESSON, "id": f"{LESSON['id']}/{n}"}) for n in range(5)]
    write(database, *sent)
    names = [(int(TermKind.ACTIVITY), str(one["object"]["id"])) for one in sent]
    with started_anew(database) as another:
        assert set(known_numbers(another.memory, TENANT, names)) == {UNKNOWN}
        recall(another)
        numbers = known_numbers(another.memory, TENANT, names)
        assert numbers == known_numbers(database.memory, TENANT, names)
        said = Names()
        said.activity(sent[0]["object"], 1)
        told = [(numbers[0], one.body, one.mark) for one in said.definitions]
        assert not NewDefinitions(another.memory, TENANT, told).by_activity


def test_what_was_said_last_is_not_looked_at_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    write(database, body(actor={"mbox": "mailto:bo@example.org"}, object=LESSON))
    write(database, body(actor={"mbox": "mailto:cy@example.org"}), tenant=other)
    read: list[bytes] = []
    real = phrases.read_phrase
    with started_anew(database) as another:
        recall(another)
        monkeypatch.setattr(phrases, "read_phrase", lambda *of: read.append(of[0]) or real(*of))
        write(another, body(actor={"mbox": "mailto:bo@example.org"}, object=LESSON))
        write(another, body(actor={"mbox": "mailto:cy@example.org"}))
        assert read == []
        write(another, body(actor={"mbox": "mailto:di@example.org"}))
        assert len(read) == 1


def test_a_new_store_has_nothing_to_recall(database: Database) -> None:
    recall(database)
    assert len(database.memory.terms) == 0


def test_what_fails_is_told_and_holds_nobody_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, body())

    def fails(*_: object) -> None:
        raise RuntimeError("no memory of it")

    monkeypatch.setattr(recalling, "glanced", fails)
    with structlog.testing.capture_logs() as told:
        recall(database)
    assert [one["event"] for one in told] == ["not_recalled"]
    write(database, body())
    assert len(pages(database)) == 2
