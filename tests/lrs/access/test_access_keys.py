"""Keys: made once, found by their secret only, taken back."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import sqlalchemy as sa

from lrs.access.keys import (
    MadeKey,
    authority,
    endpoint,
    list_keys,
    make_key,
    revoke_key,
)
from lrs.access.ring import KeyRing, find_key
from lrs.access.tenants import make_tenant
from lrs.errors import BadInput, NotFound
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.schema import access_key


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def made(database: Database) -> MadeKey:
    return make_key(database, database.settings, name="Moodle", scopes=["statements/write"])


def test_a_key_is_found_by_its_secret(database: Database, made: MadeKey) -> None:
    found = find_key(database, database.settings, made.key, made.secret)
    assert found is not None
    assert (found.name, found.tenant_id, found.scopes) == ("Moodle", 1, {"statements/write"})
    assert found.authority == {
        "objectType": "Agent",
        "name": "Moodle",
        "account": {"homePage": "http://127.0.0.1:8080", "name": "Moodle"},
    }


@pytest.mark.parametrize("secret", ["", "x", "wrong" * 9, "\0", "\ud800", "é"])
def test_a_wrong_secret_finds_nothing(database: Database, made: MadeKey, secret: str) -> None:
    assert find_key(database, database.settings, made.key, secret) is None


@pytest.mark.parametrize("key", ["", "unknown", "\0", "x" * 10_000])
def test_an_unknown_key_finds_nothing(database: Database, made: MadeKey, key: str) -> None:
    assert find_key(database, database.settings, key, made.secret) is None


def test_a_secret_is_256_random_bits_and_not_kept(database: Database, made: MadeKey) -> None:
    assert len(base64.urlsafe_b64decode(made.secret + "=")) == 32
    with database.read() as conn:
        row = conn.execute(sa.select(access_key)).mappings().one()
    assert len(row["secret_mac"]) == 32
    assert made.secret not in repr(dict(row))


def test_the_hash_of_a_secret_rests_on_the_server_secret(database: Database, made: MadeKey) -> None:
    other = replace(database.settings, secret="another server")
    assert find_key(database, other, made.key, made.secret) is None


def test_the_same_name_makes_another_key(database: Database, made: MadeKey) -> None:
    again = make_key(database, database.settings, name="Moodle")
    assert again.key != made.key
    assert again.secret != made.secret
    assert find_key(database, database.settings, made.key, again.secret) is None


def test_an_expired_key_finds_nothing(database: Database, made: MadeKey) -> None:
    with database.write() as conn:
        conn.execute(sa.update(access_key).values(expires_at=1))
    assert find_key(database, database.settings, made.key, made.secret) is None


def test_a_revoked_key_finds_nothing(database: Database, made: MadeKey) -> None:
    assert revoke_key(database, made.key)
    assert find_key(database, database.settings, made.key, made.secret) is None


def test_revoking_twice_changes_nothing(database: Database, made: MadeKey) -> None:
    revoke_key(database, made.key)
    before = list_keys(database)
    assert not revoke_key(database, made.key)
    assert list_keys(database) == before


def test_revoking_an_unknown_key_is_an_error(database: Database) -> None:
    with pytest.raises(NotFound, match="nobody"):
        revoke_key(database, "nobody")


def test_a_key_belongs_to_one_tenant(database: Database, made: MadeKey) -> None:
    with database.write() as conn:
        number = make_tenant(conn, "acme")
    other = make_key(database, database.settings, name="Articulate", tenant="acme")
    found = find_key(database, database.settings, other.key, other.secret)
    assert found is not None
    assert found.tenant_id == number
    assert [key.key for key in list_keys(database, "acme")] == [other.key]
    assert [key.key for key in list_keys(database)] == [made.key, other.key]


def test_a_key_for_no_tenant_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        make_key(database, database.settings, name="Moodle", tenant="nowhere")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "x" * 201])
def test_a_name_that_cannot_be_read_is_refused(database: Database, name: str) -> None:
    with pytest.raises(BadInput, match="name"):
        make_key(database, database.settings, name=name)


def test_a_ring_remembers_a_valid_key_for_some_seconds_only(
    database: Database, made: MadeKey
) -> None:
    clock = _Clock()
    ring = KeyRing(database, database.settings, kept_s=5, clock=clock)
    assert ring.find(made.key, made.secret)
    revoke_key(database, made.key)
    clock.now += 4.9
    assert ring.find(made.key, made.secret), "a remembered key costs no look at the database"
    clock.now += 0.2
    assert ring.find(made.key, made.secret) is None


def test_a_ring_tells_what_it_remembers_without_asking(database: Database, made: MadeKey) -> None:
    clock = _Clock()
    ring = KeyRing(database, database.settings, kept_s=5, clock=clock)
    assert ring.remembered(made.key, made.secret) is None
    found = ring.find(made.key, made.secret)
    assert found is not None
    assert ring.remembered(made.key, made.secret) == found
    assert ring.remembered(made.key, made.secret + "x") is None
    clock.now += 5.1
    assert ring.remembered(made.key, made.secret) is None


def test_a_ring_never_takes_a_wrong_secret_for_a_remembered_key(
    database: Database, made: MadeKey
) -> None:
    ring = KeyRing(database, database.settings)
    assert ring.find(made.key, made.secret)
    assert ring.find(made.key, made.secret + "x") is None
    assert ring.find(made.key, made.secret)


def test_every_key_that_is_not_valid_takes_the_same_steps(
    database: Database, made: MadeKey
) -> None:
    settings = database.settings
    revoked = make_key(database, settings, name="Gone")
    revoke_key(database, revoked.key)
    expired = make_key(database, settings, name="Over", expires_at=1)
    ring = KeyRing(database, settings)
    assert ring.find(made.key, made.secret)
    asked: list[str] = []
    for engine in {database.engine, database.writer}:
        sa.event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _u, statement, *_: asked.append(statement),
        )
    steps = []
    for key, secret in (
        ("unknown", made.secret),
        (made.key, "wrong"),
        (revoked.key, revoked.secret),
        (revoked.key, "wrong"),
        (expired.key, expired.secret),
    ):
        for _ in range(2):  # nothing of it is remembered
            assert ring.find(key, secret) is None
            steps.append(tuple(asked))
            asked.clear()
    assert len(set(steps)) == 1
    assert steps[0]


def test_a_ring_does_not_grow_without_end(database: Database) -> None:
    ring = KeyRing(database, database.settings, most=3)
    pairs = [make_key(database, database.settings, name=f"Tool {n}") for n in range(5)]
    assert all(ring.find(pair.key, pair.secret) for pair in pairs)
    assert len(ring._found) <= 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "http://127.0.0.1:8080/xapi"),
        ({"host": "0.0.0.0"}, "http://localhost:8080/xapi"),  # noqa: S104
        ({"host": "::1", "port": 9}, "http://[::1]:9/xapi"),
        ({"public_url": "https://lrs.example.org/"}, "https://lrs.example.org/xapi"),
        ({"public_url": "https://example.org/lrs"}, "https://example.org/lrs/xapi"),
    ],
)
def test_the_endpoint_is_what_others_reach(
    make_settings: object, given: dict[str, object], expected: str
) -> None:
    settings: Settings = make_settings("sqlite", **given)  # type: ignore[operator]
    assert endpoint(settings) == expected
    assert authority(settings, "X")["account"]["homePage"] == expected.removesuffix("/xapi")
