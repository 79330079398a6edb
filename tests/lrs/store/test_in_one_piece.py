"""On PostgreSQL a batch that nothing stands in the way of is one exchange; any other is looked at."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from store_making import AUTHORITY, TENANT, VERBS, body, checked, ids, pages, pointing, write

from lrs.access.keys import make_key
from lrs.errors import Conflict
from lrs.settings import Settings
from lrs.store import writing
from lrs.store.authorities import as_authority
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.definitions import known_definitions
from lrs.store.pipeline import _Line
from lrs.store.rows import Incoming
from lrs.store.schema import access_key, statement
from lrs.store.writing import Written

LESSON = "https://example.org/lesson"


@pytest.fixture
def database(make_settings: Callable[..., Settings]) -> Iterator[Database]:
    opened = Database(make_settings("postgresql"))
    yield opened
    opened.close()


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many queries went to PostgreSQL in each exchange."""
    found: list[int] = []
    real = _Line._exchange

    def counted(line: _Line, sent: Any, *given: Any, **named: Any) -> Any:
        found.append(len(sent))
        return real(line, sent, *given, **named)

    monkeypatch.setattr(_Line, "_exchange", counted)
    return found


def lesson(name: str) -> dict[str, Any]:
    return body(object={"id": LESSON, "definition": {"name": {"en": name}}})


@pytest.mark.parametrize("number", [1, 5, 60])
def test_what_is_plain_is_one_exchange(
    database: Database, exchanges: list[int], number: int
) -> None:
    write(database, body())
    exchanges.clear()
    sent = [body(context={"registration": str(uuid.uuid4())}) for _ in range(number)]
    assert write(database, *sent) == [Written(uuid.UUID(one["id"]), True) for one in sent]
    assert exchanges == [3]  # the turn, the look, the rows
    assert ids(pages(database, ascending=True))[1:] == ids(sent)


def test_what_is_said_first_of_an_activity_goes_along(
    database: Database, exchanges: list[int]
) -> None:
    write(database, body(object={"id": LESSON}))
    exchanges.clear()
    write(database, lesson("Lifting"), lesson("Lifting well"))
    assert exchanges == [4]
    assert known_definitions(database, TENANT, [LESSON])[LESSON]["name"] == {"en": "Lifting well"}


def test_what_another_process_said_of_it_is_brought_up_to_date(database: Database) -> None:
    other = Database(database.settings)
    write(other, lesson("Lifting"))
    write(database, body(object={"id": LESSON, "definition": {"name": {"sv": "Lyft"}}}))
    name = known_definitions(database, TENANT, [LESSON])[LESSON]["name"]
    assert name == {"en": "Lifting", "sv": "Lyft"}
    write(other, lesson("Lifting"))  # which it thinks is what is known
    write(other, lesson("Lifting well"))
    name = known_definitions(database, TENANT, [LESSON])[LESSON]["name"]
    assert name == {"en": "Lifting well", "sv": "Lyft"}
    other.close()


def test_an_id_that_is_taken_is_looked_at(database: Database, exchanges: list[int]) -> None:
    there, new = body(), body()
    write(database, there)
    exchanges.clear()
    assert [one.new for one in write(database, there, new)] == [False, True]
    assert len(exchanges) > 1
    with pytest.raises(Conflict):
        write(database, body(), {**there, "verb": {"id": VERBS + "failed"}})
    assert ids(pages(database)) == [new["id"], there["id"]]
    assert check_store(database, full=True).faults == []


def test_after_what_met_something_the_next_is_looked_at_at_once(
    database: Database, exchanges: list[int]
) -> None:
    there = body()
    write(database, there)
    write(database, there)
    exchanges.clear()
    write(database, there)
    assert exchanges == [4]  # the turn and its numbers, ids that are taken, and pointed to
    write(database, body())  # which meets nothing
    exchanges.clear()
    write(database, body())
    assert exchanges == [3]


@pytest.mark.parametrize("number", [1, 40])
def test_what_is_pointed_to_already_is_found_with_it(database: Database, number: int) -> None:
    target = body()
    who = pointing(target["id"])
    write(database, who)
    write(database, *(body(verb={"id": VERBS + "failed"}) for _ in range(number - 1)), target)
    assert set(ids(pages(database, verb=VERBS + "passed"))) == {who["id"], target["id"]}
    assert check_store(database, full=True).faults == []


def test_large_and_small_batches_under_several_keys_are_stored_in_their_order(
    database: Database,
) -> None:
    keys = [_key_of(database, name) for name in ("one", "two")]
    write(database, body())
    sizes = ((3, 0), (1, 0), (30, 0), (2, 1), (40, 1), (40, 0), (1, 1), (1, 0))
    vouching = as_authority(AUTHORITY)
    sent = [
        (
            [
                Incoming(one, vouching)
                for one in checked(
                    *(
                        body(timestamp=None if n % 2 else "2026-01-05T09:30:00Z")
                        for n in range(size)
                    )
                )
            ],
            keys[key],
        )
        for size, key in sizes
    ]
    batches = [writing.prepare(database, TENANT, *each) for each in sent]
    batches = writing.complete(database, TENANT, batches)
    outcomes = writing.store_prepared(database, TENANT, batches)
    in_order = [(one.statement.id, key) for batch, key in sent for one in batch]
    assert [one for each in outcomes for one in each] == [Written(id_, True) for id_, _ in in_order]
    with database.read() as conn:
        rows = conn.execute(
            sa.select(statement.c.statement_id, statement.c.key_id)
            .where(statement.c.seq > 1)
            .order_by(statement.c.seq)
        ).all()
    assert [(uuid.UUID(bytes=row.statement_id), row.key_id) for row in rows] == in_order
    assert check_store(database, full=True).faults == []


def _key_of(database: Database, name: str) -> int:
    made = make_key(database, database.settings, name=name)
    with database.read() as conn:
        found = conn.execute(sa.select(access_key.c.id).where(access_key.c.key == made.key))
        return int(found.scalar_one())
