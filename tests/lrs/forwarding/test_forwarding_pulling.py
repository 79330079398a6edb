"""Pulling: to the end by `more`, from where it stood, nothing missed at the edges, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from receiving import ON_ONE_KIND, Asked, Receiver, Said, attached
from store_making import VERBS, body, pages, voiding, write

from lrs.forwarding.choosing import check_choice
from lrs.forwarding.rounds import Tally
from lrs.forwarding.targets import Target, find_target
from lrs.store.attachments import find_attachments
from lrs.store.database import Database
from lrs.store.refusals import list_refusals
from lrs.xapi.multipart import Part, write_mixed
from lrs.xapi.times import instant, instant_of

Add = Callable[..., Target]
Work = Callable[..., Tally]
MINUTE = 60_000_000


class Elsewhere:
    """Another record store, in the few things that pulling asks of one."""

    def __init__(self, now: int, page: int = 2) -> None:
        self.kept: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.now = now
        self.bound: int | None = now
        self.page = page
        self.more_is_stale = False
        self.more_at = ""

    def store(self, *bodies: dict[str, Any], at: int | None = None) -> None:
        authority = {"account": {"homePage": "https://other.example.org", "name": "key"}}
        stored = instant(self.now if at is None else at)
        self.kept += [{**one, "stored": stored, "authority": authority} for one in bodies]
        self.kept.sort(key=lambda one: one["stored"])

    def __call__(self, asked: Asked) -> Said:
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path.endswith("/about"):
            return Said(body=b'{"version": ["1.0.0", "1.0.3"]}')
        if "statementId" in query:
            return self.one(query["statementId"])
        begin, since = int(query.get("begin", 0)), query.get("since", "")
        if begin and self.more_is_stale:
            return Said(404)
        found = [one for one in self.kept if one["stored"] > since]
        page = found[begin : begin + self.page]
        more = ""
        if len(found) > begin + self.page:
            more = f"{self.more_at}/xapi/statements?begin={begin + self.page}&since={since}"
        headers = {"Date": formatdate(self.now / 1e6, usegmt=True)}
        if self.bound is not None:
            headers["X-Experience-API-Consistent-Through"] = instant(self.bound)
        return Said(200, headers, json.dumps({"statements": page, "more": more}).encode())

    def one(self, id_: str) -> Said:
        (found,) = [one for one in self.kept if one["id"] == id_]
        parts = [
            Part(one["sha2"], one["contentType"], self.files[one["sha2"]])
            for one in found["attachments"]
        ]
        return Said(body=write_mixed("edge", json.dumps(found).encode(), parts))


NOW = instant_of("2026-11-24T12:00:00Z") or 0


@pytest.fixture
def elsewhere(receiver: Receiver) -> Elsewhere:
    store = Elsewhere(NOW)
    receiver.answering = store
    return store


@pytest.fixture
def target(add: Add, receiver: Receiver, elsewhere: Elsewhere) -> Target:
    return add("pull", url=f"{receiver.url}/xapi/")


def stands(database: Database, target: Target) -> Target:
    with database.read() as conn:
        return find_target(conn, 1, target.id)


def asked_since(receiver: Receiver) -> list[str]:
    queries = [parse_qs(urlsplit(asked.path).query) for asked in receiver.asked]
    return [query.get("since", [""])[0] for query in queries if "ascending" in query]


def test_all_there_is_comes_with_who_vouches_for_it(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work, receiver: Receiver
) -> None:
    sent = [body() for _ in range(5)]
    elsewhere.store(*sent, at=NOW - 5 * MINUTE)
    assert work(target, at_once=True).stored == 5
    found = pages(database, ascending=True)
    assert [one["id"] for one in found] == [one["id"] for one in sent]
    assert found[0]["authority"]["account"]["homePage"] == "https://other.example.org"
    assert receiver.asked[1].headers["X-Experience-API-Version"] == "1.0.3"
    assert stands(database, target).position == NOW - 5 * MINUTE


def test_only_what_is_new_is_asked_for_and_nothing_is_doubled(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work, receiver: Receiver
) -> None:
    elsewhere.store(body(), at=NOW - 5 * MINUTE)
    work(target, at_once=True)
    elsewhere.store(body(), at=NOW - 4 * MINUTE)
    assert work(target, at_once=True).stored == 1
    assert work(target, at_once=True).stored == 0
    assert asked_since(receiver) == ["", instant(NOW - 5 * MINUTE), instant(NOW - 4 * MINUTE)]
    assert len(pages(database)) == 2


@pytest.mark.parametrize(
    ("bound", "back"),
    [(NOW - 3 * MINUTE, 3 * MINUTE), (NOW, MINUTE), (None, 10 * MINUTE)],
    ids=["its own bound", "a clock for a bound", "no bound"],
)
def test_what_appears_behind_what_was_seen_is_not_missed(
    bound: int | None,
    back: int,
    database: Database,
    elsewhere: Elsewhere,
    target: Target,
    work: Work,
) -> None:
    elsewhere.bound = bound
    elsewhere.store(body(), at=NOW)
    work(target, at_once=True)
    assert stands(database, target).position == NOW - back
    late = body()
    elsewhere.store(late, at=NOW - back + 1)  # its transaction ended after the first run
    assert work(target, at_once=True).stored == 1
    assert late["id"] in {one["id"] for one in pages(database)}


def test_a_run_goes_on_where_it_was_broken_off(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work, receiver: Receiver
) -> None:
    elsewhere.store(*(body() for _ in range(6)), at=NOW - 5 * MINUTE)
    about, first = elsewhere(Asked("GET", "/xapi/about", {}, b"")), Said(503)
    receiver.then = [about, elsewhere(Asked("GET", "/xapi/statements", {}, b"")), first]
    broken = work(target, at_once=True)
    assert (broken.stored, broken.error is None) == (2, False)
    assert stands(database, target).last_error is not None
    asked = len(receiver.asked)
    assert work(target, at_once=True).stored == 4
    assert "begin=2" in receiver.asked[asked].path
    assert stands(database, target).last_error is None


@ON_ONE_KIND
def test_a_next_page_that_is_gone_is_begun_anew(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work
) -> None:
    elsewhere.store(*(body() for _ in range(3)), at=NOW - 5 * MINUTE)
    elsewhere.more_is_stale = True
    assert work(target, at_once=True).error is not None
    elsewhere.more_is_stale = False
    work(target, at_once=True)
    assert len(pages(database)) == 3


@ON_ONE_KIND
def test_the_next_page_is_asked_of_the_same_host_whatever_it_says(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work
) -> None:
    elsewhere.more_at = "https://somebody.example.net"
    elsewhere.store(*(body() for _ in range(3)), at=NOW - 5 * MINUTE)
    assert work(target, at_once=True).stored == 3


def test_what_cannot_be_stored_is_kept_with_its_reason_once(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work
) -> None:
    taken, faulty, good = body(), body(actor={"mbox": "ann"}), body()
    write(database, {**taken, "verb": {"id": VERBS + "failed"}})
    elsewhere.store(taken, faulty, good, at=NOW)
    work(target, at_once=True)
    work(target, at_once=True)
    with database.read() as conn:
        refusals = list_refusals(conn, 1, limit=10)
    assert {(each.origin, each.code) for each in refusals} == {
        ("pull there", "conflict"),
        ("pull there", "bad_statement"),
    }
    assert len(refusals) == 2
    assert good["id"] in {one["id"] for one in pages(database)}


def test_attachments_come_along(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work
) -> None:
    part, said = attached(b"a file")
    elsewhere.files[part.sha2] = part.content
    elsewhere.store(body(attachments=[said]), at=NOW - 5 * MINUTE)
    assert work(target, at_once=True).stored == 1
    assert find_attachments(database, 1, [part.sha2]) == [part]


@ON_ONE_KIND
def test_filters_and_voiding(
    database: Database, elsewhere: Elsewhere, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add("pull", url=f"{receiver.url}/xapi", choice=check_choice(verbs=[VERBS + "passed"]))
    passed, failed = body(), body(verb={"id": VERBS + "failed"})
    elsewhere.store(passed, failed, at=NOW - 6 * MINUTE)
    elsewhere.store(voiding(passed["id"]), at=NOW - 5 * MINUTE)
    assert work(target, at_once=True).stored == 2
    assert [one["verb"]["id"] for one in pages(database)] == [VERBS + "voided"]


@ON_ONE_KIND
@pytest.mark.parametrize("answer", [b"<html>", b'{"statements": 1}', b'{"more": ""}'])
def test_an_answer_that_is_no_page_is_told(
    answer: bytes, database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    receiver.answering = lambda _: Said(body=answer)
    target = add("pull")
    assert "no page of statements" in str(work(target, at_once=True).error)


def test_a_store_is_asked_again_when_its_time_has_come(
    database: Database, elsewhere: Elsewhere, target: Target, work: Work, receiver: Receiver
) -> None:
    work(target)
    asked = len(receiver.asked)
    with database.write() as conn:
        conn.execute(sa.text("UPDATE forwarding SET last_done_at = last_done_at + 60000000"))
    work(target)
    assert len(receiver.asked) == asked
    with database.write() as conn:
        conn.execute(sa.text("UPDATE forwarding SET last_done_at = 0"))
    work(target)
    assert len(receiver.asked) > asked
