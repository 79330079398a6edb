"""Every page goes out under the strict policy, and obeys it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from texts import ROOT

from lrs.web.security import CONTENT_SECURITY_POLICY, PAGE_HEADERS

HERE = "http://localhost:8080"
TEMPLATES = sorted(
    file for package in ("lrs", "analytics") for file in (ROOT / package).rglob("*.html")
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def test_policy_is_the_strict_one() -> None:
    assert CONTENT_SECURITY_POLICY == POLICY


@pytest.mark.parametrize("path", ["/statements", "/nowhere", "/report", "/assets/mark.svg"])
def test_pages_and_pictures_carry_every_header(path: str, small_app: Callable[..., Flask]) -> None:
    client = small_app().test_client()
    with client.get(path, base_url=HERE, headers={"Accept": "text/html"}) as answer:
        sent = {name: answer.headers.get(name) for name in PAGE_HEADERS}
    assert sent == PAGE_HEADERS


def test_pages_are_not_kept_by_proxies(small_app: Callable[..., Flask]) -> None:
    answer = small_app().test_client().get("/statements", base_url=HERE)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= {v.strip() for v in answer.headers["Vary"].split(",")}


def test_style_and_script_are_typed_and_not_sniffed(small_app: Callable[..., Flask]) -> None:
    client = small_app().test_client()
    for name, kind in (("verkan.css", "text/css"), ("statements.js", "text/javascript")):
        with client.get(f"/assets/{name}", base_url=HERE) as answer:
            assert answer.mimetype == kind
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda f: str(f.relative_to(ROOT)))
def test_templates_have_nothing_inline_and_name_no_other_host(file: object) -> None:
    text = file.read_text("utf-8")  # type: ignore[attr-defined]
    inline = re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", text)
    assert inline == []
    outside = re.findall(r"(?:src|href|action)=[\"']?(?:https?:)?//", text)
    assert outside == []


def test_a_name_from_the_address_is_escaped(small_app: Callable[..., Flask]) -> None:
    asked = "/report?path=%3Cscript%3Ealert(1)%3C/script%3E&lang=en"
    answer = small_app().test_client().get(asked, base_url=HERE, headers={"Accept": "text/html"})
    assert "<script>alert" not in answer.text
