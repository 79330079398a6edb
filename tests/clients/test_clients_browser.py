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
