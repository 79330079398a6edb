"""A registration has its number from itself, and finds what is of it, and nothing else."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from store_making import TENANT, body, ids, pages, pointing, write

from lrs.access.tenants import make_tenant
from lrs.store import terms
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.registrations import is_of, number_of
from lrs.store.schema import term
from lrs.xapi.terms import TermKind

ONE, OTHER = "8c5d2c0a-6c1f-4f3e-9d55-0c2c3f1b7a01", "8c5d2c0a-6c1f-4f3e-9d55-0c2c3f1b7a02"


def of(registration: str) -> dict[str, object]:
    return body(context={"registration": registration})


def test_it_is_no_term_and_finds_what_is_of_it(database: Database) -> None:
    sent = [of(ONE), of(OTHER), of(ONE.upper()), body()]
    write(database, *sent)
    assert ids(pages(database, registration=ONE)) == [sent[2]["id"], sent[0]["id"]]
    assert ids(pages(database, registration=OTHER)) == [sent[1]["id"]]
    assert pages(database, registration=str(uuid.uuid4())) == []
    with database.read() as conn:
        kinds = conn.execute(sa.select(term.c.kind).distinct()).scalars().all()
    assert TermKind.REGISTRATION not in kinds
    assert check_store(database, full=True).faults == []


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_it_finds_who_points_to_what_is_of_it(database: Database, *, first: bool) -> None:
    about = of(ONE)
    who = pointing(str(about["id"]))
    write(database, *(of(ONE) for _ in range(3)))
    for sent in (about, who) if first else (who, about):
        write(database, sent)
    assert {about["id"], who["id"]} < set(ids(pages(database, registration=ONE)))
    assert check_store(database, full=True).faults == []


def test_it_is_another_one_for_each_tenant(database: Database) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    ours, theirs = of(ONE), of(ONE)
    write(database, ours)
    write(database, theirs, tenant=other)
    assert number_of(TENANT, ONE) != number_of(other, ONE)
    assert ids(pages(database, registration=ONE)) == [ours["id"]]
    assert ids(pages(database, other, registration=ONE)) == [theirs["id"]]


def test_numbers_are_below_those_of_terms() -> None:
    numbers = [number_of(tenant, str(uuid.uuid4())) for tenant in (1, 2) for _ in range(500)]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) >= -(1 << 63)
    assert max(numbers) < 0


def test_two_with_the_same_number_are_told_apart(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "number_of", lambda *_: -7)
    sent = [of(each) for _ in range(10) for each in (ONE, OTHER, OTHER.upper())]
    for begin in range(0, len(sent), 5):
        write(database, *sent[begin : begin + 5])
    for registration in (ONE, OTHER):
        wanted = [one["id"] for one in sent if str(one["context"]).lower().count(registration)]
        for limit in (1, 4, 100):
            found = pages(database, registration=registration, ascending=True, limit=limit)
            assert ids(found) == wanted


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        (f'{{"context":{{"registration":"{ONE}"}}}}', True),
        (f'{{"context":{{"registration":"{ONE.upper()}"}}}}', True),
        (f'{{"context":{{"registration":"\\u0038{ONE[1:]}"}}}}', True),
        (f'{{"context":{{"registration":"{OTHER}"}}}}', False),
        ('{"context":{}}', False),
        ("{}", False),
        ('{"object":{"objectType":"StatementRef"}}', True),
    ],
)
def test_a_statement_says_what_it_is_of(written: str, *, holds: bool) -> None:
    assert is_of(written.encode(), ONE) is holds
