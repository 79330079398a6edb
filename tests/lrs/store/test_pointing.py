"""Voiding, and statements about statements: in whatever order the two ends arrive."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from store_making import TENANT, VERBS, body, ids, pages, pointing, voiding, write

from lrs.access.tenants import make_tenant
from lrs.store.database import Database
from lrs.store.reading import statement_by_id
from lrs.store.schema import ref, statement
from lrs.store.watching import latest

BO = "mbox mailto:bo@example.org"


def _is_voided(database: Database, one: dict[str, Any]) -> bool:
    number = uuid.UUID(one["id"])
    plainly = statement_by_id(database, TENANT, number, voided=False)
    as_voided = statement_by_id(database, TENANT, number, voided=True)
    assert (plainly is None) != (as_voided is None)
    return as_voided is not None


def test_voided_statement_is_in_no_list_and_its_voiding_statement_is(database: Database) -> None:
    kept, gone = body(), body()
    void = voiding(gone["id"])
    write(database, kept, gone)
    write(database, void)
    assert ids(pages(database)) == [void["id"], kept["id"]]
    assert [_is_voided(database, one) for one in (kept, gone, void)] == [False, True, False]


@pytest.mark.parametrize("batches", [(2,), (1, 1)])
def test_statement_that_arrives_after_its_voiding_is_voided(
    database: Database, batches: tuple[int, ...]
) -> None:
    gone = body()
    both = iter((voiding(gone["id"]), gone))
    for size in batches:
        write(database, *itertools.islice(both, size))
    assert _is_voided(database, gone)


def test_voiding_statement_cannot_be_voided(database: Database) -> None:
    gone = body()
    void = voiding(gone["id"])
    write(database, gone, void)
    write(database, voiding(void["id"]))
    assert [_is_voided(database, one) for one in (gone, void)] == [True, False]


def test_voiding_statement_that_arrives_late_cannot_be_voided(database: Database) -> None:
    gone = body()
    void = voiding(gone["id"])
    write(database, voiding(void["id"]))
    write(database, void, gone)
    assert [_is_voided(database, one) for one in (gone, void)] == [True, False]


def test_statement_is_voided_by_the_first_that_voids_it(database: Database) -> None:
    gone = body()
    write(database, gone, voiding(gone["id"]))
    write(database, voiding(gone["id"]))
    with database.read() as conn:
        by = conn.execute(sa.select(statement.c.voided_by).where(statement.c.seq == 1)).scalar_one()
    assert by == 2


def test_pointing_without_the_voiding_verb_voids_nothing(database: Database) -> None:
    kept = body()
    write(database, kept, pointing(kept["id"]))
    assert not _is_voided(database, kept)


def test_voiding_stays_within_its_tenant(database: Database) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    kept = body()
    write(database, kept)
    write(database, kept, voiding(kept["id"]), tenant=other)
    assert not _is_voided(database, kept)


def test_voiding_again_by_the_same_statement_is_a_duplicate(database: Database) -> None:
    gone = body()
    void = voiding(gone["id"])
    write(database, gone, void)
    assert [one.new for one in write(database, gone, void)] == [False, False]


def test_monitor_shows_voided_statements_as_voided(database: Database) -> None:
    gone = body()
    void = voiding(gone["id"])
    write(database, gone, void)
    assert [(str(row.id), row.voided) for row in latest(database, TENANT)] == [
        (void["id"], False),
        (gone["id"], True),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_chain_is_found_by_its_end_in_any_order_of_arrival(
    database: Database, order: tuple[int, ...]
) -> None:
    """Communication 2.1.3: "Statement a" is a match when a targets b which targets c."""
    c = body(actor={"mbox": "mailto:bo@example.org"})
    b = pointing(c["id"])
    a = pointing(b["id"], verb="attested")
    for place in order:
        write(database, (a, b, c)[place])
    assert set(ids(pages(database, agent=BO))) == {a["id"], b["id"], c["id"]}
    assert set(ids(pages(database, verb=VERBS + "confirmed"))) == {a["id"], b["id"]}
    # One condition is met by the statement itself, the other by the one at the end of its chain.
    assert ids(pages(database, agent=BO, verb=VERBS + "attested")) == [a["id"]]


def test_voided_statement_still_finds_those_that_point_to_it(database: Database) -> None:
    """XAPI-00162: what targets a voided statement is returned, the voided one is not."""
    gone = body(actor={"mbox": "mailto:bo@example.org"})
    void, confirming = voiding(gone["id"]), pointing(gone["id"])
    write(database, gone)
    write(database, void)
    write(database, confirming)
    assert ids(pages(database, agent=BO)) == [confirming["id"], void["id"]]


def test_reference_in_the_context_finds_nothing(database: Database) -> None:
    """Communication 2.1.3, note: only the object counts."""
    about = body(actor={"mbox": "mailto:bo@example.org"})
    beside = body(context={"statement": {"objectType": "StatementRef", "id": about["id"]}})
    write(database, about, beside)
    assert ids(pages(database, agent=BO)) == [about["id"]]


def test_circle_of_references_ends(database: Database) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    bo = {"mbox": "mailto:bo@example.org"}
    write(database, pointing(second, id=first), pointing(first, id=second, actor=bo))
    assert set(ids(pages(database, agent=BO))) == {first, second}


def test_long_chain_does_not_make_the_store_slow(database: Database) -> None:
    """Everyone confirms the one before: what each is found by stays bounded."""
    chain = [body()]
    for place in range(60):
        chain.append(
            pointing(
                chain[-1]["id"],
                verb=f"confirmed-{place}",
                actor={"mbox": f"mailto:p{place}@example.org"},
            )
        )
    write(database, *chain)
    with database.read() as conn:
        most = conn.execute(
            sa.select(sa.func.count()).select_from(ref).where(ref.c.seq == len(chain))
        ).scalar_one()
    assert 20 < most < 2_000
    last = chain[-1]["id"]
    assert last in ids(pages(database, agent="mbox mailto:p45@example.org"))
    assert last not in ids(pages(database, agent="mbox mailto:p5@example.org"))
