"""A sender that never gives ids and sends again: under a key that asks for it, stored once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from wiring import MakeWire, Wire, a_statement

from lrs.access.keys import update_key


def asking(wire: Wire) -> Wire:
    update_key(wire.database, wire.made.key, deduplicate=True)
    return wire


def nameless(**changed: Any) -> dict[str, Any]:
    return a_statement(id=None, **changed)


def test_without_asking_what_has_no_id_is_another_each_time(lite: Wire) -> None:
    first, second = (lite.post(nameless()).get_json() for _ in range(2))
    assert first != second
    assert len(lite.stored()) == 2


def test_the_same_again_has_the_same_id_and_is_stored_once(wire: Wire) -> None:
    asking(wire)
    sent = [nameless(), nameless(result={"completion": True})]
    first = wire.post(sent)
    again = wire.post(sent)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert len(wire.stored()) == 2


def test_a_batch_that_is_taken_apart_is_stored_once(wire: Wire) -> None:
    asking(wire)
    one, two, three = nameless(), nameless(result={"success": True}), a_statement()
    wire.post([one, two])
    wire.post([two, three, nameless(result={"success": False})])
    assert len(wire.stored()) == 4


def test_the_order_of_properties_does_not_matter(lite: Wire) -> None:
    asking(lite)
    sent = nameless()
    first = lite.post(sent).get_json()
    other = json.dumps(dict(reversed(sent.items())), indent=1).encode()
    assert lite.post(other).get_json() == first


def test_two_equal_ones_in_one_request_are_two_and_stay_two(wire: Wire) -> None:
    asking(wire)
    sent = [nameless(), nameless()]
    first = wire.post(sent)
    assert len(set(first.get_json())) == 2
    assert set(wire.post(sent).get_json()) <= set(first.get_json())
    assert len(wire.stored()) == 2


def test_what_another_key_brings_is_another(wire: Wire) -> None:
    asking(wire)
    other = asking(wire.as_key("all"))
    assert wire.post(nameless()).get_json() != other.post(nameless()).get_json()
    assert len(wire.stored()) == 2


def test_after_the_hours_it_is_another(make_wire: MakeWire) -> None:
    wire = asking(make_wire("sqlite", deduplicate_hours=2))
    first = wire.post(nameless()).get_json()
    for minutes, same in ((119, True), (121, False)):
        seen_at = time.time_ns() // 1000 - minutes * 60_000_000
        with wire.database.write() as conn:
            conn.exec_driver_sql(f"UPDATE fingerprint SET seen_at = {seen_at}")
        assert (wire.post(nameless()).get_json() == first) is same
    with wire.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM fingerprint").scalar_one() == 1


def test_of_those_that_come_at_once_one_is_stored(wire: Wire) -> None:
    asking(wire)
    sent = [nameless(result={"response": str(n)}) for n in range(5)]
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: wire.post(sent), range(16)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({tuple(reply.get_json()) for reply in replies}) == 1
    assert len(wire.stored()) == 5


def test_what_was_repaired_is_known_again(lite: Wire) -> None:
    asking(lite)
    update_key(lite.database, lite.made.key, lenient=True, partial=True)
    sent = [nameless(actor={"mbox": "ada@example.org"})]
    assert lite.post(sent).get_json() == lite.post(sent).get_json()
    assert len(lite.stored()) == 1
