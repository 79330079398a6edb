"""What is taken in at a glance is what the long way makes of it, whatever is said before or after."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from xapi_samples import ANN, COURSE, DID, TEAM, V1, V2, statement

from lrs.errors import BadStatement
from lrs.xapi.glancing import check_batch, forget_phrases, glanced
from lrs.xapi.parsing import parse_statements
from lrs.xapi.statement import Statement, check
from lrs.xapi.terms import SpecVersion

SAID = {**COURSE, "definition": {"name": {"en": 'A "course": it\'s \\ here'}, "type": DID["id"]}}
RICH = statement(
    id="6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    actor={"objectType": "Group", "member": [ANN], "name": ":of all"},
    object=SAID,
    timestamp="2026-01-31T09:30:00.250Z",
    result={
        "score": {"raw": 1.5, "scaled": 0.5, "min": 0, "max": 3},
        "completion": True,
        "success": False,
        "response": 'a[,]\\": b',
        "duration": "PT4S",
        "extensions": {"https://example.org/y": {"deep": ["er"]}},
    },
    context={
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "platform": "a platform",
        "language": "sv",
        "instructor": ANN,
        "team": TEAM,
        "contextActivities": {
            "grouping": [SAID, {"id": "https://example.org/1"}],
            "parent": {"id": "https://example.org/2"},
        },
        "extensions": {"https://example.org/x": {"deep": [1, {"er": None}]}},
    },
    version="1.0.0",
    stored="2026-01-31T09:30:01Z",
    authority=ANN,
)
PLAIN = statement(object=SAID)
_SAMPLES = [json.dumps(body, separators=(",", ":")).encode() for body in (RICH, PLAIN)]


def made_of(one: Statement) -> dict[str, Any]:
    """Return all that is known of a statement, but an id made for it."""
    return {
        "raw": one.raw,
        "id": one.id if one.id_given else None,
        "who, what": (one.actor, one.verb, one.activity, one.voids, one.targets),
        "when": (one.timestamp_at, one.version),
        "result": one.result,
        "refs": set(one.refs),
        "said": sorted(said for phrase in one.phrases for said in phrase.definitions),
        "vouches": None if one.authority is None else json.loads(one.authority),
    }


def at_length(body: bytes, version: SpecVersion) -> list[dict[str, Any]] | str | None:
    try:
        found = [check(parsed, version, parts=()) for parsed in parse_statements(body)]
        given = [one.id for one in found]
        return [made_of(one) for one in found] if len({*given}) == len(given) else "$[1].id"
    except BadStatement as exc:
        return exc.where


def taken_in(body: bytes, version: SpecVersion) -> list[dict[str, Any]] | str | None:
    try:
        return [made_of(one) for one in check_batch(body, version)]
    except BadStatement as exc:
        return exc.where


@pytest.mark.parametrize("sample", _SAMPLES)
@pytest.mark.parametrize("version", [V1, V2])
def test_a_statement_is_the_same_the_first_time_and_later(
    sample: bytes, version: SpecVersion
) -> None:
    forget_phrases()
    wanted = at_length(sample, version)
    assert isinstance(wanted, list)
    assert taken_in(sample, version) == wanted
    assert taken_in(sample, version) == wanted
    assert taken_in(b" [ " + sample + b" ] ", version) == wanted


def test_what_is_written_as_always_needs_no_second_look() -> None:
    for sample in _SAMPLES:
        found = glanced(sample)
        assert found is not None
        assert [made_of(found)] == at_length(sample, V1)


@pytest.mark.parametrize(
    "changes",
    [
        {"object": {"objectType": "StatementRef", "id": RICH["id"]}},
        {"object": {**ANN, "objectType": "Agent"}},
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}},
        {"attachments": []},
        {"context": {"statement": {"objectType": "StatementRef", "id": RICH["id"]}}},
        {"context": {"platform": ":looks like a mark"}},
        {"actor": {"mbox": "nobody"}},
        {"id": None},
        {"Actor": ANN},
        {"result": {"score": {"scaled": 2}}},
        {"result": {"score": {"scaled": True}}},
        {"result": {"score": {"raw": 3, "min": 5}}},
        {"result": {"score": {"raw": 2**53}}},
        {"result": {"score": {"min": 2**70, "max": 2**70 + 1}}},
        {"result": {"score": None}},
        {"result": {"response": " :)"}},
        {"result": {"response": 1}},
        {"result": {"duration": "soon"}},
        {"result": {"extensions": {"no IRI": 1}}},
        {"result": {"grade": "A"}},
        {"timestamp": "yesterday"},
    ],
)
def test_what_is_rare_or_wrong_is_looked_at(changes: dict[str, Any]) -> None:
    body = json.dumps({**PLAIN, **changes}).encode()
    assert glanced(body) is None
    assert taken_in(body, V1) == at_length(body, V1)


def test_one_that_is_wrong_is_told_with_its_place_among_those_that_hold() -> None:
    wrong = json.dumps(statement(actor={"mbox": "nobody"})).encode()
    body = b"[%s,%s,%s]" % (_SAMPLES[0], _SAMPLES[1], wrong)
    assert taken_in(body, V1) == "$[2].actor.mbox"


def spans(raw: bytes) -> list[tuple[int, int]]:
    """Return where each property of any object begins and ends, its key with it."""
    text, found = raw.decode(), []
    reader = json.JSONDecoder()
    for at, letter in enumerate(text):
        if letter != '"' or text[at - 1] not in "{,":
            continue
        _, end = reader.raw_decode(text, at)
        if text[end : end + 1] == ":":
            _, end = reader.raw_decode(text, end + 1)
            found.append((len(text[:at].encode()), len(text[:end].encode())))
    return found


@pytest.mark.parametrize("raw", _SAMPLES)
def test_a_property_that_stands_twice_is_seen_wherever_it_stands(raw: bytes) -> None:
    check_batch(raw, V1)
    for begin, end in spans(raw):
        twice = raw[:end] + b"," + raw[begin:end] + raw[end:]
        assert isinstance(taken_in(twice, V1), str)
        assert taken_in(twice, V1) == at_length(twice, V1)


_PIECES = [b'"', b"{", b"}", b",", b":", b"\\", b" ", b"null", b"1e400", b"\xff", b"\\ud800", b"\0"]


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
@example(0, 1)
def test_bytes_changed_anywhere_are_judged_as_the_long_way_does(seed: int, changes: int) -> None:
    die = random.Random(seed)
    body = b"[" + b",".join(die.choices(_SAMPLES, k=2)) + b"]"
    for _ in range(changes):
        at, to = sorted(die.randrange(len(body)) for _ in range(2))
        to = min(to, at + 40)
        piece = die.choice([*_PIECES, body[at:to], b""])
        body = body[:at] + piece + body[die.choice((at, at + len(piece), to)) :]
    version = die.choice((V1, V2))
    assert taken_in(body, version) == at_length(body, version)
