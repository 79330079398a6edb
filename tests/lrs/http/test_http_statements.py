"""`/xapi/statements` over HTTP: what is taken, what is answered, what is stored."""

from __future__ import annotations

from wiring import Wire, a_statement


def test_post_one_answers_200_and_its_id(wire: Wire) -> None:
    sent = a_statement()
    reply = wire.post(sent)
    assert (reply.status_code, reply.get_json()) == (200, [sent["id"]])
