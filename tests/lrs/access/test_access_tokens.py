"""Access tokens: what they stand for cannot be changed, and they end with their key."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from lrs.access.keys import MadeKey, make_key, revoke_key
from lrs.access.ring import Key, KeyRing, now_us
from lrs.access.tokens import Tokens
from lrs.settings import Settings
from lrs.store.database import Database


class _Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def lite(make_settings: object) -> Iterator[Database]:
    settings: Settings = make_settings("sqlite")  # type: ignore[operator]
    database = Database(settings)
    yield database
    database.close()


@pytest.fixture
def made(lite: Database) -> MadeKey:
    return make_key(lite, lite.settings, name="LinkedIn", scopes=["statements/write", "state"])


def tokens(database: Database, clock: _Clock, secret: bytes | None = None) -> Tokens:
    keys = KeyRing(database, database.settings, kept_s=0)
    return Tokens(keys, secret or database.settings.secret_bytes(), 3600, clock=clock)


def found(database: Database, made: MadeKey) -> Key:
    key = KeyRing(database, database.settings).find(made.key, made.secret)
    assert key is not None
    return key


def test_a_token_stands_for_its_key_with_its_scopes(
    lite: Database, made: MadeKey, clock: _Clock
) -> None:
    desk, key = tokens(lite, clock), found(lite, made)
    issued = desk.issue(key, ["state"])
    assert issued.expires_in == 3600
    by_token = desk.find(issued.text)
    assert by_token is not None
    assert (by_token.id, by_token.tenant_id) == (key.id, key.tenant_id)
    assert by_token.authority == key.authority
    assert by_token.scopes == {"state"}


def test_a_token_ends_on_time(lite: Database, made: MadeKey, clock: _Clock) -> None:
    desk = tokens(lite, clock)
    issued = desk.issue(found(lite, made), ["state"])
    clock.now += 3599
    assert desk.find(issued.text)
    clock.now += 1
    assert desk.find(issued.text) is None


def test_a_token_ends_with_its_key(lite: Database, clock: _Clock) -> None:
    clock.now = now_us() / 1_000_000
    made = make_key(lite, lite.settings, name="Quiz", expires_at=now_us() + 100_000_000)
    issued = tokens(lite, clock).issue(found(lite, made), ["all"])
    assert 90 < issued.expires_in <= 100


def test_revoking_a_key_ends_its_tokens(lite: Database, made: MadeKey, clock: _Clock) -> None:
    desk = tokens(lite, clock)
    issued = desk.issue(found(lite, made), ["state"])
    revoke_key(lite, made.key)
    assert desk.find(issued.text) is None


def test_another_worker_with_the_same_secret_takes_it_and_one_with_another_does_not(
    lite: Database, made: MadeKey, clock: _Clock
) -> None:
    issued = tokens(lite, clock).issue(found(lite, made), ["state"])
    assert tokens(lite, clock).find(issued.text)
    assert tokens(lite, clock, b"another server").find(issued.text) is None


def test_a_token_has_no_secret_in_it(lite: Database, made: MadeKey, clock: _Clock) -> None:
    text = tokens(lite, clock).issue(found(lite, made), ["state"]).text
    assert made.secret not in text
    assert all(made.secret.encode() not in _opened(part) for part in text.split("."))


def test_what_a_token_stands_for_cannot_be_changed(
    lite: Database, made: MadeKey, clock: _Clock
) -> None:
    desk = tokens(lite, clock)
    form, stands_for, signature = desk.issue(found(lite, made), ["state"]).text.split(".")
    wider = _opened(stands_for).replace(b"state", b"all")
    later = _opened(stands_for).replace(b"18000", b"19000")
    for changed in (wider, later):
        text = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert desk.find(f"{form}.{text}.{signature}") is None


def test_a_token_with_any_letter_changed_is_none(
    lite: Database, made: MadeKey, clock: _Clock
) -> None:
    desk = tokens(lite, clock)
    text = desk.issue(found(lite, made), ["state"]).text
    for place, letter in enumerate(text):
        changed = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        assert desk.find(changed) is None, place


@pytest.mark.parametrize(
    "text", ["", ".", "..", "vk1", "vk1.", "vk1..", "vk1.é.x", "vk2.a.b", "vk1." + "a" * 5000]
)
def test_what_was_never_a_token_is_none(lite: Database, clock: _Clock, text: str) -> None:
    assert tokens(lite, clock).find(text) is None


def _opened(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
