"""Puts a backup back, whole or not at all: `verkan db restore`.

The tables are made at the schema that the backup was taken at, filled, and then upgraded to this
version's, all in one transaction: whatever goes wrong, what was there before is there still.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import sqlalchemy as sa

from lrs.errors import BadInput, Conflict
from lrs.settings import Settings
from lrs.store import migrate
from lrs.store.archive import Archive
from lrs.store.backup import HEADS, place, sign_of
from lrs.store.bulk import insert_rows
from lrs.store.database import Database
from lrs.store.waiting import put_in_order
from lrs.store.whole_file import written_whole

Progress = Callable[[int, int], None]


class Restored(NamedTuple):
    """What a restore came to."""

    rows: int
    keys_work: bool | None
    """Whether the keys of then are good here; None: the backup cannot tell."""


def restore(database: Database, archive: Archive, *, force: bool, progress: Progress) -> Restored:
    """Put the backup back; `Archive.check` comes before. ``force`` replaces what is there."""
    manifest = archive.manifest
    strange = migrate.unknown(manifest.heads)
    if strange:
        raise BadInput(
            f"the backup is of Verkan {manifest.verkan} and holds what this one does not know",
            where=", ".join(strange),
            hint="install that version or a newer one, with the same plug-ins",
        )
    _refuse_in_use(database)
    if not force:
        _refuse_over(database, archive)
    with database.write() as conn:
        _drop(conn, archive)
        migrate.upgrade_within(conn, manifest.heads)
        rows = _fill(conn, archive, progress)
        if not migrate.are_newest(manifest.heads):
            migrate.upgrade_within(conn)
        put_in_order(conn)
        if not database.is_sqlite:
            conn.exec_driver_sql("ANALYZE")  # or the first queries are planned for empty tables
        _restore_secret(database.settings, archive)
    return Restored(rows, _keys_work(database.settings, archive))


def _refuse_in_use(database: Database) -> None:
    """A server keeps in memory what it has read, and would write by it into the restored tables."""
    in_use = _sqlite_in_use(database) if database.is_sqlite else _postgresql_in_use(database)
    if in_use:
        raise Conflict(
            "another program has the database open",
            where=place(database),
            hint="stop `verkan serve` and whatever else uses it, or restore into a new database",
        )


def _postgresql_in_use(database: Database) -> bool:
    with database.read() as conn:
        query = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return bool(conn.execute(query).scalar_one())


def _sqlite_in_use(database: Database) -> bool:
    """Return whether anybody else has the file open: then nobody gets it for himself alone."""
    database.disconnect()
    path = str(database.engine.url.database)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as alone:
        try:
            alone.execute("PRAGMA locking_mode = EXCLUSIVE").close()
            alone.execute("BEGIN EXCLUSIVE").close()
        except sqlite3.OperationalError:
            return True
        alone.execute("ROLLBACK").close()
    return False


def _refuse_over(database: Database, archive: Archive) -> None:
    if not (migrate.is_new(database) or _is_empty(database)):
        raise Conflict(
            "there is something stored already, which a restore would replace",
            where=place(database),
            hint="restore into a new home folder or database, or say --force",
        )
    path = database.settings.home_folder / "secret"
    kept = archive.secret()
    if kept is not None and path.is_file() and path.read_bytes() != kept:
        raise Conflict(
            "there is another secret here, which a restore would replace",
            where=str(path),
            hint="move it away if no key depends on it, or say --force",
        )


def _is_empty(database: Database) -> bool:
    """Return whether no tenant has anything: a database that was made and not used."""
    if not migrate.is_current(database):
        return False
    with database.read() as conn:
        return not any(
            conn.execute(sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table)))).scalar()
            for table in migrate.load_tables().sorted_tables
            if "tenant_id" in table.columns
        )


def _drop(conn: sa.Connection, archive: Archive) -> None:
    """Drop the tables of this version and those of the backup's."""
    ours = {HEADS, *migrate.load_tables().tables}
    ours |= {part.table for part in archive.manifest.parts if part.table is not None}
    there = sa.MetaData()
    there.reflect(conn, only=sorted(ours & set(sa.inspect(conn).get_table_names())))
    there.drop_all(conn)


def _fill(conn: sa.Connection, archive: Archive, progress: Progress) -> int:
    made = sa.MetaData()
    made.reflect(conn)
    strange = {part.table for part in archive.manifest.parts} - made.tables.keys() - {None}
    if strange:
        raise BadInput(
            "the backup holds tables that nothing here makes",
            where=", ".join(sorted(map(str, strange))),
            hint="install the plug-in they belong to",
        )
    done = 0
    for table in made.sorted_tables:
        part = archive.manifest.of_table(table.name)
        if part is None:
            continue
        conn.execute(sa.delete(table))  # what the migration itself put there is in the backup too
        for chunk in archive.rows(part):
            _insert(conn, table, part.columns, [tuple(row) for row in chunk])
            done += len(chunk)
            progress(done, archive.manifest.rows)
        _count_on(conn, table)
    return done


def _insert(
    conn: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    try:
        insert_rows(conn, table, columns, rows)
    except (sa.exc.DataError, sa.exc.IntegrityError) as exc:
        raise BadInput(
            f"a row of the backup cannot be stored here: {str(exc.orig).splitlines()[0]}",
            where=table.name,
        ) from exc


def _count_on(conn: sa.Connection, table: sa.Table) -> None:
    """Let new rows be numbered past those just put back. SQLite does so by itself."""
    if conn.dialect.name == "sqlite":
        return
    for column in table.primary_key:
        quoted = conn.dialect.identifier_preparer.format_table(table)
        counter = sa.func.pg_get_serial_sequence(quoted, column.name)
        if conn.execute(sa.select(counter)).scalar() is not None:
            last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            conn.execute(sa.select(sa.func.setval(counter, last, sa.false())))


def _restore_secret(settings: Settings, archive: Archive) -> None:
    secret = archive.secret()
    if secret is None or settings.secret:
        return
    settings.home_folder.mkdir(parents=True, exist_ok=True)
    with written_whole(settings.home_folder / "secret", private=True) as file:
        file.write(secret)


def _keys_work(settings: Settings, archive: Archive) -> bool | None:
    told = archive.manifest.secret
    if told.kept == "none":
        return None
    return sign_of(settings.secret_bytes(), bytes.fromhex(told.salt)) == told.sign
