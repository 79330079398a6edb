"""The dictionary of terms and what a process remembers of it; rows in bulk."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from store_making import TENANT, body, write

from lrs.access.tenants import make_tenant
from lrs.errors import Conflict
from lrs.store.bulk import among, insert_rows
from lrs.store.database import Database
from lrs.store.memory import Recent
from lrs.store.schema import statement_body, term
from lrs.store.terms import UNKNOWN, find_number, find_numbers, known_numbers, number_names
from lrs.xapi.terms import TermKind

_KINDS = (TermKind.AGENT, TermKind.VERB, TermKind.ACTIVITY)
_NAMES = [(kind, f"https://example.org/{value}") for kind in _KINDS for value in range(5)]


def test_number_of_a_name_never_changes(database: Database) -> None:
    with database.write() as conn:
        some = number_names(conn, TENANT, _NAMES[3:9]).numbers
    with database.write() as conn:
        every = number_names(conn, TENANT, random.Random(1).sample(_NAMES, len(_NAMES))).numbers
    assert every.keys() == set(_NAMES)
    assert {name: every[name] for name in some} == some
    assert len(set(every.values())) == len(_NAMES)


def test_same_text_is_another_term_for_each_kind_and_tenant(database: Database) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
        ours = number_names(conn, TENANT, _NAMES).numbers
        theirs = number_names(conn, other, _NAMES).numbers
        assert find_numbers(conn, other, _NAMES) == theirs
    assert not set(ours.values()) & set(theirs.values())


def test_unknown_name_has_no_number_and_gets_none(database: Database) -> None:
    name = (TermKind.VERB, "https://example.org/unheard-of")
    with database.read() as conn:
        assert find_number(database, conn, TENANT, name) is None
        assert find_numbers(conn, TENANT, [name]) == {}
        assert conn.execute(sa.select(sa.func.count()).select_from(term)).scalar_one() == 0


def test_what_a_refused_batch_named_is_not_remembered(database: Database) -> None:
    """On SQLite it was undone with the batch; on PostgreSQL it was made before, and stays."""
    sent = body()
    write(database, sent)
    new = (TermKind.VERB, "https://example.org/new")
    with pytest.raises(Conflict):
        write(database, {**sent, "verb": {"id": new[1]}})
    assert known_numbers(database.memory, TENANT, [new]) == [UNKNOWN]
    with database.read() as conn:
        assert bool(find_numbers(conn, TENANT, [new])) is not database.is_sqlite
    assert write(database, body(verb={"id": new[1]}))[0].new
    with database.read() as conn:
        stored = find_numbers(conn, TENANT, [new])
    assert known_numbers(database.memory, TENANT, [new]) == list(stored.values()) != []


def test_recent_forgets_what_came_first_and_holds_about_as_much_at_all_times() -> None:
    recent: Recent[int, int] = Recent(100)
    for key in range(1, 1_000):
        recent.put(key, key)
        recent.put(key, -key)
        assert recent.get(key) == -key
        assert key < 100 or 90 <= len(recent) <= 100
    assert recent.get(800) is None


def test_recent_holds_as_much_as_its_keys_weigh() -> None:
    recent: Recent[bytes, int] = Recent(1_000, len)
    for number in range(500):
        recent.put(bytes(number % 40) + number.to_bytes(2), number)
    kept = [number for number in range(500) if recent.get(bytes(number % 40) + number.to_bytes(2))]
    assert kept == list(range(kept[0], 500))
    assert 800 <= sum(number % 40 + 2 for number in kept) <= 1_000
    recent.clear()
    assert len(recent) == 0
    recent.put(b"again", 1)
    assert recent.get(b"again") == 1


def test_recent_is_put_to_and_cleared_by_many_threads() -> None:
    recent: Recent[int, int] = Recent(50)

    def work(first: int) -> None:
        for key in range(first, first + 3_000):
            recent.put(key, key)
            assert recent.get(key) in (None, key)
            if key % 500 == 0:
                recent.clear()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(0, 12_000, 3_000)))
    assert len(recent) <= 50


def test_rows_in_bulk_are_stored_as_given(database: Database) -> None:
    rows = [(TENANT, seq, bytes([seq, 0, 255, 92])) for seq in range(1, 200)]
    with database.write() as conn:
        insert_rows(conn, statement_body, ("tenant_id", "seq", "body"), rows)
        insert_rows(conn, statement_body, ("tenant_id", "seq", "body"), [])
    with database.read() as conn:
        assert [
            tuple(row)
            for row in conn.execute(sa.select(statement_body).order_by(statement_body.c.seq))
        ] == rows
        found = conn.execute(
            sa.select(statement_body.c.seq).where(among(conn, statement_body.c.seq, [3, 198, 1000]))
        )
        assert sorted(found.scalars()) == [3, 198]


def test_fault_of_rows_in_bulk_looks_like_any_other(database: Database) -> None:
    rows = [(TENANT, 1, b"a"), (TENANT, 1, b"b")]
    with pytest.raises(IntegrityError), database.write() as conn:
        insert_rows(conn, statement_body, ("tenant_id", "seq", "body"), rows)
    with database.read() as conn:
        assert conn.execute(sa.select(statement_body)).first() is None
