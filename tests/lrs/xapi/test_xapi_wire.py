"""What was received comes back byte for byte, with what the store adds."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xapi_samples import ANN, BO, COURSE, REF_ID, V1, V2, statement, sub_statement

from lrs.xapi.wire import as_answer, instant

ID = UUID(REF_ID)
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://example.org", "name": "å"}}
AUTHORITY_JSON = json.dumps(AUTHORITY, ensure_ascii=False).encode()
STORED = 1_767_225_600_000_000
STORED_TEXT = "2026-01-01T00:00:00.000000Z"


def answer(raw: bytes, **changes: Any) -> bytes:
    known: dict[str, Any] = {
        "id": ID,
        "stored": STORED,
        "authority_json": AUTHORITY_JSON,
        "version": V1,
    }
    return as_answer(raw, **{**known, **changes})


def test_what_the_store_sets_is_put_in() -> None:
    body = statement()
    found = json.loads(answer(json.dumps(body).encode()))
    assert found == {
        **body,
        "id": REF_ID,
        "stored": STORED_TEXT,
        "timestamp": STORED_TEXT,
        "authority": AUTHORITY,
        "version": "1.0.0",
    }


def test_what_the_sender_gave_is_left_alone() -> None:
    given_id = "00000000-0000-4000-8000-00000000000A"
    body = statement(id=given_id, timestamp="2025-12-31T12:00:00+01:00", version="1.0.1")
    found = json.loads(answer(json.dumps(body).encode()))
    assert found == {**body, "stored": STORED_TEXT, "authority": AUTHORITY}


def test_data_2_4_10_the_version_of_version_2() -> None:
    raw = json.dumps(statement()).encode()
    assert json.loads(answer(raw, version=V2))["version"] == "2.0.0"


def test_the_timestamp_may_be_another_instant_than_stored() -> None:
    raw = json.dumps(statement()).encode()
    assert json.loads(answer(raw, timestamp_default=0))["timestamp"] == instant(0)


def test_data_2_2_the_bytes_of_the_sender_stay_as_they_are() -> None:
    raw = (
        b' {\n\t"verb" : {"id":"https://example.org/d\\u0069d"},"actor":{"mbox":"mailto:a@b.c",'
        b'"name":"\\u00c5sa \\/ \xc3\x85"},"object":{"id":"urn:x:1"},'
        b'"result":{"score":{"raw":1.10,"max":1E2,"min":-0.0},"extensions":'
        b'{"urn:x:big":123456789012345678901234567890}}  } \n'
    )
    found = answer(raw)
    assert found.startswith(raw.rstrip()[:-1].rstrip() + b",")
    assert json.loads(found)["version"] == "1.0.0"


@pytest.mark.parametrize(
    "given",
    [
        {"stored": "2020-01-01T00:00:00Z"},
        {"authority": BO},
        {"stored": "2020-01-01T00:00:00Z", "authority": BO, "version": "1.0.2"},
    ],
)
def test_data_2_4_8_stored_and_authority_are_the_stores_own(given: dict[str, Any]) -> None:
    raw = json.dumps({**given, **statement(result={"score": {"raw": 1.5}})}).encode()
    raw = raw.replace(b"1.5", b"1.50")
    found = answer(raw)
    assert found.count(b'"stored"') == found.count(b'"authority"') == 1
    assert b'"raw": 1.50' in found
    told = json.loads(found)
    assert (told["stored"], told["authority"]) == (STORED_TEXT, AUTHORITY)
    assert told["version"] == given.get("version", "1.0.0")


def test_a_stored_written_with_escapes_is_replaced_too() -> None:
    raw = json.dumps({"stored": "2020-01-01T00:00:00Z", **statement()}).encode()
    found = json.loads(answer(raw.replace(b'"stored"', b'"\\u0073tored"')), object_pairs_hook=list)
    assert [value for key, value in found if key == "stored"] == [STORED_TEXT]


@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other"])
@pytest.mark.parametrize("put", [statement, lambda **c: statement(object=sub_statement(**c))])
def test_data_2_4_6_2_one_context_activity_comes_back_as_an_array(kind: str, put: Any) -> None:
    other = "other" if kind != "other" else "parent"
    context = {
        "extensions": {"https://example.org/x": 0.5},
        "contextActivities": {kind: COURSE, other: [COURSE, {"id": "urn:x:2"}]},
    }
    raw = json.dumps(put(context=context)).replace("0.5", "0.50").encode()
    found = answer(raw)
    told = json.loads(found)
    told = told["object"] if "context" not in told else told
    assert told["context"]["contextActivities"] == {
        kind: [COURSE],
        other: [COURSE, {"id": "urn:x:2"}],
    }
    assert b"0.50" in found


def test_data_2_4_6_2_arrays_leave_every_byte_alone() -> None:
    body = statement(context={"contextActivities": {"parent": [COURSE], "other": []}})
    raw = json.dumps(body, indent=1).encode()
    assert answer(raw).startswith(raw[:-1].rstrip())


def test_data_2_4_6_2_escapes_in_the_keys_are_read() -> None:
    body = statement(
        object=sub_statement(context={"contextActivities": {"parent": COURSE}}),
        context={"contextActivities": {"parent": COURSE}},
    )
    raw = json.dumps(body).replace("parent", "\\u0070arent").replace("SubS", "\\u0053ubS").encode()
    told = json.loads(answer(raw))
    assert told["context"]["contextActivities"]["parent"] == [COURSE]
    assert told["object"]["context"]["contextActivities"]["parent"] == [COURSE]


def test_a_map_in_an_extension_that_looks_like_context_activities_is_left_alone() -> None:
    lookalike = {"contextActivities": {"parent": {"id": 1}}, "objectType": "SubStatement"}
    body = statement(
        actor=ANN,
        object={**COURSE, "definition": {"extensions": {"urn:x:y": lookalike}}},
        context={"extensions": {"urn:x:y": lookalike}},
    )
    raw = json.dumps(body).encode()
    assert answer(raw).startswith(raw[:-1])


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_ANYTHING, st.sampled_from([None, 2]), st.booleans())
def test_whatever_an_extension_holds_comes_back(
    value: Any, indent: int | None, ascii_: bool
) -> None:
    body = statement(context={"extensions": {"urn:x:y": value}}, id=REF_ID)
    raw = json.dumps(body, indent=indent, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    found = json.loads(answer(raw))
    assert found["context"] == body["context"]
    assert {key: found[key] for key in body} == body
