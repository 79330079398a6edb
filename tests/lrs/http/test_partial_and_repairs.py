"""A key's settings over HTTP: known faults repaired, the good of a batch stored."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest
from wiring import MakeWire, Wire, a_statement, new_id

from lrs.access.keys import update_key
from lrs.store.refusals import ListedRefusal, list_refusals, refusal, waiting_ids
from lrs.store.repaired import repairs_of
from lrs.store.replaying import replay
from lrs.xapi.mending import Repair
from lrs.xapi.multipart import Part, write_mixed

BAD = {"mbox": "ada@example.org"}
WORSE = {"mbox": "ada"}


def setting(wire: Wire, **options: bool) -> Wire:
    """The same wire, its key set so before it is used."""
    update_key(wire.database, wire.made.key, **options)
    return wire


def waiting(wire: Wire) -> list[ListedRefusal]:
    with wire.database.read() as conn:
        return list(reversed(list_refusals(conn, 1, limit=100)))


# Lenient


def test_strict_is_the_default(lite: Wire) -> None:
    assert lite.post(a_statement(actor=BAD)).status_code == 400


def test_a_known_fault_is_repaired_and_that_is_kept(wire: Wire) -> None:
    setting(wire, lenient=True)
    sent = [a_statement(), a_statement(actor=BAD), a_statement()]
    assert wire.post(sent).get_json() == [each["id"] for each in sent]
    found = {each["id"]: each for each in wire.stored()}
    assert found[sent[1]["id"]]["actor"]["mbox"] == "mailto:ada@example.org"
    with wire.database.read() as conn:
        repaired = [repairs_of(conn, 1, uuid.UUID(each["id"])) for each in sent]
    assert repaired[0] is None
    assert repaired[2] is None
    assert repaired[1] is not None
    assert repaired[1].repairs == (Repair("$.actor.mbox", "mbox-form"),)
    assert json.loads(repaired[1].received) == sent[1]
    assert waiting(wire) == []


def test_the_same_fault_again_is_the_same_statement(lite: Wire) -> None:
    setting(lite, lenient=True)
    sent = a_statement(actor=BAD)
    assert [lite.post(sent).status_code for _ in range(2)] == [200, 200]
    assert lite.post(sent | {"actor": {"mbox": "mailto:ada@example.org"}}).status_code == 200
    assert len(lite.stored()) == 1


def test_an_account_without_home_page_is_of_the_keys_home(lite: Wire) -> None:
    setting(lite, lenient=True)
    lite.post(a_statement(id=None, timestamp=None, actor={"account": {"name": "anonymous"}}))
    (found,) = lite.stored()
    assert found["actor"]["account"]["homePage"] == found["authority"]["account"]["homePage"]


def test_one_fault_that_stays_refuses_the_batch_as_a_strict_key_does(lite: Wire) -> None:
    setting(lite, lenient=True)
    reply = lite.post([a_statement(actor=BAD), a_statement(actor=WORSE)])
    error = reply.get_json()["error"]
    assert (reply.status_code, error["where"]) == (400, "$[1].actor.mbox")
    assert lite.stored() == []
    assert len(waiting(lite)) == 2


def test_a_put_is_repaired_under_the_id_of_its_address(lite: Wire) -> None:
    setting(lite, lenient=True)
    id_ = new_id()
    assert lite.put(id_, a_statement(id=None, actor=BAD)).status_code == 204
    with lite.database.read() as conn:
        assert repairs_of(conn, 1, uuid.UUID(id_)) is not None


# Partial


def test_all_good_is_answered_as_ever(wire: Wire) -> None:
    setting(wire, partial=True)
    sent = [a_statement(), a_statement()]
    reply = wire.post(sent)
    assert (reply.status_code, reply.get_json()) == (200, [each["id"] for each in sent])
    assert wire.post(sent[0]).get_json() == [sent[0]["id"]]


def test_the_good_are_stored_and_each_fault_stands_in_its_place(wire: Wire) -> None:
    setting(wire, partial=True)
    there = a_statement()
    wire.post(there)
    sent = [
        a_statement(),
        a_statement(actor=WORSE),
        there | {"result": {"completion": True}},
        7,
        a_statement(id=None),
    ]
    reply = wire.post(sent)
    told = reply.get_json()
    assert reply.status_code == 207
    assert told[0] == sent[0]["id"]  # type: ignore[index]
    assert [told[n]["error"]["code"] for n in (1, 2, 3)] == [
        "bad_statement",
        "conflict",
        "bad_statement",
    ]
    assert [told[n]["error"]["where"] for n in (1, 2, 3)] == ["$[1].actor.mbox", "$[2].id", "$[3]"]
    assert {each["id"] for each in wire.stored()} == {told[0], there["id"], told[4]}
    assert [each.path for each in waiting(wire)] == ["$[1].actor.mbox", "$[2].id", "$[3]"]
    assert reply.headers["X-Experience-API-Consistent-Through"]


def test_when_none_is_good_the_batch_is_refused(wire: Wire) -> None:
    setting(wire, partial=True)
    reply = wire.post([a_statement(actor=WORSE), a_statement(actor=BAD)])
    assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, "$[0].actor.mbox")
    assert len(waiting(wire)) == 2


def test_of_two_with_one_id_the_first_is_stored(lite: Wire) -> None:
    setting(lite, partial=True)
    one = a_statement()
    reply = lite.post([one, one])
    assert reply.status_code == 207
    assert reply.get_json()[1]["error"]["where"] == "$[1].id"
    assert len(lite.stored()) == 1


def test_partial_and_lenient_go_together(lite: Wire) -> None:
    setting(lite, partial=True, lenient=True)
    reply = lite.post([a_statement(actor=BAD), a_statement(actor=WORSE)])
    assert reply.status_code == 207
    assert len(lite.stored()) == 1
    with lite.database.read() as conn:
        assert repairs_of(conn, 1, uuid.UUID(reply.get_json()[0])) is not None


@pytest.mark.parametrize(
    ("body", "status"), [(b"[1", 400), (b"7", 400), (b"[]", 200), (b"[1,2,3,4]", 413)]
)
def test_what_is_no_batch_is_answered_as_ever(
    make_wire: MakeWire, body: bytes, status: int
) -> None:
    wire = setting(make_wire("sqlite", max_statements=3), partial=True)
    assert wire.post(body).status_code == status


def test_what_came_along_for_a_refused_statement_is_kept_with_it(wire: Wire) -> None:
    setting(wire, partial=True)
    contents = (b"a certificate", b"another")
    parts = [Part(hashlib.sha256(c).hexdigest(), "text/plain", c) for c in contents]
    good, bad = (
        a_statement(actor=actor, attachments=[attachment(part)])
        for part, actor in zip(parts, ({"mbox": "mailto:ada@example.org"}, BAD), strict=True)
    )
    body = write_mixed("edge", json.dumps([good, bad]).encode(), parts)
    reply = wire.post(body, Content_Type="multipart/mixed; boundary=edge")
    assert reply.status_code == 207
    with wire.database.read() as conn:
        (kept,) = waiting_ids(conn, 1)
        whole = refusal(conn, 1, kept)
    assert contents[1] in whole.body
    assert contents[0] not in whole.body
    (done,) = replay(wire.database, wire.database.settings, 1, [kept], lenient=True)
    assert done.fault is None
    with wire.database.read() as conn:
        there = conn.exec_driver_sql("SELECT content FROM attachment").scalars().all()
    assert sorted(bytes(each) for each in there) == sorted(contents)


def test_a_part_that_no_statement_names_refuses_the_batch(lite: Wire) -> None:
    setting(lite, partial=True)
    stray = Part(hashlib.sha256(b"x").hexdigest(), "text/plain", b"x")
    body = write_mixed("edge", json.dumps([a_statement()]).encode(), [stray])
    assert lite.post(body, Content_Type="multipart/mixed; boundary=edge").status_code == 400
    assert lite.stored() == []


def attachment(part: Part) -> dict[str, Any]:
    return {
        "usageType": "https://example.org/certificate",
        "display": {"en": "Certificate"},
        "contentType": part.content_type,
        "length": len(part.content),
        "sha2": part.sha2,
    }
