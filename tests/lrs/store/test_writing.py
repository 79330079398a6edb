"""What is stored, once, and what is refused."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence

import orjson
import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from store_making import AUTHORITY, TENANT, VERBS, body, checked, ids, pages, write

from lrs.access.tenants import make_tenant
from lrs.errors import Conflict
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.reading import statement_by_id
from lrs.store.rows import Incoming
from lrs.store.schema import definition, ref, statement, statement_body, term
from lrs.store.waiting import put_in_order
from lrs.store.writing import Beside, write_statements
from lrs.xapi.terms import Role, Scope, SpecVersion


def _rows(database: Database, table: sa.Table) -> int:
    with database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_stored_statement_comes_back_with_what_the_store_adds(database: Database) -> None:
    sent = body()
    (written,) = write(database, sent)
    found = statement_by_id(database, TENANT, written.id, voided=False)
    assert found is not None
    answer = orjson.loads(found.answer)
    assert {key: answer[key] for key in sent} == sent
    assert answer["authority"] == AUTHORITY
    assert answer["version"] == "1.0.0"
    assert written.new
    assert answer["stored"].endswith("Z")


def test_body_is_kept_byte_for_byte(database: Database) -> None:
    raw = (
        b'{"actor":{"mbox":"mailto:ann@example.org"},  "verb":{"id":"http://example.org/v"},\n'
        b'"object":{"id":"http://example.org/a"},"result":{"score":{"raw":1.10}},'
        b'"context":{"extensions":{"http://example.org/big":123456789012345678901234567890}}}'
    )
    from lrs.xapi.glancing import check_batch

    (written,) = write_statements(
        database, TENANT, check_batch(raw, SpecVersion.V1_0), authority=AUTHORITY, key_id=None
    )
    found = statement_by_id(database, TENANT, written.id, voided=False)
    assert found is not None
    assert found.answer.startswith(raw[:-1])
    with database.read() as conn:
        assert conn.execute(sa.select(statement_body.c.body)).scalar_one() == raw


def test_statement_without_id_gets_one(database: Database) -> None:
    first, second = write(database, body(id=None), body(id=None))
    assert first.id != second.id
    assert ids(pages(database, ascending=True)) == [str(first.id), str(second.id)]


def _of_every_kind(number: int) -> list[dict[str, object]]:
    """Return statements that fill each column, and that leave each empty."""
    kinds = itertools.cycle(
        (
            {"result": {"completion": True, "success": False, "score": {"scaled": 0.5}}},
            {"timestamp": None, "result": {"duration": "PT1.5S"}},
            {"timestamp": "1969-12-31T23:59:59.9Z", "verb": {"id": VERBS + "failed"}},
            {"actor": {"objectType": "Group", "member": [{"mbox": "mailto:bo@example.org"}]}},
            {"object": {"objectType": "StatementRef", "id": str(uuid.uuid4())}, "timestamp": None},
            {"context": {"contextActivities": {"parent": [{"id": "https://example.org/exam"}]}}},
        )
    )
    return [body(**next(kinds)) for _ in range(number)]


@pytest.mark.parametrize("size", [1, 5, 23, 24, 60])
def test_rows_say_what_bodies_say_whatever_the_size_of_a_batch(
    database: Database, size: int
) -> None:
    first, second = _of_every_kind(size), _of_every_kind(size)
    assert all(one.new for one in write(database, *first))
    mixed = [one for pair in zip(first, second, strict=True) for one in pair]
    assert [one.new for one in write(database, *mixed)] == [False, True] * size
    assert [one["id"] for one in pages(database, ascending=True)] == [
        one["id"] for one in first + second
    ]
    found = check_store(database, full=True)
    assert found.faults == []
    assert found.counts["statement"] == 2 * size


class _Renamed(Beside):
    """Gives statements ids of its own, while the turn is held."""

    def named(self, conn: sa.Connection, incoming: Sequence[Incoming]) -> Sequence[Incoming]:
        return [
            one._replace(statement=replace(one.statement, id=uuid.UUID(int=n)))
            for n, one in enumerate(incoming, 1)
        ]


def test_ids_that_are_given_late_are_those_that_are_stored(database: Database) -> None:
    sent = checked(*(body(id=None) for _ in range(30)))
    written = write_statements(
        database, TENANT, sent, authority=AUTHORITY, key_id=None, besides=[_Renamed()]
    )
    assert [one.id.int for one in written] == list(range(1, 31))
    assert ids(pages(database, ascending=True)) == [str(one.id) for one in written]


def test_same_statement_again_is_not_stored_again(database: Database) -> None:
    sent = body()
    write(database, sent)
    assert [one.new for one in write(database, sent)] == [False]
    assert _rows(database, statement) == 1


def test_same_meaning_in_other_bytes_is_the_same_statement(database: Database) -> None:
    sent = body(timestamp="2026-01-05T09:30:00Z")
    write(database, sent)
    reordered = dict(reversed(sent.items())) | {"timestamp": "2026-01-05T10:30:00+01:00"}
    assert [one.new for one in write(database, reordered)] == [False]


def test_answer_sent_back_is_the_same_statement(database: Database) -> None:
    (written,) = write(database, body(timestamp=None))
    found = statement_by_id(database, TENANT, written.id, voided=False)
    assert found is not None
    assert [one.new for one in write(database, orjson.loads(found.answer))] == [False]


def test_same_id_other_content_is_a_conflict_that_names_its_place(database: Database) -> None:
    sent = body()
    write(database, sent)
    with pytest.raises(Conflict) as told:
        write(database, body(), {**sent, "verb": {"id": VERBS + "failed"}})
    assert told.value.where == "$[1].id"
    assert str(sent["id"]) in told.value.message


def test_conflict_stores_nothing_of_its_batch(database: Database) -> None:
    sent = body()
    write(database, sent)
    with pytest.raises(Conflict):
        write(database, body(), {**sent, "verb": {"id": VERBS + "failed"}}, body())
    assert ids(pages(database)) == [sent["id"]]
    assert _rows(database, statement_body) == 1


def test_batch_that_was_stored_in_part_is_completed(database: Database) -> None:
    sent = [body() for _ in range(3)]
    write(database, sent[1])
    assert [one.new for one in write(database, *sent)] == [True, False, True]
    assert set(ids(pages(database))) == {one["id"] for one in sent}


def test_put_under_an_id_the_body_does_not_name_is_stored_once(database: Database) -> None:
    wanted = uuid.uuid4()
    (sent,) = checked(body(id=None))
    for new in (True, False):
        (written,) = write_statements(
            database, TENANT, [replace(sent, id=wanted)], authority=AUTHORITY, key_id=None
        )
        assert (written.id, written.new) == (wanted, new)


def test_empty_batch_is_nothing(database: Database) -> None:
    assert write(database) == []


def test_stored_rises_along_the_order_of_writing(database: Database) -> None:
    for _ in range(5):
        write(database, *(body() for _ in range(4)))
    with database.read() as conn:
        stamps = list(
            conn.execute(sa.select(statement.c.stored_at).order_by(statement.c.seq)).scalars()
        )
        numbers = list(conn.execute(sa.select(statement.c.seq).order_by(statement.c.seq)).scalars())
    assert numbers == list(range(1, 21))
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))


def test_same_id_in_two_tenants_is_two_statements(database: Database) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "other")
    sent = body()
    assert write(database, sent)[0].new
    assert write(database, {**sent, "verb": {"id": VERBS + "failed"}}, tenant=other)[0].new


def test_narrow_row_holds_what_facts_ask_for(database: Database) -> None:
    write(
        database,
        body(
            timestamp="1969-12-31T23:00:00Z",
            result={
                "completion": True,
                "success": False,
                "score": {"scaled": 0.25},
                "duration": "PT1M30.5S",
            },
        ),
        body(timestamp="2026-01-05T23:30:00-02:00"),
    )
    with database.read() as conn:
        first, second = conn.execute(sa.select(statement).order_by(statement.c.seq)).all()
    assert (first.completion, first.success, first.score_scaled, first.duration_s) == (
        1,
        0,
        0.25,
        90.5,
    )
    assert first.day_no == -1
    assert second.completion is None
    assert second.day_no == 20459  # 2026-01-06 in UTC


def test_every_agent_is_found_by_its_role(database: Database) -> None:
    write(
        database,
        body(
            context={
                "instructor": {"mbox": "mailto:ann@example.org"},
                "team": {"objectType": "Group", "mbox": "mailto:team@example.org"},
            }
        ),
    )
    with database.write() as conn:
        put_in_order(conn)
        rows = conn.execute(
            sa.select(term.c.value, ref.c.scope, ref.c.roles).join(ref, ref.c.term_id == term.c.id)
        ).all()
    by_value = {value: (scope, roles) for value, scope, roles in rows}
    assert by_value["mbox mailto:ann@example.org"] == (
        Scope.DIRECT,
        Role.ACTOR | Role.INSTRUCTOR,
    )
    assert by_value["mbox mailto:team@example.org"] == (Scope.RELATED, Role.TEAM)
    assert by_value["account https://lrs.example.org tests"] == (Scope.RELATED, Role.AUTHORITY)


def test_actor_that_vouches_for_itself_is_one_reference_with_both_roles(database: Database) -> None:
    actor = {"mbox": "mailto:ann@example.org"}
    write(database, body(actor=actor), authority=actor)
    with database.write() as conn:
        put_in_order(conn)
        roles = conn.execute(
            sa.select(ref.c.roles, ref.c.scope)
            .join(term, term.c.id == ref.c.term_id)
            .where(term.c.value == "mbox mailto:ann@example.org")
        ).all()
    assert roles == [(Role.ACTOR | Role.AUTHORITY, Scope.DIRECT)]


def test_terms_are_stored_once_whoever_names_them(database: Database) -> None:
    write(database, body())
    before = _rows(database, term)
    again = Database(database.settings)  # a process that remembers nothing
    write(again, body(), body())
    again.close()
    assert _rows(database, term) == before


def _definition(database: Database) -> object:
    with database.read() as conn:
        return orjson.loads(conn.execute(sa.select(definition.c.body)).scalar_one())


def _defined(**given: object) -> dict[str, object]:
    return body(object={"id": "https://example.org/exam", "definition": given})


def test_later_definition_updates_what_it_names_and_keeps_the_rest(database: Database) -> None:
    write(
        database,
        _defined(name={"en": "Exam", "sv": "Prov"}, type="https://example.org/types/exam"),
        _defined(name={"en": "Final exam"}, moreInfo="https://example.org/more"),
    )
    assert _definition(database) == {
        "name": {"en": "Final exam", "sv": "Prov"},
        "type": "https://example.org/types/exam",
        "moreInfo": "https://example.org/more",
    }


def test_definition_that_goes_back_and_forth_ends_as_the_last_one(database: Database) -> None:
    for name in ("A", "B", "A"):
        write(database, _defined(name={"en": name}))
    assert _definition(database) == {"name": {"en": "A"}}


def test_refused_batch_leaves_definitions_alone(database: Database) -> None:
    sent = body()
    write(database, sent, _defined(name={"en": "A"}))
    with pytest.raises(Conflict):
        write(database, _defined(name={"en": "B"}), {**sent, "verb": {"id": VERBS + "failed"}})
    assert _definition(database) == {"name": {"en": "A"}}
    write(database, _defined(name={"en": "B"}))
    assert _definition(database) == {"name": {"en": "B"}}
