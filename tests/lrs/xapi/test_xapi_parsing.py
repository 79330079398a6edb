"""Bytes that are no statements, however they are wrong, are told apart from those that are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xapi_samples import ANN, COURSE, DID, V1, statement

from lrs.errors import BadStatement
from lrs.xapi.glancing import check_batch
from lrs.xapi.parsing import DEEPEST, parse_statement, parse_statements

ONE = json.dumps(statement()).encode()


def where(body: bytes) -> str | None:
    with pytest.raises(BadStatement) as caught:
        check_batch(body, V1)
    return caught.value.where


def bytes_answered(body: bytes) -> str | None:
    """Return the place of the fault, or None when the body is taken, each byte of it kept."""
    try:
        found = check_batch(body, V1)
    except BadStatement as exc:
        return exc.where
    assert b"".join(one.raw for one in found) == body.strip() or body.strip().startswith(b"[")
    return None


def test_each_statement_keeps_the_bytes_it_came_in() -> None:
    odd = b'{ "result": {"score": {"raw": 1.10,\n "max": 1e2}} , "x": "\\u00e5\\/" }'
    first, second = parse_statements(b" [\n" + ONE + b" ,\t" + odd + b"\n] ")
    assert first.raw == ONE
    assert second.raw == odd
    assert (first.path, second.path) == ("$[0]", "$[1]")
    (alone,) = parse_statements(b"\n" + odd + b" \n")
    assert (alone.raw, alone.path) == (odd, "$")


def test_an_empty_batch_has_no_statements() -> None:
    assert parse_statements(b" [ ] ") == []


def test_put_takes_one_object_and_no_array() -> None:
    assert parse_statement(ONE).raw == ONE
    with pytest.raises(BadStatement):
        parse_statement(b"[" + ONE + b"]")


def with_extension(value: bytes) -> bytes:
    return ONE[:-1] + b', "context": {"extensions": {"https://example.org/x": ' + value + b"}}}"


HOSTILE = {
    "nothing": b"",
    "white space": b" \n",
    "no JSON": b"actor=ann",
    "half a statement": ONE[:-5],
    "two documents": ONE + ONE,
    "trailing comma": ONE[:-1] + b",}",
    "comment": b"/* hi */" + ONE,
    "single quotes": b"{'actor': 1}",
    "control character in a string": with_extension(b'"a\x01b"'),
    "bad escape": with_extension(b'"\\x41"'),
    "NaN": with_extension(b"NaN"),
    "Infinity": with_extension(b"-Infinity"),
    "a number beyond all": with_extension(b"1e400"),
    "a whole number beyond all": with_extension(b"9" * 400),
    "leading zero": with_extension(b"007"),
    "lone surrogate": with_extension(b'"\\ud800"'),
    "lone surrogate as a key": with_extension(b'{"\\udfff": 1}'),
    "half a surrogate pair": with_extension(b'"\\ud83d\\u0041"'),
    "bytes that are no UTF-8": with_extension(b'"\xff\xfe"'),
    "overlong UTF-8": with_extension(b'"\xc0\xaf"'),
    "surrogate in UTF-8": with_extension(b'"\xed\xa0\x80"'),
    "byte order mark": b"\xef\xbb\xbf" + ONE,
    "UTF-16": ONE.decode().encode("utf-16"),
    "UTF-32": ONE.decode().encode("utf-32-le"),
    "deep arrays": with_extension(b"[" * 100_000 + b"]" * 100_000),
    "deep objects": with_extension(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "deep, but not for the parser": with_extension(b"[" * 1_000 + b"]" * 1_000),
    "a little too deep": with_extension(b"[" * DEEPEST + b"]" * DEEPEST),
    "deep from the start": b"[" * 900 + b"]" * 900,
    "as deep as the first parser goes": b"[" * 1_020 + b"]" * 1_020,
    "a string": b'"statement"',
    "a number": b"17",
    "null": b"null",
    "an array of arrays": b"[[" + ONE + b"]]",
    "an array with null": b"[" + ONE + b", null]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_is_refused_with_a_place(body: bytes) -> None:
    assert where(body)


def test_broken_json_is_told_by_line_and_column() -> None:
    assert where(b'{\n  "actor": nobody}') == "line 2 column 12"


def test_depth_is_taken_to_the_limit() -> None:
    levels = DEEPEST - 3  # the statement, its context, the extensions
    body = with_extension(b"[" * levels + b"]" * levels)
    assert len(check_batch(body, V1)) == 1
    assert where(with_extension(b"[" * (levels + 1) + b"]" * (levels + 1))) == "$"
    assert where(b"[" + with_extension(b"[" * (levels + 1) + b"]" * (levels + 1)) + b"]") == "$[0]"


def test_many_brackets_that_are_not_deep_are_taken() -> None:
    assert len(check_batch(with_extension(b"[" + b"{}," * 1_000 + b"{}]"), V1)) == 1


@pytest.mark.parametrize("nul", ["\\u0000", "a\\u0000b"])
def test_nul_is_taken_where_no_identifier_is(nul: str) -> None:
    text = f'"{nul}"'.encode()
    (found,) = check_batch(with_extension(text), V1)
    assert text in found.raw
    named = json.dumps(statement(actor={**ANN, "name": "\0"})).encode()
    assert len(check_batch(named, V1)) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (statement(verb={"id": "https://example.org/\0"}), "$.verb.id"),
        (statement(object={"id": "https://example.org/\0"}), "$.object.id"),
        (statement(actor={"mbox": "mailto:a\0@example.org"}), "$.actor.mbox"),
        (statement(actor={"openid": "https://example.org/\0"}), "$.actor.openid"),
        (
            statement(actor={"account": {"homePage": "https://example.org", "name": "\0"}}),
            "$.actor.account.name",
        ),
    ],
)
def test_nul_is_refused_in_an_identifier(body: dict[str, Any], path: str) -> None:
    assert where(json.dumps(body).encode()) == path


# -- the same key twice ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (ONE[:-1] + b', "actor": {"mbox": "mailto:bo@example.org"}}', "$.actor"),
        (ONE[:-1] + b',"\\u0061ctor":{"mbox":"mailto:bo@example.org"}}', "$.actor"),
        (with_extension(b'{"a": 1, "b": [{"c": 1, "c": 1}]}'), None),
        (b"[" + ONE + b"," + ONE[:-1] + b',"verb":1}]', "$[1].verb"),
        (with_extension(b'{"a":1,"a":"\\u003a"}'), None),
        (with_extension(b'{"a":1,"a":"\\u0020:"}'), None),
        (with_extension(b'{"a":1,"a":" :"}'), None),
        (with_extension(b'{"a\\\\":1,"a\\\\":":\\":"}'), None),
        (with_extension(b'{"":1,"":2}'), None),
    ],
)
def test_the_same_key_twice_is_refused(body: bytes, path: str | None) -> None:
    found = where(body)
    assert found is not None
    if path is None:
        assert found.startswith('$.context.extensions["https://example.org/x"]')
    else:
        assert found == path


def test_the_same_key_in_two_objects_is_taken() -> None:
    body = statement(context={"contextActivities": {"parent": [COURSE, COURSE]}})
    assert len(check_batch(json.dumps([body, body]).encode(), V1)) == 2


# Strings that look like the marks by which keys are counted.
_TRICKY = st.text(alphabet='":\\ a{},/é', max_size=4)
_VALUES = st.recursive(
    _TRICKY | st.integers(-5, 5) | st.floats(-2, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TRICKY, inner, max_size=3),
    max_leaves=8,
)
_ESCAPES = {
    ":": "\\u003A",
    " ": "\\u0020",
    '"': "\\u0022",
    "\\": "\\u005c",
    "/": "\\/",
    "a": "\\u0061",
}


def _written(draw: Any, value: Any, doubled: list[bool]) -> str:
    """Write a value as JSON with escapes, spaces and doubled keys where chance puts them."""
    gap = draw(st.sampled_from(["", "", " ", "\n\t"]))
    if isinstance(value, str):
        plain = json.dumps(value, ensure_ascii=draw(st.booleans()))[1:-1]
        if draw(st.booleans()) and not {'"', "\\"} & set(value):
            plain = "".join(_ESCAPES.get(letter, letter) for letter in value)
        return f'"{plain}"'
    if isinstance(value, list):
        return "[" + ",".join(gap + _written(draw, item, doubled) for item in value) + "]"
    if isinstance(value, dict):
        pairs = list(value.items())
        if pairs and draw(st.integers(0, 5)) == 0:
            pairs.append(draw(st.sampled_from(pairs)))
            doubled.append(True)
        inner = [
            f"{_written(draw, key, doubled)}{gap}:{gap}{_written(draw, item, doubled)}"
            for key, item in pairs
        ]
        return "{" + gap + ",".join(inner) + gap + "}"
    return json.dumps(value)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_keys_that_stand_twice_are_always_found_and_never_invented(data: st.DataObject) -> None:
    value = data.draw(st.dictionaries(_TRICKY, _VALUES, max_size=4))
    doubled: list[bool] = []
    body = _written(data.draw, value, doubled).encode()
    for text in (body, b"[" + body + b"," + ONE + b"]"):
        if doubled:
            with pytest.raises(BadStatement):
                parse_statements(text)
        else:
            assert parse_statements(text)[0].body == json.loads(body)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_with_bad_statement_or_taken(body: bytes) -> None:
    assert bytes_answered(body) != ""


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, len(ONE) - 1), st.binary(max_size=3), st.integers(0, 4))
def test_a_statement_with_a_damaged_spot_is_refused_or_taken(
    spot: int, put: bytes, cut: int
) -> None:
    body = ONE[:spot] + put + ONE[spot + cut :]
    assert bytes_answered(body) != ""


def test_a_large_batch_is_read_once() -> None:
    batch = b"[" + b",".join([ONE] * 2_000) + b"]"
    found = check_batch(batch, V1)
    assert len({one.id for one in found}) == 2_000
    assert all(one.verb == DID["id"] for one in found)
