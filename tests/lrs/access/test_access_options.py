"""The settings of a key, and when it stops working."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lrs.access.expiring import expiry, length_us
from lrs.access.key_options import STRICT, KeyOptions, checked_options, checked_origins
from lrs.access.keys import MadeKey, list_keys, make_key, update_key
from lrs.access.tenants import make_tenant
from lrs.errors import BadInput, NotFound
from lrs.settings import Settings
from lrs.store.database import Database

DAY = 86_400_000_000
NOW = 1_772_323_200_000_000  # 2026-03-01T00:00:00Z
ODD = KeyOptions(True, True, True, ("https://learn.example.org",), 600)


@pytest.fixture
def made(database: Database) -> MadeKey:
    return make_key(database, database.settings, name="Quiz", options=ODD)


def options(database: Database) -> KeyOptions:
    return list_keys(database)[-1].options


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://learn.example.org", "https://learn.example.org"),
        ("HTTPS://Learn.Example.org:443/", "https://learn.example.org"),
        ("http://learn.example.org:80", "http://learn.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given: str, kept: str) -> None:
    assert checked_origins([given, given]) == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "*",
        "null",
        "learn.example.org",
        "https://",
        "https://learn.example.org/courses",
        "https://learn.example.org?x",
        "https://user@learn.example.org",
        "https://a.example.org https://b.example.org",
        "https://learn.example.org:99999",
        "https://lärande.example.org",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(BadInput, match="origin") as caught:
        checked_origins([given])
    assert caught.value.where == "origins"
    assert "https://learn.example.org" in str(caught.value.hint)


def test_origins_have_a_bound() -> None:
    with pytest.raises(BadInput, match="at most"):
        checked_origins(f"https://{n}.example.org" for n in range(101))


@pytest.mark.parametrize("limit", [0, -1, 2**31])
def test_a_limit_that_cannot_be_is_refused(limit: int) -> None:
    with pytest.raises(BadInput, match="limit"):
        checked_options(replace(STRICT, limit_per_minute=limit))


def test_a_key_keeps_the_settings_it_is_made_with(database: Database, made: MadeKey) -> None:
    assert options(database) == ODD


def test_a_key_is_strict_open_and_without_limit_when_nothing_is_said(database: Database) -> None:
    make_key(database, database.settings, name="Moodle")
    assert options(database) == KeyOptions(False, False, False, (), None)


def test_a_change_leaves_the_other_settings_alone(database: Database, made: MadeKey) -> None:
    update_key(database, made.key, lenient=False)
    assert options(database) == replace(ODD, lenient=False)
    update_key(database, made.key, origins=[], limit_per_minute=0)
    assert options(database) == replace(ODD, lenient=False, origins=(), limit_per_minute=None)
    update_key(database, made.key)
    assert options(database) == replace(ODD, lenient=False, origins=(), limit_per_minute=None)


def test_a_bad_change_changes_nothing(database: Database, made: MadeKey) -> None:
    with pytest.raises(BadInput):
        update_key(database, made.key, lenient=False, origins=["*"])
    assert options(database) == ODD


@pytest.mark.parametrize("key", ["nobody", "\0", "\ud800"])
def test_changing_an_unknown_key_is_an_error(database: Database, key: str) -> None:
    with pytest.raises(NotFound):
        update_key(database, key, lenient=True)


def test_a_key_of_another_tenant_is_unknown(database: Database, made: MadeKey) -> None:
    with database.write() as conn:
        other = make_tenant(conn, "acme")
    with pytest.raises(NotFound):
        update_key(database, made.key, tenant_id=other, lenient=False)
    assert options(database) == ODD


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("4W", 2_419_200), ("0d", 0)],
)
def test_a_length_of_time_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert length_us(text, "overlap") == seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5h", "1y", "1d 2h", "9999999d", "١d"])
def test_a_length_of_time_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        length_us(text, "overlap")
    assert caught.value.where == "overlap"


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        ({}, None),
        ({"after": "1d"}, NOW + DAY),
        ({"at": "2026-03-01"}, NOW + DAY),
        ({"at": "2026-03-31"}, NOW + 31 * DAY),
        ({"at": "2026-03-01T12:00"}, NOW + DAY // 2),
        ({"at": "2026-03-01T13:00:00+01:00"}, NOW + DAY // 2),
    ],
)
def test_an_expiry_is_a_time_from_now_or_a_date_whose_day_still_counts(
    told: dict[str, str], instant: int | None
) -> None:
    assert expiry(NOW, **told) == instant


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"after": "0d"}, "expires_in"),
        ({"after": "999999w"}, "expires_in"),
        ({"at": "2026-02-28"}, "expires_at"),
        ({"at": "soon"}, "expires_at"),
        ({"at": "9999-12-31"}, "expires_at"),
        ({"at": "2027-01-01", "after": "1d"}, "expires_at"),
    ],
)
def test_an_expiry_that_cannot_be_is_refused(told: dict[str, str], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        expiry(NOW, **told)
    assert caught.value.where == where


def test_a_state_is_told_of_an_instant(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings("sqlite")
    database = Database(settings)
    make_key(database, settings, name="Quiz", expires_at=NOW)
    (listed,) = list_keys(database)
    database.close()
    assert (listed.state(NOW - 1), listed.state(NOW)) == ("valid", "expired")
    assert replace(listed, expires_at=None).state(NOW) == "valid"
    assert replace(listed, revoked_at=NOW).state(NOW - 1) == "revoked"
