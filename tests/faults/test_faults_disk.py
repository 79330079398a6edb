"""A disk without room: what is stored can be read, what is new is 507, and room alone ends it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from posting import STATEMENTS, a_statement, assert_whole, stored_ids
from restarting import Mortal, OwnPostgres
from serving import Served

from lrs.settings import Settings, load

Settle = Callable[..., Settings]
Raise = Callable[[Settings], Mortal]
SmallDisk = Callable[[int], Path]


def _fill(disk: Path) -> Path:
    """Leave no room at all on a disk; return what is to be removed to end that."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free)
    assert shutil.disk_usage(disk).free == 0
    return filler


def _post_until_full(served: Served) -> list[str]:
    """Post until it is refused for want of room; return what was acknowledged."""
    kept: list[str] = []
    for _ in range(500):
        batch = [a_statement(result={"response": "x" * 2000}) for _ in range(20)]
        reply = served.ask("POST", STATEMENTS, batch)
        if reply.status != 200:
            assert (reply.status, reply.json["error"]["code"]) == (507, "store_full")
            assert int(reply.headers["Retry-After"]) > 0
            return kept
        kept += reply.json
    raise AssertionError("the disk is never full")


def _assert_full_and_over(served: Served, disk: Path) -> None:
    kept = served.ask("POST", STATEMENTS, [a_statement() for _ in range(20)]).json
    filler = _fill(disk)
    kept += _post_until_full(served)
    assert stored_ids(served) == kept, "reads go on, and find what was acknowledged"
    assert served.ask("GET", "/health/ready").status == 200
    assert served.ask("POST", STATEMENTS, a_statement(id="not an id")).status == 400
    filler.unlink()
    kept += served.ask("POST", STATEMENTS, [a_statement() for _ in range(20)]).json
    assert stored_ids(served) == kept
    assert_whole(served)


def test_a_full_disk_under_sqlite_is_507_and_room_ends_it(
    durable_settings: Settle, mortal: Raise, small_disk: SmallDisk
) -> None:
    disk = small_disk(8_000)
    made = durable_settings("sqlite")
    shutil.copytree(made.home_folder, disk / "home")
    store = mortal(load({"home": str(disk / "home")}))
    _assert_full_and_over(store.served, disk)


def test_a_full_disk_under_postgresql_is_507_and_room_ends_it(
    own_postgres: OwnPostgres, tmp_path: Path, mortal: Raise, small_disk: SmallDisk
) -> None:
    disk = small_disk(30_000)
    space = disk / "space"
    space.mkdir()
    if own_postgres.user is not None:
        shutil.chown(space, own_postgres.user)
    own_postgres.run(f"CREATE TABLESPACE small LOCATION '{space}'")
    url = own_postgres.new_database("small", "TEMPLATE migrated TABLESPACE small")
    home = tmp_path / "home"
    home.mkdir()
    try:
        store = mortal(load({"home": str(home), "database_url": url}))
        _assert_full_and_over(store.served, disk)
        store.stop()
    finally:
        own_postgres.run('DROP DATABASE "small" WITH (FORCE)', "DROP TABLESPACE small")


def test_a_full_disk_for_large_bodies_is_507_and_small_ones_are_stored(
    durable_settings: Settle, mortal: Raise, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body over a megabyte is kept in the temporary folder while it comes in."""
    disk = small_disk(500)
    monkeypatch.setenv("TMPDIR", str(disk))
    served = mortal(durable_settings("sqlite")).served
    large = json.dumps([a_statement(result={"response": "x" * 3_000_000})]).encode()
    reply = served.ask("POST", STATEMENTS, large)
    assert (reply.status, reply.json["error"]["code"]) == (507, "store_full")
    assert int(reply.headers["Retry-After"]) > 0
    for _ in range(4):
        many = [a_statement(result={"response": "x" * 10_000}) for _ in range(50)]
        assert served.ask("POST", STATEMENTS, many).status == 200
    page = served.ask("GET", f"{STATEMENTS}?limit=500")
    assert len(page.body) > 1 << 20, "an answer needs no room there"
    assert len(page.json["statements"]) == 200
