"""`/xapi/statements` over HTTP: what is taken, what is answered, what is stored."""

from __future__ import annotations

import gzip
import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from wiring import MakeWire, Wire, a_statement, new_id

VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def code(reply: Any) -> str:
    return str(reply.get_json()["error"]["code"])


def where(reply: Any) -> str:
    return str(reply.get_json()["error"]["where"])


def voiding(target: str) -> dict[str, Any]:
    return a_statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": target})


# POST


def test_post_one_answers_200_and_its_id(wire: Wire) -> None:
    sent = a_statement()
    reply = wire.post(sent)
    assert (reply.status_code, reply.get_json()) == (200, [sent["id"]])


def test_post_many_answers_their_ids_in_order(wire: Wire) -> None:
    sent = [a_statement() for _ in range(5)]
    assert wire.post(sent).get_json() == [each["id"] for each in sent]


def test_post_without_id_makes_one(wire: Wire) -> None:
    (made,) = wire.post(a_statement(id=None)).get_json()
    assert wire.get(statementId=made).get_json()["id"] == made


def test_what_was_posted_comes_back_equal(wire: Wire) -> None:
    sent = a_statement(result={"score": {"raw": 1.10, "max": 12345678901234567890}})
    wire.post(sent)
    back = wire.get(statementId=sent["id"]).get_json()
    assert {name: back[name] for name in sent} == sent
    assert set(back) - set(sent) == {"stored", "authority", "version"}


def test_bytes_are_kept_as_they_came(wire: Wire) -> None:
    body = json.dumps(a_statement())[:-1] + ', "result": {"score": {"raw": 1.10}}}'
    (id_,) = wire.post(body.encode()).get_json()
    assert b'"result": {"score": {"raw": 1.10}}' in wire.get(statementId=id_).data


def test_authority_is_the_key_whatever_was_sent(wire: Wire) -> None:
    sent = a_statement(authority={"mbox": "mailto:somebody@example.org"})
    wire.post(sent)
    authority = wire.get(statementId=sent["id"]).get_json()["authority"]
    assert authority["account"] == {"homePage": "http://127.0.0.1:8080", "name": "Tests"}


def test_post_same_again_is_200(wire: Wire) -> None:
    sent = a_statement()
    assert [wire.post(sent).status_code for _ in range(3)] == [200, 200, 200]
    assert len(wire.stored()) == 1


def test_post_same_id_other_body_is_409_and_nothing_of_the_batch_is_stored(wire: Wire) -> None:
    first = a_statement()
    wire.post(first)
    reply = wire.post(
        [a_statement(), a_statement(), a_statement(id=first["id"], result={"completion": True})]
    )
    assert (reply.status_code, code(reply), where(reply)) == (409, "conflict", "$[2].id")
    assert [each["id"] for each in wire.stored()] == [first["id"]]


def test_one_bad_statement_refuses_the_batch_with_its_path(wire: Wire) -> None:
    bad = a_statement(actor={"mbox": "ada@example.org"})
    reply = wire.post([a_statement(), bad])
    assert (reply.status_code, code(reply), where(reply)) == (
        400,
        "bad_statement",
        "$[1].actor.mbox",
    )
    assert wire.stored() == []


def test_two_equal_ids_in_a_batch_are_400(wire: Wire) -> None:
    sent = a_statement()
    assert wire.post([sent, sent]).status_code == 400
    assert wire.stored() == []


def test_more_statements_than_the_limit_is_413(make_wire: MakeWire) -> None:
    small = make_wire("sqlite", max_statements=3)
    assert small.post([a_statement() for _ in range(3)]).status_code == 200
    reply = small.post([a_statement() for _ in range(4)])
    assert (reply.status_code, code(reply)) == (413, "too_large")
    assert len(small.stored()) == 3


def test_post_with_a_trailing_question_mark_is_taken(wire: Wire) -> None:
    assert wire.ask("POST", "/xapi/statements?", a_statement()).status_code == 200


