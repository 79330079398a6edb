"""Attachments come in and go out beside their statements (Data 2.4.11, Communication 1.5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from wiring import Reply, Wire, a_statement

from lrs.xapi.multipart import Part, parse_mixed, write_mixed

FILE = bytes(range(256)) + b"\r\n--edge\r\n"


def part(content: bytes) -> Part:
    return Part(hashlib.sha256(content).hexdigest(), "image/png", content)


def with_file(content: bytes = FILE, **more: Any) -> dict[str, Any]:
    attachment = {
        "usageType": "https://example.org/usage/certificate",
        "display": {"en": "Certificate"},
        "contentType": "image/png",
        "length": len(content),
        "sha2": part(content).sha2,
        **more,
    }
    return a_statement(attachments=[attachment])


def send(wire: Wire, statements: Any, parts: list[Part], method: str = "POST", **q: str) -> Reply:
    body = write_mixed("edge-of-parts", json.dumps(statements).encode(), parts)
    headers: dict[str, str | None] = {"Content-Type": "multipart/mixed; boundary=edge-of-parts"}
    return wire.ask(method, body=body, headers=headers, **q)


def read(wire: Wire, **query: str) -> tuple[Any, list[Part]]:
    reply = wire.get(attachments="true", **query)
    kind, _, boundary = reply.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/mixed"
    mixed = parse_mixed(reply.data, boundary)
    return json.loads(mixed.statements), list(mixed.parts.values())


def test_attachment_comes_back_to_the_byte(wire: Wire) -> None:
    sent = with_file()
    assert send(wire, sent, [part(FILE)]).status_code == 200
    found, parts = read(wire, statementId=sent["id"])
    assert (found["id"], parts) == (sent["id"], [part(FILE)])


def test_put_takes_attachments_too(wire: Wire) -> None:
    sent = with_file()
    assert send(wire, sent, [part(FILE)], "PUT", statementId=sent["id"]).status_code == 204
    assert read(wire, statementId=sent["id"])[1] == [part(FILE)]


def test_one_file_of_two_statements_is_sent_and_answered_once(wire: Wire) -> None:
    both = [with_file(), with_file()]
    assert send(wire, both, [part(FILE)]).status_code == 200
    found, parts = read(wire)
    assert (len(found["statements"]), parts) == (2, [part(FILE)])


def test_attachments_of_a_sub_statement_come_along(wire: Wire) -> None:
    inner = {k: v for k, v in with_file().items() if k != "id"}
    sent = a_statement(object={"objectType": "SubStatement", **inner})
    assert send(wire, sent, [part(FILE)]).status_code == 200
    assert read(wire, statementId=sent["id"])[1] == [part(FILE)]


def test_without_asking_the_answer_is_plain_json(wire: Wire) -> None:
    sent = with_file()
    send(wire, sent, [part(FILE)])
    assert wire.get(statementId=sent["id"]).headers["Content-Type"] == "application/json"


def test_next_page_brings_its_attachments(wire: Wire) -> None:
    files = [b"one", b"two", b"three"]
    send(wire, [with_file(each) for each in files], [part(each) for each in files])
    first, parts = read(wire, limit="2", ascending="true")
    assert [one.content for one in parts] == files[:2]
    reply = wire.ask("GET", first["more"])
    boundary = reply.headers["Content-Type"].partition("; boundary=")[2]
    assert [one.content for one in parse_mixed(reply.data, boundary).parts.values()] == files[2:]


def test_file_that_did_not_come_is_400_and_nothing_is_stored(wire: Wire) -> None:
    reply = send(wire, with_file(), [])
    assert (reply.status_code, reply.get_json()["error"]["where"]) == (400, "$.attachments[0]")
    assert wire.post(with_file()).status_code == 400
    assert wire.stored() == []


def test_file_at_an_address_need_not_come(wire: Wire) -> None:
    sent = with_file(fileUrl="https://example.org/files/1")
    assert wire.post(sent).status_code == 200
    assert read(wire, statementId=sent["id"])[1] == []


def test_part_nobody_asked_for_is_400_and_nothing_is_stored(wire: Wire) -> None:
    assert send(wire, with_file(), [part(FILE), part(b"stray")]).status_code == 400
    assert wire.stored() == []


def test_part_with_other_bytes_than_its_hash_is_400(wire: Wire) -> None:
    changed = Part(part(FILE).sha2, "image/png", FILE + b"!")
    assert send(wire, with_file(), [changed]).status_code == 400


def test_multipart_under_another_name_is_taken_as_what_it_is(wire: Wire) -> None:
    body = write_mixed("lost", json.dumps(with_file()).encode(), [part(FILE)])
    reply = wire.ask("POST", body=body, headers={"Content-Type": "application/octet-stream"})
    assert reply.status_code == 200


def test_form_data_is_400(wire: Wire) -> None:
    body = write_mixed("edge", json.dumps(with_file()).encode(), [part(FILE)])
    reply = wire.ask(
        "POST", body=body, headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )
    assert reply.status_code == 400


def test_file_of_another_tenant_is_not_given_out(wire: Wire) -> None:
    send(wire, with_file(), [part(FILE)])
    stranger = wire.as_key("all", tenant="other")
    pointing = with_file(fileUrl="https://example.org/files/1")
    assert stranger.post(pointing).status_code == 200
    assert read(stranger, statementId=pointing["id"])[1] == []


def test_unsigned_signature_is_400(wire: Wire) -> None:
    forged = b"a.b.c"
    sent = with_file(
        forged,
        usageType="http://adlnet.gov/expapi/attachments/signature",
        contentType="application/octet-stream",
    )
    assert send(wire, sent, [part(forged)]).status_code == 400
    assert wire.stored() == []
