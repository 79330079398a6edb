"""What Open edX makes of its events and sends, with its own package, is taken and stays as it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from serving import Served

from lrs.access.key_options import KeyOptions
from lrs.access.keys import make_key
from lrs.store.database import Database

pytestmark = pytest.mark.client

DRIVER = Path(__file__).with_name("openedx.py")


@pytest.fixture(scope="module")
def drive_once(openedx: Path) -> Callable[[Served], dict[str, Any]]:
    """Return ``f(store)``: what the driver says of a store, which it is let at only once."""
    said: dict[str, dict[str, Any]] = {}

    def drive(store: Served) -> dict[str, Any]:
        if store.url not in said:
            said[store.url] = _driven(openedx, store)
        return said[store.url]

    return drive


def _driven(python: Path, store: Served) -> dict[str, Any]:
    database = Database(store.settings)
    made = make_key(database, store.settings, name="Open edX", options=KeyOptions(lenient=True))
    database.close()
    told = {
        "endpoint": store.endpoint,
        "key": store.key,
        "secret": store.secret,
        "lenient": made.key,
        "lenient_secret": made.secret,
    }
    done = subprocess.run(
        [python, DRIVER, json.dumps(told)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def found(store: Served, drive_once: Callable[[Served], dict[str, Any]]) -> dict[str, Any]:
    """What was sent to this store, and which of the sendings went well."""
    return drive_once(store)


def stored(store: Served, id_: str) -> dict[str, Any]:
    reply = store.ask("GET", f"/xapi/statements?statementId={id_}")
    assert reply.status == 200, reply.body
    statement: dict[str, Any] = reply.json
    return statement


@pytest.mark.parametrize("kind", ["external_id", "mbox", "mbox_sha1sum", "whole"])
def test_all_that_is_sent_is_taken_by_a_strict_key_however_often(
    store: Served, found: dict[str, Any], kind: str
) -> None:
    """In a batch, in a batch of which a part is there already, again, and one by one."""
    assert set(found["done"][kind]) == {True}
    for sent in found["sent"][kind]:
        back = stored(store, sent["id"])
        for part in ("verb", "timestamp", "result", "context"):
            if part == "context":
                assert back[part]["extensions"] == sent[part]["extensions"]
            else:
                assert back.get(part) == sent.get(part)
        assert back["object"]["id"] == sent["object"]["id"]


def test_learners_are_known_by_what_the_platform_is_set_to(
    store: Served, found: dict[str, Any]
) -> None:
    actors = {kind: stored(store, sent[0]["id"])["actor"] for kind, sent in found["sent"].items()}
    assert actors["external_id"]["account"]["homePage"] == "https://courses.example.org"
    assert actors["mbox"]["mbox"] == "mailto:asa@example.org"
    assert len(actors["mbox_sha1sum"]["mbox_sha1sum"]) == 40


def test_a_group_activity_is_refused_by_a_strict_key_and_repaired_by_a_lenient_one(
    store: Served, found: dict[str, Any]
) -> None:
    assert found["untouched_done"] == {"strict": False, "lenient": [True, True]}
    whole, *parts = (stored(store, id_) for id_ in found["untouched"])
    assert whole["object"]["objectType"] == "Activity"
    assert len(parts) == 2
    for part in parts:
        assert part["context"]["statement"]["id"] == whole["id"]
        assert part["context"]["contextActivities"]["parent"][0]["id"] == whole["object"]["id"]