@pytest.mark.parametrize("path", ["/xapi/statements/", "/xapi//statements", "/xapi/statements//"])
def test_an_address_put_together_carelessly_is_taken(lite: Wire, path: str) -> None:
    assert lite.ask("POST", path, a_statement()).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_with_an_unknown_parameter_is_400(lite: Wire, method: str) -> None:
    sent = a_statement()
    asked = {"statementId": sent["id"]} if method == "PUT" else {}
    reply = lite.ask(method, body=sent, **asked, statementid="x")
    assert (reply.status_code, where(reply)) == (400, "statementid")


# PUT


def test_put_is_204_without_a_body(wire: Wire) -> None:
    sent = a_statement()
    reply = wire.put(sent["id"], sent)
    assert (reply.status_code, reply.data) == (204, b"")
    assert wire.get(statementId=sent["id"]).status_code == 200


def test_put_takes_the_id_of_the_address(wire: Wire) -> None:
    id_ = new_id()
    assert wire.put(id_, a_statement(id=None)).status_code == 204
    assert wire.get(statementId=id_).get_json()["id"] == id_


def test_put_same_again_is_204(wire: Wire) -> None:
    sent = a_statement()
    assert [wire.put(sent["id"], sent).status_code for _ in range(2)] == [204, 204]


def test_put_same_id_other_body_is_409(wire: Wire) -> None:
    sent = a_statement()
    wire.put(sent["id"], sent)
    reply = wire.put(sent["id"], {**sent, "result": {"success": True}})
    assert (reply.status_code, code(reply)) == (409, "conflict")
    assert "result" not in wire.get(statementId=sent["id"]).get_json()


def test_put_with_another_id_in_the_statement_is_400(wire: Wire) -> None:
    reply = wire.put(new_id(), a_statement())
    assert (reply.status_code, where(reply)) == (400, "$.id")


@pytest.mark.parametrize("id_", [None, "", "x", "{6690e6c9-3ef0-4ed3-8b37-7f3964730bee}"])
def test_put_without_a_uuid_in_the_address_is_400(lite: Wire, id_: str | None) -> None:
    asked = {} if id_ is None else {"statementId": id_}
    reply = lite.ask("PUT", body=a_statement(), **asked)
    assert (reply.status_code, where(reply)) == (400, "statementId")


def test_put_of_an_array_is_400(lite: Wire) -> None:
    sent = a_statement()
    assert lite.put(sent["id"], [sent]).status_code == 400


# GET


def test_an_unknown_id_is_404(wire: Wire) -> None:
    reply = wire.get(statementId=new_id())
    assert (reply.status_code, code(reply)) == (404, "not_found")


def test_pages_are_followed_by_more_to_the_end(wire: Wire) -> None:
    sent = [a_statement() for _ in range(7)]
    wire.post(sent)
    page = wire.get(limit="3").get_json()
    seen = [each["id"] for each in page["statements"]]
    while page["more"]:
        assert page["more"].startswith("/xapi/statements?more=")
        page = wire.ask("GET", page["more"]).get_json()
        assert len(page["statements"]) <= 3
        seen += [each["id"] for each in page["statements"]]
    assert seen == [each["id"] for each in reversed(sent)]


def test_more_keeps_the_filters(wire: Wire) -> None:
    passed = {"id": "http://adlnet.gov/expapi/verbs/passed"}
    sent = [a_statement(verb=passed) if n % 2 else a_statement() for n in range(10)]
    wire.post(sent)
    page = wire.get(limit="2", verb=passed["id"], ascending="true").get_json()
    seen = [each["id"] for each in page["statements"]]
    while page["more"]:
        page = wire.ask("GET", page["more"]).get_json()
        seen += [each["id"] for each in page["statements"]]
    assert seen == [each["id"] for each in sent if each["verb"] == passed]


