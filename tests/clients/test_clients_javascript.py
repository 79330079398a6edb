"""The JavaScript clients post, retry, read back, follow pages and void, unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.client

Drive = Callable[..., dict[str, Any]]


def test_tincanjs(drive: Drive) -> None:
    found = drive("tincanjs.cjs")
    sent = found["sent"]
    assert "1.0.2" in found["versions"]
    assert found["back"]["id"] == sent[0]
    assert found["back"]["name"] == "Åsa 0"
    assert found["back"]["scaled"] == 0.5
    assert found["back"]["stored"]
    assert found["seen"] == sent[::-1]
    assert found["by_agent"] == [found["agent_of"]]
    assert found["voided"] == sent[0]


@pytest.mark.parametrize("adapter", ["axios", "fetch"])
def test_xapi_xapi(drive: Drive, adapter: str) -> None:
    found = drive("xapi.cjs", adapter=adapter)
    sent = found["sent"]
    assert "1.0.3" in found["versions"]
    assert found["ids"] == sent[1:5]
    assert found["back"] == {"id": sent[0], "name": "Åsa 0", "scaled": 0.25}
    assert found["seen"] == sent
    assert found["by_agent"] == [found["agent_of"]]
    assert found["voided"] == sent[0]
    assert found["gone"] == "not_found"
    assert found["attached"] == [sent[5], "Well done, Åsa"]


def test_adl_xapiwrapper(drive: Drive) -> None:
    found = drive("xapiwrapper.cjs")
    sent = found["sent"]
    assert found["works"] is True
    assert found["ids"] == [[sent[0]], [sent[0]], sent[1:]]
    assert found["back"] == {"id": sent[0], "name": "Åsa 0", "success": True}
    assert found["seen"] == sent[::-1]
    assert found["by_agent"] == [found["agent_of"]]
