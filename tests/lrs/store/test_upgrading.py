"""From every earlier schema, with data in it, an upgrade leads to this version's and loses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from earlier_schemas import Tables, earlier_schemas, make_at, put_rows, rows_of, tables_of
from filled_tables import fill
from store_making import body, pages, pointing, voiding, write

from lrs.access.keys import MadeKey, make_key
from lrs.access.ring import find_key
from lrs.errors import BadSettings
from lrs.settings import Settings
from lrs.store import migrate
from lrs.store.archive import Archive
from lrs.store.backup import back_up
from lrs.store.checking import check_store
from lrs.store.database import Database
from lrs.store.restoring import restore

EARLIER = earlier_schemas()
#: An upgrade from the oldest goes through all of them.
FROM = [EARLIER[0], *(pytest.param(one, marks=pytest.mark.slow) for one in EARLIER[1:])]


REGISTRATIONS = [str(uuid.UUID(int=n)) for n in (7, 1 << 120)]


def test_every_former_revision_is_tried() -> None:
    script = ScriptDirectory.from_config(migrate.config())
    former = {one.revision for one in script.walk_revisions()} - set(script.get_heads())
    assert former <= {one for revisions in EARLIER for one in revisions}
    assert EARLIER


def as_they_were(rows: Tables, was: Tables) -> dict[str, list[Any]]:
    """Return the rows with the columns that there were then, in an order of their own."""
    found = {}
    for name, then in was.items():
        columns = sorted(then[0]) if then else []
        found[name] = sorted(([row[column] for column in columns] for row in rows[name]), key=repr)
    return found


@pytest.mark.parametrize("revisions", FROM, ids="+".join)
def test_every_row_is_there_after_an_upgrade(
    database: Database, revisions: tuple[str, ...]
) -> None:
    make_at(database, revisions)
    with database.write() as conn:
        fill(conn, tables_of(conn))
        was = rows_of(conn)
    del was["alembic_version"]
    assert not migrate.is_current(database)
    with pytest.raises(BadSettings, match="another version"):
        migrate.open_database(_arguments(database))
    migrate.upgrade(database)
    assert migrate.is_current(database)
    with database.read() as conn:
        assert migrate.differences(conn) == []
        assert as_they_were(rows_of(conn), was) == as_they_were(was, was)


@pytest.fixture
def source(make_settings: Callable[..., Settings]) -> Database:
    """A store of today with statements that point to each other, and a key."""
    database = Database(make_settings("sqlite", secret="one"))
    # What points to another one is last: it has all of it put in order, as it was at first.
    first, second = body(), body(result={"completion": True})
    write(database, first, second, body(id=None), voiding(first["id"]))
    write(
        database,
        *(body(context={"registration": each}) for each in (*REGISTRATIONS, *REGISTRATIONS)),
    )
    write(database, pointing(second["id"]), body(actor={"mbox": "mailto:bo@example.org"}))
    return database


@pytest.mark.parametrize("revisions", FROM, ids="+".join)
def test_statements_and_keys_are_the_same_after_an_upgrade(
    source: Database,
    make_settings: Callable[..., Settings],
    revisions: tuple[str, ...],
    tmp_path: Path,
) -> None:
    """By an upgrade in place on PostgreSQL, and by a backup of then into SQLite."""
    made = make_key(source, source.settings, name="moodle")
    with source.read() as conn:
        rows = rows_of(conn)
    old = Database(make_settings("postgresql", secret="one"))
    make_at(old, revisions)
    with old.write() as conn:
        put_rows(conn, rows)
    back_up(old, tmp_path / "old.backup")
    migrate.upgrade(old)
    new = Database(make_settings("sqlite", secret="one"))
    archive = Archive(tmp_path / "old.backup")
    restore(new, archive, force=False, progress=lambda _done, _of: None)
    archive.close()
    for database in (old, new):
        _is_like(database, source, made)
        database.close()
    source.close()


def _is_like(database: Database, source: Database, made: MadeKey) -> None:
    assert migrate.is_current(database)
    assert check_store(database, full=True).faults == []
    assert pages(database) == pages(source)
    for registration in REGISTRATIONS:
        found = pages(database, registration=registration)
        assert found == pages(source, registration=registration)
        assert len(found) == 2
    key = find_key(database, database.settings, made.key, made.secret)
    assert key is not None
    assert key.name == "moodle"


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.write() as conn:
        conn.exec_driver_sql(
            "UPDATE alembic_version SET version_num = 'lrs_9999' WHERE version_num LIKE 'lrs_%%'"
        )
    for act in (
        lambda: migrate.upgrade(database),
        lambda: migrate.open_database(_arguments(database)),
    ):
        with pytest.raises(BadSettings, match="newer version") as told:
            act()
        assert told.value.where == "lrs_9999"


def _arguments(database: Database) -> dict[str, str]:
    return {"home": database.settings.home, "database_url": database.settings.database_url}