def test_more_stands_under_the_path_a_proxy_gives(make_wire: MakeWire) -> None:
    wire = make_wire("sqlite", public_url="https://example.org/lrs/")
    wire.post([a_statement() for _ in range(3)])
    assert wire.get(limit="1").get_json()["more"].startswith("/lrs/xapi/statements?more=")


def test_a_garbled_more_is_400(wire: Wire) -> None:
    wire.post([a_statement() for _ in range(3)])
    more = wire.get(limit="1").get_json()["more"]
    for token in (more[:-3], more + "x", "/xapi/statements?more=", "/xapi/statements?more=%FF"):
        reply = wire.ask("GET", token)
        assert (reply.status_code, where(reply)) == (400, "more"), token


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"),
        ("limit", "many"),
        ("since", "yesterday"),
        ("agent", "{"),
        ("agent", '{"mbox":"ada"}'),
        ("verb", "completed"),
        ("registration", "1"),
        ("ascending", "yes"),
        ("format", "short"),
        ("statementId", "1"),
        ("Limit", "1"),
    ],
)
def test_a_bad_parameter_is_400_and_named(lite: Wire, name: str, value: str) -> None:
    reply = lite.ask("GET", "/xapi/statements", **{name: value})
    assert (reply.status_code, where(reply).partition(".")[0]) == (400, name)


def test_a_parameter_given_twice_is_400(lite: Wire) -> None:
    assert where(lite.ask("GET", "/xapi/statements?limit=1&limit=2")) == "limit"


def test_since_with_a_space_for_its_t_is_taken(wire: Wire) -> None:
    wire.post(a_statement())
    assert len(wire.get(since="2020-01-01 00:00:00").get_json()["statements"]) == 1


def test_attachments_are_asked_for_as_multipart(wire: Wire) -> None:
    sent = [a_statement() for _ in range(3)]
    wire.post(sent)
    reply = wire.get(attachments="true", limit="2")
    kind, _, boundary = reply.headers["Content-Type"].partition("; boundary=")
    parts = reply.data.split(b"--" + boundary.encode())
    page = json.loads(parts[1].partition(b"\r\n\r\n")[2])
    assert (kind, len(parts), parts[2]) == ("multipart/mixed", 3, b"--\r\n")
    assert len(page["statements"]) == 2
    again = wire.ask("GET", page["more"])
    assert again.headers["Content-Type"].startswith("multipart/mixed")
    assert wire.get(attachments="true", statementId=sent[0]["id"]).mimetype == "multipart/mixed"


def test_a_get_with_a_content_type_is_answered(lite: Wire) -> None:
    reply = lite.ask("GET", headers={"Content-Type": "application/json"})
    assert reply.status_code == 200


# Voiding


def test_a_voided_statement_is_found_as_voided_only(wire: Wire) -> None:
    sent = a_statement()
    wire.post(sent)
    wire.post(voiding(sent["id"]))
    assert wire.get(statementId=sent["id"]).status_code == 404
    assert wire.get(voidedStatementId=sent["id"]).get_json()["id"] == sent["id"]
    assert [each["verb"]["id"] for each in wire.stored()] == [VOIDED]


def test_a_statement_that_is_not_voided_is_not_found_as_voided(wire: Wire) -> None:
    sent = a_statement()
    wire.post(sent)
    assert wire.get(voidedStatementId=sent["id"]).status_code == 404


def test_voiding_comes_before_what_it_voids(wire: Wire) -> None:
    sent = a_statement()
    wire.post(voiding(sent["id"]))
    wire.post(sent)
    assert wire.get(statementId=sent["id"]).status_code == 404
    assert wire.get(voidedStatementId=sent["id"]).status_code == 200


