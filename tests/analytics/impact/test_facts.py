"""Activity facts: every statement counted once, voided ones not, whatever the slices and the races."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from analytics import facts
from analytics.facts import refresh_facts, watermark
from analytics.store.schema import activity_fact
from lrs.store.database import Database
from lrs.store.schema import statement, term
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

AUTHORITY = {"objectType": "Agent", "mbox": "mailto:lms@example.org"}
VERBS = "http://adlnet.gov/expapi/verbs/"
SUMS = ("n", "completed", "incomplete", "succeeded", "failed", "scored", "score_sum", "duration_s")


def said(person: int, verb: str = "completed", activity: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=more.pop("number", uuid.uuid4().int), version=4)),
        "actor": {"mbox": f"mailto:p{person}@example.org"},
        "verb": {"id": VERBS + verb},
        "object": {"id": f"https://example.org/a{activity}"},
        "timestamp": "2024-03-05T23:30:00Z",
        **more,
    }


def voids(target: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:admin@example.org"},
        "verb": {"id": VERBS + "voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def store(database: Database, *statements: dict[str, Any]) -> None:
    checked = check_batch(orjson.dumps(list(statements)), SpecVersion.V1_0)
    write_statements(database, 1, checked, authority=AUTHORITY, key_id=None)


def totals(database: Database, tenant_id: int = 1) -> dict[tuple[Any, ...], tuple[float, ...]]:
    """Return the facts summed up, those that come to nothing left out."""
    f = activity_fact.c
    actor, activity, verb = term.alias(), term.alias(), term.alias()
    key = (actor.c.value, activity.c.value, verb.c.value, f.day_no)
    query = (
        sa.select(*key, *(sa.func.sum(f[name]) for name in SUMS))
        .join(actor, actor.c.id == f.actor_id)
        .join(activity, activity.c.id == f.activity_id)
        .join(verb, verb.c.id == f.verb_id)
        .where(f.tenant_id == tenant_id)
        .group_by(*key)
    )
    with database.read() as conn:
        rows = conn.execute(query).all()
    return {tuple(row[:4]): tuple(map(float, row[4:])) for row in rows if any(row[4:])}


def key(
    person: int, verb: str = "completed", activity: int = 1, day: int = 19787
) -> tuple[Any, ...]:
    return (
        f"mbox mailto:p{person}@example.org",
        f"https://example.org/a{activity}",
        VERBS + verb,
        day,
    )


def test_facts_are_sums_by_actor_activity_verb_and_day(database: Database) -> None:
    result = {"completion": True, "success": True, "score": {"scaled": 0.5}, "duration": "PT90S"}
    store(
        database,
        said(1, result=result),
        said(1, result={"completion": False, "success": False, "score": {"scaled": 0.75}}),
        said(1, verb="initialized"),
        said(2, timestamp="2024-03-06T00:10:00Z"),
    )
    assert refresh_facts(database, 1) == 4
    assert totals(database) == {
        key(1): (2, 1, 1, 1, 1, 2, 1.25, 90),
        key(1, "initialized"): (1, 0, 0, 0, 0, 0, 0, 0),
        key(2, day=19788): (1, 0, 0, 0, 0, 0, 0, 0),
    }


def test_refresh_takes_in_only_what_is_new(database: Database) -> None:
    store(database, said(1))
    assert refresh_facts(database, 1) == 1
    assert refresh_facts(database, 1) == 0
    store(database, said(1), said(2))
    assert refresh_facts(database, 1) == 2
    assert totals(database)[key(1)][0] == 2


def test_statement_voided_before_it_was_counted_is_never_counted(database: Database) -> None:
    gone = said(1)
    store(database, gone, said(2))
    store(database, voids(gone))
    refresh_facts(database, 1)
    assert set(totals(database)) == {key(2)}


def test_statement_voided_after_it_was_counted_is_taken_back(database: Database) -> None:
    gone = said(1, result={"score": {"scaled": 0.5}})
    store(database, gone, said(1))
    refresh_facts(database, 1)
    store(database, voids(gone))
    refresh_facts(database, 1)
    assert totals(database) == {key(1): (1, 0, 0, 0, 0, 0, 0, 0)}


def test_statement_that_comes_after_its_voiding_is_never_counted(database: Database) -> None:
    gone = said(1)
    store(database, voids(gone))
    refresh_facts(database, 1)
    store(database, gone)
    refresh_facts(database, 1)
    assert totals(database) == {}


def test_voiding_is_not_learning(database: Database) -> None:
    gone = said(1)
    store(database, gone, voids(gone))
    refresh_facts(database, 1)
    assert totals(database) == {}


def test_each_tenant_has_facts_of_its_own(database: Database) -> None:
    store(database, said(1))
    assert refresh_facts(database, 2) == 0
    assert totals(database, 2) == {}
    with database.read() as conn:
        assert (watermark(conn, 1), watermark(conn, 2)) == (0, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_slices_give_the_same_facts(
    database: Database, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, early = said(1), said(2)
    store(database, gone, said(1), voids(gone), voids(early), early, said(3))
    monkeypatch.setattr(facts, "SLICE", size)
    assert refresh_facts(database, 1) == 6
    assert set(totals(database)) == {key(1), key(3)}
    assert totals(database)[key(1)][0] == 1


def test_refreshes_at_once_count_nothing_twice(database: Database) -> None:
    store(database, *(said(n % 5) for n in range(200)))
    threads = [threading.Thread(target=refresh_facts, args=(database, 1)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sums[0] for sums in totals(database).values()) == 200


def test_refresh_that_breaks_off_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(database, said(1))

    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(facts, "_taken_back", broken)
    with pytest.raises(RuntimeError):
        refresh_facts(database, 1)
    monkeypatch.undo()
    assert totals(database) == {}
    refresh_facts(database, 1)
    assert totals(database)[key(1)][0] == 1


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Draw writes, voidings and refreshes in any order; each number is a statement."""
    step = st.tuples(st.sampled_from(["store", "void", "refresh"]), st.integers(0, 6))
    return draw(st.lists(step, max_size=20))


def test_any_history_ends_in_the_facts_of_what_stands(database: Database) -> None:
    @limits(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(histories())
    def holds(history: list[tuple[str, int]]) -> None:
        _empty(database)
        statements = [said(n, number=2**64 + n) for n in range(7)]
        stored, gone = set(), set()
        for what, n in history:
            if what == "refresh":
                refresh_facts(database, 1)
            elif what == "store":
                stored.add(n)
                store(database, statements[n])
            elif n not in gone:
                gone.add(n)
                store(database, voids(statements[n]))
        refresh_facts(database, 1)
        assert set(totals(database)) == {key(n) for n in stored - gone}
        assert all(sums[0] == 1 for sums in totals(database).values())

    holds()


def _empty(database: Database) -> None:
    from lrs.store.schema import ref, ref_waiting, statement_body, statement_ref

    with database.write() as conn:
        for table in (
            ref,
            ref_waiting,
            statement_body,
            statement_ref,
            statement,
            activity_fact,
            facts.fact_watermark,
        ):
            conn.execute(sa.delete(table))
