"""Multipart bodies are cut to the byte (Communication 1.5.2, RFC 2046)."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import BadInput
from lrs.xapi.multipart import Part, boundary_in, check_wanted, parse_mixed, write_mixed


def part(content: bytes, algorithm: str = "sha256") -> Part:
    return Part(hashlib.new(algorithm, content).hexdigest(), "text/plain", content)


@given(
    st.lists(st.binary(max_size=80), max_size=4, unique=True),
    st.sampled_from(["sha224", "sha256", "sha384", "sha512"]),
)
def test_what_is_written_is_read_back_to_the_byte(contents: list[bytes], algorithm: str) -> None:
    parts = [part(content, algorithm) for content in contents]
    mixed = parse_mixed(write_mixed("edge", b'{"a": 1.10}', parts), "edge")
    assert mixed.statements == b'{"a": 1.10}'
    assert list(mixed.parts.values()) == parts


def test_text_before_the_first_boundary_and_after_the_last_is_no_part() -> None:
    body = b"ignore me\r\n" + write_mixed("edge", b"{}", [part(b"x")]) + b"and me"
    assert list(parse_mixed(body, "edge").parts.values()) == [part(b"x")]


def test_content_with_line_ends_and_dashes_is_kept() -> None:
    content = b"\r\n--edg\r\n\r\n--\r\n"
    found = parse_mixed(write_mixed("edge", b"{}", [part(content)]), "edge")
    assert [one.content for one in found.parts.values()] == [content]


def test_boundary_is_found_in_the_body_when_the_header_lost_it() -> None:
    assert boundary_in(write_mixed("a-b.c", b"{}", [])) == "a-b.c"
    assert boundary_in(b'{"actor": 1}') is None


Spoil = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda b: b.replace(b"--edge--", b""), "body"),
        (lambda b: b.replace(b"edge", b"other"), "body"),
        (lambda b: b.replace(b"application/json", b"text/plain"), "part 0, Content-Type"),
        (lambda b: b.replace(b"binary", b"base64"), "part 1, Content-Transfer-Encoding"),
        (lambda b: b.replace(b"X-Experience-API-Hash", b"X-Hash"), "part 1, X-Experience-API-Hash"),
        (lambda b: b.replace(b"secret", b"changed"), "part 1, X-Experience-API-Hash"),
        (lambda b: b.replace(b"\r\n\r\nsecret", b"\r\nsecret"), "part 1"),
        (lambda b: b.replace(b"--edge\r\n", b"--edge more\r\n", 1), "body"),
    ],
)
def test_a_broken_body_is_refused_with_its_place(spoil: Spoil, where: str) -> None:
    whole = write_mixed("edge", b"{}", [part(b"secret")])
    parse_mixed(whole, "edge")
    with pytest.raises(BadInput) as caught:
        parse_mixed(spoil(whole), "edge")
    assert caught.value.where == where


@pytest.mark.parametrize("boundary", [None, "", "two\nlines", "x" * 71, "end "])
def test_a_boundary_that_is_none_is_refused(boundary: str | None) -> None:
    with pytest.raises(BadInput, match="boundary"):
        parse_mixed(b"", boundary)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadInput):
        parse_mixed(b"--e" + body, "e")


def test_a_part_nobody_asked_for_is_refused() -> None:
    check_wanted(["aa"], ["AA", "bb"])
    with pytest.raises(BadInput):
        check_wanted(["aa", "cc"], ["aa"])
