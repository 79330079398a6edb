"""What goes to a target: everything chosen, in order, once, whatever the target answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from receiving import CLOSE, ON_ONE_KIND, Asked, Receiver, Said, attached
from store_making import AUTHORITY, VERBS, body, voiding, write

from lrs.forwarding import outbox
from lrs.forwarding.choosing import Choice, check_choice
from lrs.forwarding.dead_letters import dead_ids, drop_dead, list_dead, retry_dead
from lrs.forwarding.rounds import Tally
from lrs.forwarding.standing import Standing, standings
from lrs.forwarding.targets import Target, change_target, remove_target
from lrs.store.database import Database
from lrs.store.schema import delivery, statement, statement_body
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.multipart import boundary_in, parse_mixed
from lrs.xapi.terms import SpecVersion

Add = Callable[..., Target]
Work = Callable[..., Tally]


def many(database: Database, number: int, **given: Any) -> list[str]:
    """Store so many statements; return their ids."""
    return [str(one.id) for one in write(database, *(body(**given) for _ in range(number)))]


def standing(database: Database) -> Standing:
    with database.read() as conn:
        (found,) = standings(conn, 1)
    return found


def test_what_is_stored_after_a_target_was_made_goes_there_in_order(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    many(database, 2)
    target = add(user_name="key")
    ids = many(database, 250)
    assert work(target).sent == 250
    assert receiver.statements() == ids
    assert [asked.path for asked in receiver.asked] == ["/statements"] * 3
    sent = receiver.asked[0]
    assert sent.headers["Authorization"].startswith("Basic ")
    assert sent.headers["X-Experience-API-Version"] == "1.0.3"
    assert sent.json[0]["authority"]["account"] == AUTHORITY["account"]
    found = standing(database)
    assert (found.state(), found.waiting, found.dead) == ("working", 0, 0)
    assert work(target).sent == 0


def test_what_was_stored_before_goes_too_from_a_named_instant_on(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    ids = many(database, 3)
    with database.read() as conn:
        first = conn.execute(sa.select(sa.func.min(statement.c.stored_at))).scalar_one()
    assert work(add(since=first)).sent == 2
    assert work(add(name="all", since=0)).sent == 3
    assert receiver.statements() == [*ids[1:], *ids]


def test_versions_go_each_under_their_own(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    write(database, body())
    write(database, body(version="2.0.0"), version=SpecVersion.V2_0)
    assert work(target).sent == 2
    versions = [asked.headers["X-Experience-API-Version"] for asked in receiver.asked]
    assert versions == ["1.0.3", "2.0.0"]


FILTERS: list[tuple[Choice, list[int]]] = [
    (check_choice(verbs=[VERBS + "failed"]), [1]),
    (check_choice(activities=["https://example.org/exam"]), [0, 1, 2]),
    (check_choice(activities=["https://example.org/co*"]), [2, 3]),
    (check_choice(agents=["mailto:bo@EXAMPLE.org"]), [3]),
    (check_choice(verbs=[VERBS + "passed"], activities=["https://example.org/course/1"]), [2, 3]),
]


@ON_ONE_KIND
@pytest.mark.parametrize(("choice", "expected"), FILTERS)
def test_filters_choose(
    choice: Choice,
    expected: list[int],
    database: Database,
    receiver: Receiver,
    add: Add,
    work: Work,
) -> None:
    course = {"contextActivities": {"parent": [{"id": "https://example.org/course/1"}]}}
    target = add(choice=choice)
    bodies = [
        body(),
        body(verb={"id": VERBS + "failed"}),
        body(context=course),
        body(
            actor={"objectType": "Group", "member": [{"mbox": "mailto:bo@example.org"}]},
            object={"id": "https://example.org/course/1"},
        ),
    ]
    write(database, *bodies)
    work(target)
    assert receiver.statements() == [bodies[n]["id"] for n in expected]


def test_a_statement_that_voids_goes_where_the_voided_one_goes(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add(choice=check_choice(verbs=[VERBS + "failed"]))
    passed, failed = body(), body(verb={"id": VERBS + "failed"})
    voids = [voiding(passed["id"]), voiding(failed["id"])]
    write(database, passed, failed, *voids)
    work(target)
    assert receiver.statements() == [failed["id"], voids[1]["id"]]


def test_what_is_voided_by_then_can_be_left_out(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add(choice=check_choice(voided=False))
    kept, gone = body(), body()
    void = voiding(gone["id"])
    write(database, kept, gone, void)
    work(target)
    assert receiver.statements() == [kept["id"], void["id"]]


def test_attachments_go_along(database: Database, receiver: Receiver, add: Add, work: Work) -> None:
    target = add()
    part, said = attached(b"a file\r\nof two lines")
    sent = json.dumps([body(attachments=[said])]).encode()
    write_statements(
        database,
        1,
        check_batch(sent, SpecVersion.V1_0, parts={part.sha2}),
        authority=AUTHORITY,
        key_id=None,
        parts={part.sha2: part},
    )
    work(target)
    (asked,) = receiver.asked
    assert asked.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert parse_mixed(asked.body, boundary_in(asked.body)).parts == {part.sha2: part}


@ON_ONE_KIND
@pytest.mark.parametrize("answer", [CLOSE, Said(503), Said(500), Said(401), Said(302)])
def test_what_did_not_arrive_is_sent_again(
    answer: Said | str, database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    receiver.then = [answer]
    ids = many(database, 3)
    failed = work(target, first_s=60)
    assert (failed.sent, failed.error is None) == (0, False)
    found = standing(database)
    assert (found.state(), found.waiting) == ("failing", 3)
    assert found.next_at is not None
    work(target)  # its time has not come
    assert len(receiver.asked) == 1
    assert work(target, at_once=True).sent == 3
    assert receiver.statements() == [*ids, *ids]
    assert standing(database).state() == "working"


def test_an_outage_makes_no_dead_letters_however_long(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    receiver.then = [Said(503)] * 10
    ids = many(database, 2)
    for _ in range(10):
        work(target, at_once=True)
    assert work(target, at_once=True).sent == 2
    assert receiver.statements()[-2:] == ids
    assert standing(database).dead == 0


def test_retry_after_is_waited_for(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    receiver.then = [Said(429, {"Retry-After": "3600"})]
    many(database, 1)
    work(target)
    next_at = standing(database).next_at
    assert next_at is not None
    with database.read() as conn:
        made_at = conn.execute(sa.select(delivery.c.made_at)).scalar_one()
    assert next_at - made_at >= 3600e6


def refusing(*faulty: str, status: int = 400) -> Callable[[Asked], Said]:
    """A store that refuses whatever batch holds one of these."""

    def answer(asked: Asked) -> Said:
        bad = any(each in asked.body.decode() for each in faulty)
        return Said(status, body=b"it breaks a rule") if bad else Said()

    return answer


@pytest.mark.parametrize(
    ("settings", "status"),
    [("postgresql", 400), *(("sqlite", status) for status in (400, 409, 413, 500))],
    indirect=["settings"],
)
def test_a_faulty_statement_holds_up_no_other(
    status: int, database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    ids = many(database, 60)
    receiver.answering = refusing(ids[7], ids[40], status=status)
    done = work(target)
    while done.error is not None:  # 500 may be the target's own fault, so it is tried again
        done = work(target, at_once=True)
    with database.read() as conn:
        letters = list_dead(conn, 1, limit=10)
    assert [str(each.statement_id) for each in letters] == [ids[40], ids[7]]
    assert all(each.error == f"{status} it breaks a rule" for each in letters)
    arrived = [
        one["id"] for asked in receiver.asked for one in asked.json
        if refusing(ids[7], ids[40])(asked).status == 200
    ]  # fmt: skip
    assert arrived == [each for each in ids if each not in (ids[7], ids[40])]
    assert standing(database).state() == "refusing"


@ON_ONE_KIND
def test_a_target_that_refuses_all_is_not_sent_all_at_once(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    ids = many(database, 60)
    receiver.answering = lambda _: Said(400, body=b"wrong address")
    assert (work(target, first_s=60).dead, standing(database).state()) == (21, "failing")
    asked = len(receiver.asked)
    assert work(target).dead == 0
    assert len(receiver.asked) == asked
    receiver.answering = lambda _: Said()
    assert work(target, at_once=True).sent == 39
    assert receiver.statements()[-1] == ids[-1]
    assert (standing(database).state(), standing(database).waiting) == ("refusing", 0)


def test_dead_letters_are_sent_again_or_dropped(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    ids = many(database, 3)
    receiver.answering = refusing(*ids)
    assert work(target).dead == 3
    with database.write() as conn:
        first, *others = dead_ids(conn, 1)
        assert dead_ids(conn, 2) == []
        assert retry_dead(conn, 2, [first]) == drop_dead(conn, 2, [first]) == 0
        assert retry_dead(conn, 1, [first]) == 1
        assert drop_dead(conn, 1, others) == 2
    receiver.answering = lambda _: Said()
    assert work(target).sent == 1
    assert receiver.statements()[-1] == ids[0]
    assert standing(database).dead == 0


def test_what_was_under_way_when_a_process_died_is_sent_again_and_nothing_twice_after(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    ids = many(database, 3)
    outbox.take_up(database, target)  # and here the process dies
    assert work(target).sent == 3
    assert work(target).sent == 0
    assert receiver.statements() == ids


def test_what_is_here_no_more_is_passed_over(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    ids = many(database, 2)
    outbox.take_up(database, target)
    with database.write() as conn:
        conn.execute(sa.delete(statement_body).where(statement_body.c.seq == 1))
    assert work(target).sent == 1
    assert receiver.statements() == ids[1:]


def test_a_removed_or_disabled_target_gets_nothing(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add()
    many(database, 1)
    change_target(database, 1, target.id, {"enabled": False})
    assert work(target).sent == 0
    change_target(database, 1, target.id, {"enabled": True})
    assert work(target).sent == 1
    remove_target(database, 1, target.id)
    many(database, 1)
    assert work(target).sent == 0
    assert len(receiver.asked) == 1


def test_a_secret_that_is_not_there_is_told(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add(secret_ref="env:NOT_THERE")
    many(database, 1)
    assert "env:NOT_THERE" in str(work(target).error)
    assert receiver.asked == []


@ON_ONE_KIND
@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "169.254.169.254", "2130706434"])
def test_a_host_that_may_not_be_called_gets_no_request(
    host: str, database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    url = f"https://{host}:{receiver.server_port}/"
    target = add(url=url)
    many(database, 1)
    assert "not on the public internet" in str(work(target).error)
    assert receiver.asked == []


def test_a_tenants_statements_go_to_its_own_targets(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    from lrs.access.tenants import make_tenant

    with database.write() as conn:
        other = make_tenant(conn, "other")
    theirs = add(tenant=other)
    many(database, 3)
    assert work(theirs).sent == 0
    write(database, body(), tenant=other)
    assert work(theirs).sent == 1
    with database.read() as conn:
        assert standings(conn, 1) == []
