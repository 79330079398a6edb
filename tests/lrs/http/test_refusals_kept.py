"""What a sender posts and is refused is kept, with its reason, place, key and bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest
from wiring import MakeWire, Wire, a_statement, new_id

from lrs.store import refusals as kept_refusals
from lrs.store.refusals import WholeRefusal, list_refusals, refusal
from lrs.xapi.terms import SpecVersion

BAD = {"mbox": "ada@example.org"}


def kept(wire: Wire) -> list[WholeRefusal]:
    """Everything that was kept, in the order it was kept in."""
    with wire.database.read() as conn:
        listed = list_refusals(conn, 1, limit=1000)
        return [refusal(conn, 1, each.id) for each in reversed(listed)]


def bodies(found: Sequence[WholeRefusal]) -> list[Any]:
    return [json.loads(each.body) for each in found]


def test_a_refused_statement_is_kept_with_everything_known_of_it(wire: Wire) -> None:
    raw = json.dumps(a_statement(actor=BAD))[:-1] + ', "result": {"score": {"raw": 1.10}}}'
    answer = wire.post(raw.encode(), X_Experience_API_Version="2.0.0")
    (found,) = kept(wire)
    error = answer.get_json()["error"]
    assert answer.status_code == 400
    assert found.body == raw.encode()
    assert (found.listed.code, found.listed.path, found.listed.message) == (
        error["code"],
        error["where"],
        error["message"],
    )
    assert (found.listed.key_name, found.listed.version) == ("Tests", SpecVersion.V2_0)
    assert found.listed.refused_at > 1_700_000_000_000_000
    assert found.listed.size == len(raw)
    assert found.listed.replayed_at is None


def test_of_a_batch_the_faulty_and_the_others_are_kept(wire: Wire) -> None:
    sent = [a_statement(), a_statement(actor=BAD), a_statement(), a_statement(verb={"id": "did"})]
    wire.post(sent)
    found = kept(wire)
    assert [(each.listed.code, each.listed.path) for each in found] == [
        ("bad_statement", "$[1].actor.mbox"),
        ("bad_statement", "$[3].verb.id"),
        ("companion", "$[1].actor.mbox"),
    ]
    assert bodies(found) == [sent[1], sent[3], [sent[0], sent[2]]]


def test_a_statement_whose_id_is_taken_is_kept(wire: Wire) -> None:
    first = a_statement()
    wire.post(first)
    other = first | {"result": {"completion": True}}
    good = a_statement()
    assert wire.post([good, other]).status_code == 409
    found = kept(wire)
    assert [(each.listed.code, each.listed.path) for each in found] == [
        ("conflict", "$[1].id"),
        ("companion", "$[1].id"),
    ]
    assert bodies(found) == [other, [good]]


def test_a_put_is_kept_with_the_id_of_its_address(wire: Wire) -> None:
    id_ = new_id()
    wire.put(id_, a_statement(id=None, actor=BAD))
    (found,) = kept(wire)
    assert found.listed.origin == f"http PUT {id_}"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"actor": ', {}),
        (b"[1, 2", {}),
        (b"\xff\xfe", {}),
        (b'{"a": 1}', {"Content_Type": "text/plain"}),
        (b'{"a": 1}', {"X_Experience_API_Version": None}),
        (b'{"a": 1}', {"X_Experience_API_Version": "0.9"}),
        (b"--x\r\n\r\nno parts", {"Content_Type": "multipart/mixed; boundary=x"}),
        (b"not gzip", {"Content_Encoding": "gzip"}),
    ],
)
def test_what_cannot_be_read_is_kept_whole(
    lite: Wire, body: bytes, headers: dict[str, str | None]
) -> None:
    assert lite.post(body, **headers).status_code == 400
    assert [each.body for each in kept(lite)] == [body]


def test_what_was_packed_is_kept_unpacked(lite: Wire) -> None:
    sent = a_statement(actor=BAD)
    lite.post(gzip.compress(json.dumps(sent).encode()), Content_Encoding="gzip")
    assert bodies(kept(lite)) == [sent]


def test_too_many_statements_are_kept(make_wire: MakeWire) -> None:
    small = make_wire("sqlite", max_statements=2)
    sent = [a_statement() for _ in range(3)]
    assert small.post(sent).status_code == 413
    (found,) = kept(small)
    assert (found.listed.code, json.loads(found.body)) == ("too_large", sent)


def test_of_a_body_too_large_to_be_read_a_note_is_kept(make_wire: MakeWire) -> None:
    small = make_wire("sqlite", max_body_bytes=1000)
    assert small.post(b"x" * 1001).status_code == 413
    packed = gzip.compress(b" " * 5000)
    assert small.post(packed, Content_Encoding="gzip").status_code == 413
    notes = kept(small)
    assert [(each.listed.code, each.body) for each in notes] == [("too_large", b"")] * 2
    assert "1001 bytes" in notes[0].listed.message


def test_a_crash_of_ours_loses_nothing(lite: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrs.http import taking

    def crash(*_: Any) -> None:
        raise RuntimeError("here")

    sent = a_statement()
    with monkeypatch.context() as patched:
        patched.setattr(taking, "check_signatures", crash)
        assert lite.post(sent).status_code == 500
    assert [each.listed.code for each in kept(lite)] == ["internal"]
    assert bodies(kept(lite)) == [sent]


def test_without_a_valid_key_nothing_is_kept(wire: Wire) -> None:
    bad = a_statement(actor=BAD)
    assert wire.post(bad, Authorization=None).status_code == 401
    assert wire.as_key("statements/read").post(bad).status_code == 403
    assert kept(wire) == []


def test_what_is_taken_leaves_nothing_behind(wire: Wire) -> None:
    wire.post([a_statement(), a_statement()])
    assert wire.get(limit="-1").status_code == 400
    assert kept(wire) == []


def test_the_same_sent_again_is_kept_once_a_key(wire: Wire) -> None:
    bad = a_statement(actor=BAD)
    other = wire.as_key("all")
    for sender in (wire, wire, other, other):
        sender.post([bad, a_statement(id="00000000-0000-4000-8000-000000000001")])
    assert [each.listed.key_name for each in kept(wire)] == ["Tests"] * 2 + ["Other"] * 2


def test_events_that_nothing_tells_apart_are_each_kept(wire: Wire) -> None:
    click = a_statement(id=None, timestamp=None, actor=BAD)
    wire.post(click)
    wire.post(click)
    assert len(kept(wire)) == 2


def test_of_the_oldest_is_let_go_when_there_are_too_many(make_wire: MakeWire) -> None:
    small = make_wire("sqlite", refusals_kept=3)
    sent = [a_statement(actor=BAD) for _ in range(5)]
    for each in sent:
        small.post(each)
    assert bodies(kept(small)) == sent[-3:]


def test_what_is_too_old_is_let_go(wire: Wire) -> None:
    wire.post(a_statement(actor=BAD))
    (old,) = kept(wire)
    with wire.database.write() as conn:
        kept_refusals._change(
            conn, 1, old.listed.id, refused_at=old.listed.refused_at - 91 * 86_400_000_000
        )
    last = a_statement(actor=BAD)
    wire.post(last)
    assert bodies(kept(wire)) == [last]


def test_of_a_statement_over_the_limit_a_note_is_kept(make_wire: MakeWire) -> None:
    small = make_wire("sqlite", refusal_bytes=1000)
    long = a_statement(result={"response": "x" * 1000})
    small.post([a_statement(actor=BAD), long, *(a_statement() for _ in range(8))])
    found = kept(small)
    assert all(each.listed.size <= 1000 for each in found)
    notes = [each for each in found if not each.body]
    assert len(notes) == 1
    assert "more than is kept" in notes[0].listed.message
    pieces = [json.loads(each.body) for each in found if each.listed.code == "companion"]
    assert sum(len(piece) for piece in pieces) == 8
    assert len(pieces) > 1


def test_a_batch_of_faults_alone_is_kept_whole(lite: Wire) -> None:
    sent = [a_statement(actor=BAD) for _ in range(101)]
    lite.post(sent)
    assert bodies(kept(lite)) == [sent]


def test_a_failure_to_keep_does_not_change_the_answer(
    lite: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrs.http import refusing

    def full(*_: Any, **__: Any) -> None:
        raise OSError("no room")

    bad = a_statement(actor=BAD)
    before = lite.post(bad).get_json()["error"]
    monkeypatch.setattr(refusing, "keep_refusals", full)
    after = lite.post(a_statement(actor=BAD))
    assert after.status_code == 400
    assert after.get_json()["error"] | {"request_id": 0} == before | {"request_id": 0}


def test_refusals_of_one_tenant_are_not_those_of_another(wire: Wire) -> None:
    other = wire.as_key("all", tenant="acme")
    other.post(a_statement(actor=BAD))
    assert kept(wire) == []
