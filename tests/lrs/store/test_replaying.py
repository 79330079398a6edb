"""What was refused is stored after a fix: once, as it came, by the key that it came with."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from store_making import body, ids, pages

from lrs.access.keys import make_key, update_key
from lrs.access.ring import Key, find_key
from lrs.errors import Conflict, NotFound
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.refusals import (
    COMPANION,
    Refusal,
    count_refusals,
    keep_refusals,
    list_refusals,
    refusal,
    waiting_ids,
)
from lrs.store.refused_requests import RefusedRequest, as_refusals, put_under
from lrs.store.repaired import repairs_of
from lrs.store.replaying import Replayed, replay
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.multipart import Part, write_mixed
from lrs.xapi.terms import SpecVersion

REFUSED_AT = 1_767_600_000_000_000
BAD = {"mbox": "ann@example.org"}


@pytest.fixture
def key(database: Database, settings: Settings) -> Key:
    made = make_key(database, settings, name="Moodle")
    found = find_key(database, settings, made.key, made.secret)
    assert found is not None
    return found


def keep(
    database: Database,
    key: Key | None,
    *raws: bytes,
    code: str = "bad_statement",
    origin: str = "http",
    at: int = REFUSED_AT,
) -> list[int]:
    """Keep bodies as refusals, all of one request; return what waits."""
    found = [
        Refusal(origin if key else f"file:{n}", code, "$", "bad", raw, SpecVersion.V1_0, True)
        for n, raw in enumerate(raws)
    ]
    with database.write() as conn:
        keep_refusals(conn, 1, found, at=at, key_id=key.id if key else None)
        return waiting_ids(conn, 1)


def dumped(*bodies: Any) -> list[bytes]:
    return [orjson.dumps(each) for each in bodies]


def replayed(
    database: Database, settings: Settings, wanted: Sequence[int], **how: Any
) -> list[Replayed]:
    return replay(database, settings, 1, wanted, **how)


def post(database: Database, key: Key, raw: bytes) -> None:
    sent = check_batch(raw, SpecVersion.V1_0)
    write_statements(database, 1, sent, authority=key.authority, key_id=key.id)


def test_what_holds_now_is_stored_by_the_key_it_came_with(
    database: Database, settings: Settings, key: Key
) -> None:
    sent = body()
    (done,) = replayed(database, settings, keep(database, key, *dumped(sent)))
    assert (done.stored, done.duplicate, done.fault) == (1, 0, None)
    (found,) = pages(database)
    assert found["id"] == sent["id"]
    assert found["authority"]["account"]["name"] == "Moodle"
    with database.read() as conn:
        assert count_refusals(conn, 1) == 0
        (listed,) = list_refusals(conn, 1, limit=9, waiting=False)
        assert listed.replayed_at is not None


def test_a_whole_batch_comes_in_by_one_of_its_statements(
    database: Database, settings: Settings, key: Key
) -> None:
    sent = [body(), body(), body()]
    taken = Conflict("its id is taken", where="$[1].id")
    kept = as_refusals(RefusedRequest(orjson.dumps(sent), SpecVersion.V1_0, taken), 10_000)
    assert [each.code for each in kept] == ["conflict", COMPANION]
    with database.write() as conn:
        keep_refusals(conn, 1, kept, at=REFUSED_AT, key_id=key.id)
        first, *_ = waiting_ids(conn, 1)
    done = replayed(database, settings, [first])
    assert [each.stored for each in done] == [1, 2]
    assert set(ids(pages(database))) == {each["id"] for each in sent}


def test_a_replay_without_ids_done_twice_doubles_nothing(
    database: Database, settings: Settings, key: Key
) -> None:
    (wanted,) = keep(
        database,
        key,
        b"[%s,%s]" % tuple(dumped(body(id=None), body(id=None, result={"completion": True}))),
    )
    replayed(database, settings, [wanted])
    with database.write() as conn:  # as if it had been broken off before it was noted
        conn.exec_driver_sql("UPDATE refused SET replayed_at = NULL")
    (done,) = replayed(database, settings, [wanted])
    assert (done.stored, done.duplicate, done.fault) == (0, 2, None)
    assert len(pages(database)) == 2


def test_of_a_batch_that_the_sender_took_apart_nothing_is_doubled(
    database: Database, settings: Settings, key: Key
) -> None:
    """As Moodle does on 400: it sends the halves again, and never an id."""
    first, second = dumped(body(id=None), body(id=None, result={"completion": True}))
    (wanted,) = keep(database, key, b"[%s,%s]" % (first, second), code=COMPANION)
    post(database, key, b"[%s]" % first)
    (done,) = replayed(database, settings, [wanted])
    assert (done.stored, done.duplicate, done.fault) == (1, 1, None)
    assert len(pages(database)) == 2


def test_the_same_bytes_of_another_key_are_another_event(
    database: Database, settings: Settings, key: Key
) -> None:
    made = make_key(database, settings, name="Other")
    other = find_key(database, settings, made.key, made.secret)
    assert other is not None
    (raw,) = dumped(body(id=None))
    wanted = keep(database, key, raw)
    post(database, other, raw)
    (done,) = replayed(database, settings, wanted)
    assert done.stored == 1


def test_two_events_that_nothing_tells_apart_are_two(
    database: Database, settings: Settings, key: Key
) -> None:
    (click,) = dumped(body(id=None, timestamp=None))
    post(database, key, click)  # one that was taken long ago
    keep(database, key, click, at=REFUSED_AT * 2)
    wanted = keep(database, key, click, at=REFUSED_AT * 2 + 1)
    done = replayed(database, settings, wanted)
    assert [each.stored for each in done] == [1, 1]
    assert len(pages(database)) == 3


def test_without_a_timestamp_it_gets_that_of_the_refusal(
    database: Database, settings: Settings, key: Key
) -> None:
    replayed(database, settings, keep(database, key, *dumped(body(timestamp=None))))
    assert pages(database)[0]["timestamp"] == "2026-01-05T08:00:00.000000Z"


def test_what_is_faulty_still_stays_with_its_new_reason(
    database: Database, settings: Settings, key: Key
) -> None:
    good = body()
    raw = orjson.dumps([good, body(actor=BAD)])
    (wanted,) = keep(database, key, raw, code="too_large")
    (done,) = replayed(database, settings, [wanted])
    assert done.stored == 1
    assert done.fault is not None
    with database.read() as conn:
        listed = refusal(conn, 1, wanted).listed
    assert (listed.code, listed.path) == ("bad_statement", "$[1].actor.mbox")
    assert listed.replayed_at is None
    assert ids(pages(database)) == [good["id"]]


def test_lenient_repairs_and_keeps_what_was_repaired(
    database: Database, settings: Settings, key: Key
) -> None:
    sent = body(actor=BAD)
    wanted = keep(database, key, *dumped(sent))
    assert replayed(database, settings, wanted)[0].fault is not None
    (done,) = replayed(database, settings, wanted, lenient=True)
    assert (done.stored, done.fault) == (1, None)
    assert pages(database)[0]["actor"]["mbox"] == "mailto:ann@example.org"
    with database.read() as conn:
        found = repairs_of(conn, 1, uuid.UUID(sent["id"]))
    assert found is not None
    assert json.loads(found.received) == sent


def test_a_key_made_lenient_since_is_reason_enough(
    database: Database, settings: Settings, key: Key
) -> None:
    wanted = keep(database, key, *dumped(body(actor=BAD)))
    update_key(database, key.key, lenient=True)
    assert replayed(database, settings, wanted)[0].fault is None


def test_an_id_taken_by_another_is_told(database: Database, settings: Settings, key: Key) -> None:
    sent = body()
    post(database, key, orjson.dumps(sent))
    other, same = dumped(sent | {"result": {"completion": True}}, sent)
    keep(database, key, other)
    wanted = keep(database, key, same, at=REFUSED_AT + 1)
    done = replayed(database, settings, wanted)
    assert [each.fault.code if each.fault else None for each in done] == ["conflict", None]
    assert [each.duplicate for each in done] == [0, 1]


def test_a_put_is_stored_under_the_id_of_its_address(
    database: Database, settings: Settings, key: Key
) -> None:
    id_ = str(uuid.uuid4())
    wanted = keep(database, key, *dumped(body(id=None)), origin=put_under(id_))
    assert replayed(database, settings, wanted)[0].stored == 1
    assert ids(pages(database)) == [id_]


def test_a_put_of_another_id_than_its_address_stays(
    database: Database, settings: Settings, key: Key
) -> None:
    wanted = keep(database, key, *dumped(body()), origin=put_under(str(uuid.uuid4())))
    fault = replayed(database, settings, wanted)[0].fault
    assert fault is not None
    assert fault.where == "$.id"


def test_attachments_come_along(database: Database, settings: Settings, key: Key) -> None:
    import hashlib

    content = b"a certificate"
    sha2 = hashlib.sha256(content).hexdigest()
    attachment = {
        "usageType": "https://example.org/certificate",
        "display": {"en": "Certificate"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2,
    }
    raw = write_mixed(
        "edge", orjson.dumps(body(attachments=[attachment])), [Part(sha2, "text/plain", content)]
    )
    assert replayed(database, settings, keep(database, key, raw))[0].stored == 1
    with database.read() as conn:
        kept = conn.exec_driver_sql("SELECT content FROM attachment").scalar_one()
    assert bytes(kept) == content


def test_what_an_import_refused_is_replayed_as_an_import(
    database: Database, settings: Settings
) -> None:
    own = {"mbox": "mailto:lms@example.org"}
    wanted = keep(database, None, *dumped(body(id=None, authority=own), body()))
    assert [each.stored for each in replayed(database, settings, wanted)] == [1, 1]
    found = sorted(json.dumps(each["authority"]) for each in pages(database))
    assert "lms@example.org" in found[0]
    assert "verkan.invalid" in found[1]


def test_of_a_note_there_is_nothing_to_replay(
    database: Database, settings: Settings, key: Key
) -> None:
    (done,) = replayed(database, settings, keep(database, key, b""))
    assert done.fault is not None
    assert "note" in done.fault.message


def test_what_is_no_json_stays(database: Database, settings: Settings, key: Key) -> None:
    (done,) = replayed(database, settings, keep(database, key, b"{"))
    assert done.fault is not None
    assert done.fault.code == "bad_statement"


def test_an_unknown_refusal_stores_nothing(
    database: Database, settings: Settings, key: Key
) -> None:
    wanted = keep(database, key, *dumped(body()))
    with pytest.raises(NotFound):
        replayed(database, settings, [*wanted, 999])
    with pytest.raises(NotFound):
        replay(database, settings, 2, wanted)
    assert pages(database) == []
