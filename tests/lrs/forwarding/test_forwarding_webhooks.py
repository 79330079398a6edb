"""Webhooks: signed over time, id and body; the same statements under the same id each time."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from receiving import CLOSE, ON_ONE_KIND, SECRET, Asked, Receiver, Said
from store_making import body, write

from lrs.errors import BadInput
from lrs.forwarding.rounds import Tally
from lrs.forwarding.targets import Target
from lrs.forwarding.webhooks import signature
from lrs.store.database import Database

Add = Callable[..., Target]
Work = Callable[..., Tally]


def is_signed(asked: Asked, secret: bytes) -> bool:
    """What the docs tell a receiver to do."""
    found: dict[str, Any] = {}
    exec(_CHECK, found)  # noqa: S102 - our own docs
    return bool(found["is_ours"](asked.headers, asked.body, secret))


_DOCS = Path(__file__).resolve().parents[3] / "docs" / "forwarding.md"
_CHECK = _DOCS.read_text("utf-8").split("```python\n")[1].split("```")[0]


def test_the_check_of_the_docs_takes_nothing_changed_or_old() -> None:
    body, at = b"{}", int(time.time())
    good = signature(b"key", "id", body, at)
    assert is_signed(Asked("POST", "/", good, body), b"key")
    for headers, sent, key in (
        (good, b"{ }", b"key"),
        (good, body, b"another"),
        ({**good, "webhook-id": "other"}, body, b"key"),
        ({**good, "webhook-timestamp": str(at + 1)}, body, b"key"),
        (signature(b"key", "id", body, at - 400), body, b"key"),
    ):
        assert not is_signed(Asked("POST", "/", headers, sent), key)


def test_a_signature_is_the_one_of_the_convention() -> None:
    """The worked example of Standard Webhooks, which its libraries are tried with too."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at_s=1614265330)
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_new_statements_are_posted_signed(
    database: Database, receiver: Receiver, add: Add, work: Work
) -> None:
    target = add("webhook", url=f"{receiver.url}/hook?of=us")
    sent = [body(), body()]
    write(database, *sent)
    assert work(target).sent == 2
    (asked,) = receiver.asked
    assert asked.path == "/hook?of=us"
    assert is_signed(asked, SECRET.encode())
    assert asked.json["id"] == asked.headers["webhook-id"]
    assert [one["id"] for one in asked.json["statements"]] == [one["id"] for one in sent]
    assert "Authorization" not in asked.headers


@ON_ONE_KIND
def test_what_is_sent_again_has_its_id_and_bytes_and_a_new_time(
    database: Database,
    receiver: Receiver,
    add: Add,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = add("webhook")
    receiver.then = [CLOSE, Said(500)]
    write(database, body())
    for later_s in (0, 100, 200):
        now = time.time() + later_s
        monkeypatch.setattr("lrs.forwarding.webhooks.time.time", lambda now=now: now)
        work(target, at_once=True)
    monkeypatch.undo()
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 1
    assert len({asked.body for asked in receiver.asked}) == 1
    assert len({asked.headers["webhook-timestamp"] for asked in receiver.asked}) == 3


@ON_ONE_KIND
def test_secrets_of_the_convention_are_bytes_in_base64(
    database: Database,
    receiver: Receiver,
    add: Add,
    work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = add("webhook")
    monkeypatch.setenv("TARGET_SECRET", "whsec_" + base64.b64encode(b"bytes").decode())
    write(database, body())
    work(target)
    assert is_signed(receiver.asked[0], b"bytes")


@ON_ONE_KIND
def test_a_webhook_without_a_secret_is_refused(add: Add) -> None:
    with pytest.raises(BadInput, match="signed"):
        add("webhook", secret_ref=None)
