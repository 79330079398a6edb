"""Content from another origin, in a real Chromium, posts and reads back: CORS as browsers do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.client, pytest.mark.browser]


def test_content_of_another_origin(drive: Callable[..., dict[str, Any]]) -> None:
    found = drive("in_browser.py")
    tincanjs, fetched = found["tincanjs"], found["fetch"]
    assert tincanjs["back"] == tincanjs["sent"][0]
    assert tincanjs["seen"] == tincanjs["sent"][::-1]
    assert fetched["back"] == fetched["id"]
    assert fetched["version"] == "2.0.0"
    assert fetched["bound"]
    assert fetched["modified"]
    assert fetched["refused"].startswith("$"), "a page may read why it was refused"
    assert fetched["large"] == "too_large"
    assert fetched["closed"] == "closed", "the other addresses are for no other origin"


def test_a_whole_session_of_cmi5(drive: Callable[..., dict[str, Any]]) -> None:
    found = drive("in_browser_cmi5.py")
    assert found["asked"] == 1, "the token is asked for once"
    assert found["unit"]["mode"] == "Normal"
    assert found["unit"]["mastery"] == 0.8
    assert found["unit"]["language"] == "sv-SE,en-GB"
    assert found["unit"]["bookmark"] == {"page": 3}
    said = found["said"]
    assert [one["verb"]["id"].rpartition("/")[2] for one in said] == [
        "launched",
        "initialized",
        "progressed",
        "answered",
        "passed",
        "completed",
        "terminated",
        "satisfied",
    ]
    assert len({one["context"]["extensions"][found["session"]] for one in said}) == 1
    assert said[4]["result"]["score"] == {"scaled": 0.9}
    assert said[5]["result"]["completion"] is True
    assert said[6]["result"]["duration"].startswith("PT")


def test_content_of_h5p(drive: Callable[..., dict[str, Any]]) -> None:
    found = drive("in_browser_h5p.py")
    assert {one["status"] for one in found["ann"]} == {200}
    sent = {one["sent"]["verb"]["id"].rpartition("/")[2]: one["sent"] for one in found["ann"]}
    assert {"answered", "completed"} <= set(sent)
    assert sent["answered"]["result"]["score"]["scaled"] == 1
    assert sent["answered"]["actor"]["mbox"] == "mailto:ann.h5p@example.org"
    assert found["nobody"]
    for refused in found["nobody"]:  # who is not signed in is an account without a home page
        assert refused["status"] == 400
        assert refused["body"]["error"]["where"] == "$.actor.account.homePage"