def test_a_voiding_statement_cannot_be_voided(wire: Wire) -> None:
    first = a_statement()
    wire.post(first)
    void = voiding(first["id"])
    wire.post(void)
    wire.post(voiding(void["id"]))
    assert wire.get(statementId=void["id"]).status_code == 200
    assert wire.get(statementId=first["id"]).status_code == 404


# Headers


def test_every_answer_of_the_statements_says_how_far_it_is_consistent(wire: Wire) -> None:
    sent = a_statement()
    replies = [
        wire.post(sent),
        wire.put(sent["id"], sent),
        wire.get(),
        wire.get(statementId=sent["id"]),
        wire.ask("HEAD"),
    ]
    assert all(r.headers["X-Experience-API-Consistent-Through"].endswith("Z") for r in replies)


def test_the_bound_of_a_read_reaches_what_was_stored(wire: Wire) -> None:
    (id_,) = wire.post(a_statement()).get_json()
    reply = wire.get(statementId=id_)
    assert reply.headers["X-Experience-API-Consistent-Through"] >= reply.get_json()["stored"]


def test_a_read_says_when_its_newest_statement_was_stored(wire: Wire) -> None:
    wire.post([a_statement() for _ in range(3)])
    page = wire.get()
    newest = max(each["stored"] for each in page.get_json()["statements"])
    said = parsedate_to_datetime(page.headers["Last-Modified"])
    assert newest.startswith(said.strftime("%Y-%m-%dT%H:%M:%S"))
    one = wire.get(statementId=page.get_json()["statements"][-1]["id"])
    said = parsedate_to_datetime(one.headers["Last-Modified"])
    assert one.get_json()["stored"].startswith(said.strftime("%Y-%m-%dT%H:%M:%S"))


@pytest.mark.parametrize("by_id", [True, False])
def test_head_has_the_headers_of_get_and_no_body(wire: Wire, by_id: bool) -> None:
    sent = a_statement()
    wire.post(sent)
    asked = {"statementId": sent["id"]} if by_id else {}
    got, head = wire.get(**asked), wire.ask("HEAD", **asked)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Last-Modified", "X-Experience-API-Version"):
        assert head.headers[name] == got.headers[name]


def test_delete_is_405_with_what_is_allowed(lite: Wire) -> None:
    reply = lite.ask("DELETE")
    assert (reply.status_code, code(reply)) == (405, "method_not_allowed")
    assert {"GET", "HEAD", "POST", "PUT"} <= set(reply.headers["Allow"].split(", "))


# Bodies


def test_a_body_packed_with_gzip_is_unpacked(wire: Wire) -> None:
    sent = a_statement()
    reply = wire.post(gzip.compress(json.dumps(sent).encode()), Content_Encoding="gzip")
    assert reply.get_json() == [sent["id"]]


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'],
)
def test_json_is_taken_however_it_is_named(lite: Wire, kind: str) -> None:
    assert lite.post(a_statement(), Content_Type=kind).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=iso-8859-1",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
    ],
)
def test_another_content_type_is_400(lite: Wire, kind: str | None) -> None:
    reply = lite.post(a_statement(), Content_Type=kind)
    assert (reply.status_code, where(reply)) == (400, "Content-Type")


@pytest.mark.parametrize("kind", ["multipart/mixed; boundary=x", "application/octet-stream"])
def test_multipart_is_taken_even_when_its_name_got_lost(lite: Wire, kind: str) -> None:
    sent = a_statement()
    part = b"Content-Type: application/json\r\n\r\n" + json.dumps(sent).encode()
    reply = lite.post(b"--x\r\n" + part + b"\r\n--x--\r\n", Content_Type=kind)
    assert reply.get_json() == [sent["id"]]


def test_an_answer_without_a_body_says_nothing_of_one(lite: Wire) -> None:
    reply = lite.put(new_id(), a_statement(id=None))
    assert (reply.status_code, reply.data) == (204, b"")
    assert not {"Content-Type", "Content-Length", "Content-Security-Policy"} & {
        *reply.headers.keys()
    }
