"""Rotation: a successor like the key, and a time in which both work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lrs.access.key_options import KeyOptions
from lrs.access.keys import ListedKey, MadeKey, list_keys, make_key, revoke_key
from lrs.access.ring import KeyRing, find_key, now_us
from lrs.access.rotating import OVERLAP_US, rotate_key
from lrs.access.tenants import make_tenant
from lrs.errors import Conflict, NotFound
from lrs.store.database import Database

DAY = 86_400_000_000
OPTIONS = KeyOptions(True, False, True, ("https://learn.example.org",), 600)


@pytest.fixture
def made(database: Database) -> MadeKey:
    scopes = ["statements/write", "state"]
    return make_key(database, database.settings, name="Quiz", scopes=scopes, options=OPTIONS)


def rotated(database: Database, made: MadeKey, overlap_us: int = OVERLAP_US) -> MadeKey:
    return rotate_key(database, database.settings, made.key, overlap_us=overlap_us)


def works(database: Database, made: MadeKey) -> bool:
    return find_key(database, database.settings, made.key, made.secret) is not None


def listed(database: Database) -> dict[str, ListedKey]:
    return {key.key: key for key in list_keys(database)}


def test_the_successor_is_like_the_key_but_for_its_secret(
    database: Database, made: MadeKey
) -> None:
    successor = rotated(database, made)
    old = find_key(database, database.settings, made.key, made.secret)
    new = find_key(database, database.settings, successor.key, successor.secret)
    assert old is not None
    assert new is not None
    assert successor.secret != made.secret
    for same in ("tenant_id", "name", "scopes", "authority", "options"):
        assert getattr(new, same) == getattr(old, same)
    assert new.expires_at is None


def test_both_work_until_the_overlap_ends(database: Database, made: MadeKey) -> None:
    begun = now_us()
    successor = rotated(database, made, 2 * DAY)
    assert works(database, made)
    assert works(database, successor)
    ends = listed(database)[made.key].expires_at
    assert ends is not None
    assert begun + 2 * DAY <= ends <= now_us() + 2 * DAY


def test_without_an_overlap_the_old_key_ends_at_once(database: Database, made: MadeKey) -> None:
    successor = rotated(database, made, 0)
    assert not works(database, made)
    assert works(database, successor)


def test_a_remembered_key_ends_on_time(database: Database, made: MadeKey) -> None:
    ring = KeyRing(database, database.settings, kept_s=3600)
    soon = make_key(database, database.settings, name="Soon", expires_at=now_us() + 300_000)
    assert ring.find(soon.key, soon.secret)
    while now_us() < (listed(database)[soon.key].expires_at or 0):
        pass
    assert ring.find(soon.key, soon.secret) is None


def test_the_list_tells_who_took_over_from_whom(database: Database, made: MadeKey) -> None:
    successor = rotated(database, made)
    keys = listed(database)
    assert keys[made.key].replaced_by == successor.key
    assert keys[successor.key].replaces == made.key
    assert (keys[made.key].replaces, keys[successor.key].replaced_by) == (None, None)


def test_an_overlap_does_not_make_a_key_last_longer(database: Database) -> None:
    ends = now_us() + DAY
    made = make_key(database, database.settings, name="Quiz", expires_at=ends)
    rotated(database, made, 30 * DAY)
    assert listed(database)[made.key].expires_at == ends


def test_the_successor_lasts_as_long_as_the_key_was_made_for(database: Database) -> None:
    made = make_key(database, database.settings, name="Quiz", expires_at=now_us() + 90 * DAY)
    old = listed(database)[made.key]
    successor = rotated(database, made)
    new = listed(database)[successor.key]
    assert old.expires_at is not None
    assert new.expires_at is not None
    assert new.expires_at - new.created_at == pytest.approx(
        old.expires_at - old.created_at, abs=1e6
    )


def test_a_key_is_rotated_once_unless_its_successor_was_revoked(
    database: Database, made: MadeKey
) -> None:
    first = rotated(database, made)
    with pytest.raises(Conflict, match="rotated before") as caught:
        rotated(database, made)
    assert first.key in str(caught.value.hint)
    revoke_key(database, first.key)
    second = rotated(database, made)
    assert listed(database)[made.key].replaced_by == second.key
    assert listed(database)[second.key].expires_at is None


def test_an_expired_key_can_be_rotated_and_stays_expired(database: Database) -> None:
    made = make_key(database, database.settings, name="Quiz", expires_at=now_us() - DAY)
    rotated(database, made)
    assert not works(database, made)


def test_a_revoked_key_is_not_rotated(database: Database, made: MadeKey) -> None:
    revoke_key(database, made.key)
    with pytest.raises(Conflict, match="revoked"):
        rotated(database, made)


def test_a_key_of_another_tenant_or_none_is_unknown(database: Database, made: MadeKey) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "acme")
    with pytest.raises(NotFound):
        rotate_key(database, database.settings, made.key, tenant_id=other)
    with pytest.raises(NotFound):
        rotate_key(database, database.settings, "nobody")
    assert len(listed(database)) == 1


def test_of_rotations_at_the_same_time_one_goes_through(database: Database, made: MadeKey) -> None:
    def rotate(_: int) -> bool:
        try:
            rotated(database, made)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(rotate, range(4))) == 1
